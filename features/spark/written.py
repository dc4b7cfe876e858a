"""Vectors of whole populations, written by the executors: a folder of Parquet files."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import reduce
from pathlib import Path
from shutil import rmtree

import ibis.expr.types as ir
from pyspark.sql import DataFrame

from features.featureset import FeatureSet
from features.history import History
from features.spark.reading import uri_of
from features.spark.vectors import vectors
from features.status import ACTIVE, activity_table, status_table
from features.written import Written

Step = Callable[[str], None]


def write_vectors(
    features: FeatureSet,
    history: History,
    dates: Sequence[date],
    path: Path,
    active_days: int | None = None,
    step: Step = lambda _: None,
) -> Written:
    """Writes what `features.written.write_vectors` does, into a folder that every executor sees."""
    told = {as_of: _on(history, as_of, active_days) for as_of in dates}
    others: dict[str, int] = {}
    for as_of, status in told.items():
        step(f"customers on {as_of}")
        for name, count in _counted(status).items():
            others[name] = others.get(name, 0) + count
    active = others.pop(ACTIVE, 0)
    step("vectors")
    frames = [
        vectors(features, history, status.filter(status["status"] == ACTIVE), as_of)
        for as_of, status in told.items()
    ]
    _write(reduce(DataFrame.unionAll, frames).select("customer_id", "as_of", *features.names), path)
    return Written(path, active, len(features.names), dict(sorted(others.items())))


def _on(history: History, as_of: date, active_days: int | None) -> ir.Table:
    known = history.known(as_of)
    return status_table(known) if active_days is None else activity_table(known, active_days)


def _counted(status: ir.Table) -> dict[str, int]:
    found = status.group_by("status").aggregate(customers=status.count()).to_pyarrow()
    return {row["status"]: row["customers"] for row in found.to_pylist()}


def _write(made: DataFrame, path: Path) -> None:
    """To a temporary name and renamed: a reader sees all of it or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    made.write.mode("overwrite").parquet(uri_of(unfinished))
    _forget(path)
    unfinished.rename(path)


def _forget(path: Path) -> None:
    if path.is_dir():
        rmtree(path)
    path.unlink(missing_ok=True)
