"""Spark beside DuckDB and MLflow's spark_udf: `python -m experiments.benchmarks.spark --home demo`.

A local cluster of two executors computes the vectors of a history; each value is held against
DuckDB's. With a bundle in the home, scores with reasons are told by the executors, beside MLflow's
spark_udf over the same bundle, which tells probabilities only. Seconds are the processors', of this
process and all that it has started: other work on the machine does not count.
"""

import argparse
import json
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from experiments.benchmarks.goals import Goal
from experiments.benchmarks.histories import Size, kept
from features.catalogue import CHURN
from features.featureset import FeatureSet
from features.sources import opened
from features.spark.reading import opened as opened_by_spark
from features.spark.session import Cluster, session_on
from features.spark.vectors import vectors
from features.vectors import spine
from features.vectors import vectors as by_duckdb
from serving.bundle import bundle_at
from training.model import loaded

MASTER = "local-cluster[2,1,2048]"
OPTIONS = {
    "spark.executor.memory": "2g",
    "spark.sql.shuffle.partitions": "4",
    "spark.driver.memory": "2g",
}
CLOSE = 1e-6


@dataclass(frozen=True)
class Cost:
    """Seconds of the processors, and of the clock on the wall."""

    processor: float
    wall: float


def rows(events: int = 10_000_000) -> Iterator[Goal]:
    """Whether Spark's values are DuckDB's, on a history of so many events of use."""
    size = Size(events)
    with TemporaryDirectory() as folder:
        said = measured(kept(size), size.as_of, None, Path(folder))
    yield from (Goal(**row) for row in said["rows"])


def main(arguments: list[str] | None = None) -> None:
    """Measure and print one JSON object: the goals' rows and the costs behind them."""
    parser = argparse.ArgumentParser(prog="experiments.benchmarks.spark", description=__doc__)
    parser.add_argument("--home", type=Path, help="a demo's folder: its history and its bundle")
    parser.add_argument("--events", type=int, help="or a made-up history of so many events")
    asked = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        if asked.events:
            size = Size(asked.events)
            said = measured(kept(size), size.as_of, None, Path(folder))
        else:
            home = asked.home or Path("demo")
            said = measured(home / "history", date(2026, 10, 1), home / "bundle", Path(folder))
    sys.stdout.write(json.dumps(said, indent=2) + "\n")


def measured(history: Path, as_of: date, bundle: Path | None, work: Path) -> dict[str, Any]:
    """The rows of both goals (the peer's only with a bundle), and every cost."""
    costs: dict[str, Cost] = {}
    features = loaded(bundle_at(bundle)).features if bundle else CHURN
    expected = timed("duckdb: vectors", costs, lambda: _duckdb(features, history, as_of))
    with session_on(Cluster(MASTER, OPTIONS)) as spark:
        for run in ("first", "second"):  # the first run compiles what the second has ready
            made = work / run
            work_of = partial(_spark, features, spark, history, as_of, made)
            timed(f"spark: vectors, {run} run", costs, work_of)
        rows = [same_values(_read(work / "second"), expected[list(features.names)])]
        if bundle:
            rows.append(_beside_spark_udf(spark, bundle, spark.read.parquet(str(made)), costs))
    return {
        "rows": [asdict(row) for row in rows],
        "customers": len(expected),
        "seconds": {name: asdict(cost) for name, cost in costs.items()},
    }


def same_values(found: pd.DataFrame, expected: pd.DataFrame) -> Goal:
    """How far Spark's vectors are from DuckDB's: the farthest value, words being 0 or 1 apart."""
    apart = max(_apart(found[name], expected[name]) for name in expected.columns)
    how = f"greatest difference of {len(expected):,} customers x {len(expected.columns)} features"
    goal = "Spark local-cluster on 2 executors gives the same values as DuckDB"
    return Goal(goal, apart, CLOSE, apart <= CLOSE, f"{how}, on {MASTER}")


def _apart(found: pd.Series, expected: pd.Series) -> float:
    if found.dtype.kind != "f":
        return float((found.to_numpy() != expected.to_numpy()).any())
    one, other = found.to_numpy(np.float64), expected.to_numpy(np.float64)
    if (np.isnan(one) != np.isnan(other)).any():
        return float("inf")
    return float(np.nanmax(np.abs(one - other) / np.maximum(1, np.abs(other)), initial=0))


def _beside_spark_udf(
    spark: SparkSession, bundle: Path, made: DataFrame, costs: dict[str, Cost]
) -> Goal:
    """Scores with reasons against probabilities without, per processor second."""
    ours, theirs = _told(spark, bundle, made), _spark_udf(spark, bundle, made)
    for name, frame in {"ours": ours, "spark_udf": theirs}.items():
        timed(f"{name}: warm", costs, lambda: frame.write.format("noop").mode("overwrite").save())  # noqa: B023
        timed(name, costs, lambda: frame.write.format("noop").mode("overwrite").save())  # noqa: B023
    ratio = costs["ours"].processor / max(costs["spark_udf"].processor, 1e-9)
    goal = "scores with reasons and plays on Spark <= 2 x spark_udf's probabilities alone"
    return Goal(
        goal, round(ratio, 2), 2.0, ratio <= 2.0, f"processor seconds, second runs, {MASTER}"
    )


def _told(spark: SparkSession, bundle: Path, made: DataFrame) -> DataFrame:
    from pyspark.sql import functions as sf
    from pyspark.sql.pandas.types import from_arrow_schema

    from features.history import History
    from serving.bands import limits_of
    from serving.scorer import Scorer
    from serving.spark.people import HIGH, LOW, case_schema
    from serving.spark.telling import sent, ship, telling, told_schema

    place = bundle_at(bundle)
    model = loaded(place)
    scorer = Scorer(model, History({}), limits_of(model.about), lambda: datetime.now(UTC))
    names = case_schema(model.features).names
    known = {f"v_{name}": sf.col(name) for name in made.columns}
    person = {"customer_id": sf.col("customer_id"), "status": sf.lit("active")}
    filled = {HIGH: sf.lit(0), LOW: sf.lit(0)} | known | person
    cases = made.select(
        *(filled.get(name, sf.lit(None).cast("string")).alias(name) for name in names)
    )
    told_of = sent(scorer, ship(spark, place), date(2026, 10, 1))
    return cases.mapInArrow(telling(told_of), from_arrow_schema(told_schema(model.days)))


def _spark_udf(spark: SparkSession, bundle: Path, made: DataFrame) -> DataFrame:
    import mlflow.pyfunc
    from pyspark.sql import functions as sf

    place = bundle_at(bundle)
    with TemporaryDirectory() as folder:
        saved = str(Path(folder) / "model")
        mlflow.pyfunc.save_model(
            saved,
            loader_module="training.pyfunc",
            data_path=str(place),
            pip_requirements=["mlflow"],
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            told = mlflow.pyfunc.spark_udf(spark, saved, result_type="double", env_manager="local")
    # A struct keeps the columns' names, by which our model finds them.
    return made.select("customer_id", told(sf.struct(*loaded(place).features.names)))


def _duckdb(features: FeatureSet, history: Path, as_of: date) -> pd.DataFrame:
    found = opened(str(history))
    customers = found.tables["customers"]["customer_id"].to_pyarrow().to_pylist()
    return by_duckdb(features, found, spine(sorted(customers), [as_of])).droplevel("as_of")


def _spark(features: FeatureSet, spark: SparkSession, history: Path, as_of: date, to: Path) -> None:
    found = opened_by_spark(spark, str(history))
    vectors(features, found, found.tables["customers"], as_of).write.parquet(str(to))


def _read(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder).set_index("customer_id").sort_index()


def timed(name: str, costs: dict[str, Cost], work: Callable[[], Any]) -> Any:
    """What work gives; what it cost stands under its name."""
    began, started = perf_counter(), process_time() + _of_children()
    found = work()
    ended = process_time() + _of_children()
    costs[name] = Cost(round(ended - started, 1), round(perf_counter() - began, 1))
    return found


def _of_children() -> float:
    """Processor seconds of every process that this one has started, and those have."""
    told = subprocess.run(
        ["ps", "-eo", "pid,ppid,cputimes"], capture_output=True, text=True, check=True
    )
    rows = [tuple(map(int, line.split())) for line in told.stdout.splitlines()[1:]]
    ours, seconds = {_me()}, 0
    grew = True
    while grew:
        more = {pid for pid, parent, _ in rows if parent in ours} - ours
        ours, grew = ours | more, bool(more)
    for pid, _, spent in rows:
        seconds += spent if pid in ours and pid != _me() else 0
    return float(seconds)


def _me() -> int:
    from os import getpid

    return getpid()


if __name__ == "__main__":
    main()
