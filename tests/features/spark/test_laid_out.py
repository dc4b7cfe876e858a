"""A history compacted by Spark is the one that DuckDB compacts, and is kept up at little cost."""

from random import Random

import pyarrow.parquet as pq
import pytest

pytest.importorskip("pyspark", reason="no PySpark: it is in the extra spark")

from features.compact import compact, unfinished
from features.sources import opened as by_default
from features.spark.laid_out import lay
from features.spark.reading import opened
from tests.features.every import history_of
from tests.features.spark.histories import written
from tests.features.spark.killing import killed_while
from tests.features.strategies import CUSTOMERS, random_history


def test_spark_lays_out_the_files_that_duckdb_does_and_writes_none_again(spark, tmp_path):
    tables = random_history(Random(8), CUSTOMERS * 2) | {"milestones": []}
    folder = written(tables, tmp_path / "history")
    expected = compact(history_of(tables), tmp_path / "expected")
    made = compact(opened(spark, str(folder)), tmp_path / "made", lay=lay)
    assert made.written == expected.written
    for file in expected.written:
        there, here = (
            pq.read_table(tmp_path / "made" / file),
            pq.read_table(tmp_path / "expected" / file),
        )
        assert there.to_pylist() == here.to_pylist(), file
        assert there.schema.names == here.schema.names
    late = tables["usage"][0] | {"customer_id": "late"}
    tables["usage"].append(late)
    again = compact(
        opened(spark, str(written(tables, tmp_path / "more"))), tmp_path / "made", lay=lay
    )
    assert again.written == (f"usage/{late['at']:%Y-%m}.parquet",)
    assert len(by_default(str(tmp_path / "made")).tables["usage"].to_pyarrow()) == len(
        tables["usage"]
    )


def test_an_executor_that_is_killed_while_it_writes_months_costs_no_row(spark, tmp_path):
    tables = random_history(Random(9), CUSTOMERS * 2)
    folder = written(tables, tmp_path / "history")
    compact(history_of(tables), tmp_path / "expected")
    writing = unfinished(tmp_path / "made" / "usage") / "_temporary"
    with killed_while(writing.exists) as dead:
        made = compact(opened(spark, str(folder)), tmp_path / "made", lay=lay)
    assert dead
    assert made.written
    for file in made.written:
        there, here = (pq.read_table(tmp_path / n / file) for n in ("made", "expected"))
        assert there.to_pylist() == here.to_pylist(), file
