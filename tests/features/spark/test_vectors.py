"""Spark gives the vectors of DuckDB and of plain Python, on executors of their own."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("pyspark", reason="no PySpark: it is in the extra spark")

import churn
from features.catalogue import CHURN
from features.errors import SourceError
from features.feature import Feature
from features.featureset import FeatureSet
from features.measures import count
from features.sources import opened as by_default
from features.spark.reading import held, opened
from features.spark.vectors import vectors
from features.tables import TABLES
from features.vectors import spine
from features.vectors import vectors as by_duckdb
from tests.features.every import EVERY, assert_equal, history_of
from tests.features.spark.histories import by_hand, files, many_histories, written
from tests.features.spark.killing import killed_once
from tests.features.strategies import CUSTOMERS, DATES, random_history

AS_OF = DATES[-1]  # the first of March of a leap year
BOTH = FeatureSet("both", (*EVERY, *(f for f in CHURN if f.name not in EVERY.names)))


def by_spark(spark, features, folder, as_of=AS_OF):
    """The vectors of all customers of a history that lies in a folder."""
    history = opened(spark, str(folder))
    made = vectors(features, history, history.tables["customers"], as_of).toArrow().to_pandas()
    return made.drop(columns="as_of").set_index("customer_id").sort_index()


def test_random_histories_have_the_vectors_of_plain_python_and_of_duckdb(spark, tmp_path):
    tables = many_histories(40)
    found = by_spark(spark, BOTH, written(tables, tmp_path / "history"))
    assert len(found) > 100
    assert_equal(found, by_hand(BOTH, tables, list(found.index), AS_OF))
    expected = by_duckdb(BOTH, history_of(tables), spine(list(found.index), [AS_OF]))
    assert_equal(found, expected.droplevel("as_of"))
    counts = [f.name for f in EVERY if isinstance(f, Feature) and f.measure == count()]
    pd.testing.assert_frame_equal(
        found[counts], expected.droplevel("as_of")[counts], check_exact=True
    )


def test_moments_and_missing_numbers_are_read_as_duckdb_reads_them(spark, tmp_path):
    """Zones, offsets, parts of seconds, midnights, NaN."""
    zoned = pa.timestamp("us", "UTC")
    late = datetime(2024, 2, 29, 23, 59, 59, 999_999)
    usage = {
        "customer_id": ["acme"] * 4,
        "at": pa.array([late, datetime(2024, 3, 1), late - timedelta(days=59), None], zoned),
        "event": ["login", "", None, "export"],
        "quantity": [float("nan"), None, -0.0, 1e15 + 0.25],
    }
    pq.write_table(pa.table(usage), tmp_path / "usage.parquet")
    (tmp_path / "customers.csv").write_text(
        "customer_id,created_at,name\n"
        'acme,2024-02-29T23:30:00-05:00,"A ""quoted"" name,\nof two lines"\n'
        "bond,2024-02-29 00:00:00.000001,\n"
        "cole,2024-02-30,nobody was born on that day\n"
    )
    found, expected = opened(spark, str(tmp_path)), by_default(str(tmp_path))
    for name in ("usage", "customers"):
        order = TABLES[name].at
        assert rows(found.tables[name], order) == rows(expected.tables[name], order)


def rows(table, order):
    told = table.cast({name: "string" for name in table.columns if name == order})
    return sorted(told.select(table.columns).to_pyarrow().to_pylist(), key=str)


def test_the_command_writes_the_vectors_that_it_writes_without_spark(
    spark, tmp_path, monkeypatch, capsys
):
    tables = random_history(Random(4), CUSTOMERS * 2) | {"treatments": []}  # these name no play
    folder = written(tables, tmp_path / "history")
    monkeypatch.setenv("CHURN_HISTORY", str(folder))
    made = {}
    for engine in ("duckdb", "spark"):
        out = tmp_path / f"{engine}.parquet"
        to = ["--out", str(out), "--engine", engine, "--json"]
        churn.run(["features", "--as-of", str(AS_OF), *to], standalone=False)
        said = json.loads(capsys.readouterr().out)
        keys = ["as_of", "customer_id"]
        made[engine] = (
            said | {"path": ""},
            pq.read_table(out).to_pandas().sort_values(keys, ignore_index=True),
        )
    assert made["spark"][0] == made["duckdb"][0]
    assert made["spark"][0]["vectors"] > 0
    pd.testing.assert_frame_equal(
        made["spark"][1], made["duckdb"][1], rtol=1e-9, atol=1e-9, check_dtype=False
    )


def test_an_executor_that_is_killed_costs_time_and_no_rows(spark, tmp_path):
    tables = random_history(Random(5), CUSTOMERS * 4)
    folder, mark = written(tables, tmp_path / "history"), str(tmp_path / "killed")
    frames = {name: spark.read.parquet(str(p)) for name, p in files(folder).items()}
    killing = killed_once(mark)
    frames["usage"] = frames["usage"].mapInArrow(killing, frames["usage"].schema)
    history = held(spark, frames)
    made = vectors(EVERY, history, history.tables["customers"], AS_OF).toArrow().to_pandas()
    found = made.drop(columns="as_of").set_index("customer_id").sort_index()
    assert "CoarseGrainedExecutorBackend" in Path(mark).read_text()
    assert_equal(found, by_hand(EVERY, tables, list(found.index), AS_OF))


def test_a_history_that_spark_cannot_read_is_named_with_what_it_reads(spark, tmp_path):
    with pytest.raises(SourceError, match="does not read a history at postgres://: name a folder"):
        opened(spark, "postgres://somebody@somewhere/base")
    with pytest.raises(SourceError, match="no database 'nowhere'"):
        opened(spark, "catalogue://nowhere")
    with pytest.raises(SourceError, match="No table 'customers'"):
        opened(spark, str(tmp_path))


def test_tables_of_sparks_catalogue_are_a_history(spark):
    spark.sql("CREATE DATABASE IF NOT EXISTS sold")
    made = spark.createDataFrame(
        [("acme", datetime(2024, 2, 1))], "customer_id string, created_at timestamp"
    )
    made.write.mode("overwrite").saveAsTable("sold.customers")
    [row] = opened(spark, "catalogue://sold").tables["customers"].to_pyarrow().to_pylist()
    assert row["customer_id"] == "acme"
