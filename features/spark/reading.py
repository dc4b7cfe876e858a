"""Histories as Spark reads them: files on a disk or a store that every executor sees, or tables."""

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from features.errors import SourceError
from features.history import History
from features.sources.canonical import ISO, canonical
from features.sources.files import SUFFIXES
from features.tables import TABLES

CATALOGUE = "catalogue://"
STORES = ("file", "hdfs", "s3", "s3a", "gs", "abfs", "abfss", "wasbs", "dbfs")
NUMBER = count()
ABSENT = "PATH_NOT_FOUND"
NOTHING = ("UNABLE_TO_INFER_SCHEMA", ABSENT)


def opened(spark: SparkSession, location: str, date_format: str = ISO) -> History:
    """The history at a location: a folder, the URL of one in a store, or catalogue://DATABASE.

    Raises:
        SourceError: There is nothing to read there, or Spark cannot read it.
    """
    if date_format:
        raise SourceError("Spark reads dates as ISO 8601 only: leave date_format to DuckDB.")
    backend = ibis.pyspark.connect(spark)
    if location.startswith(CATALOGUE):
        return canonical(_tables(backend, location.removeprefix(CATALOGUE)))
    return canonical(_files(spark, backend, _folder(location)))


def held(spark: SparkSession, frames: Mapping[str, DataFrame]) -> History:
    """A history of data frames, by the names of their tables."""
    backend = ibis.pyspark.connect(spark)
    return canonical({name: _viewed(backend, name, frame) for name, frame in frames.items()})


def session_of(history: History) -> SparkSession:
    """The session that holds a history."""
    session: SparkSession = history.tables["customers"].get_backend()._session
    return session


def frame_of(rows: ir.Table) -> DataFrame:
    """An expression as a data frame, nothing of it computed yet."""
    backend = rows.get_backend()
    name = f"churn_{next(NUMBER)}"
    backend.create_view(name, rows, overwrite=True)
    session: SparkSession = backend._session  # Ibis has no other name for it
    return session.table(name)


def uri_of(path: Path) -> str:
    """A path of this machine's disk for Spark, which reads an address as it stands: no %3D."""
    return f"file://{path.resolve()}"


def _tables(backend: Any, database: str) -> dict[str, ir.Table]:
    try:
        names = [name for name in backend.list_tables(database=database) if name in TABLES]
    except AnalysisException as error:
        raise SourceError(f"Spark's catalogue has no database {database!r}.") from error
    return {name: backend.table(name, database=database) for name in names}


def _folder(location: str) -> str:
    """A folder as every executor is to look for it."""
    scheme, found, _ = location.partition("://")
    if found and scheme not in STORES:
        raise SourceError(
            f"Spark does not read a history at {scheme}://: name a folder, one in a store "
            f"({', '.join(STORES)}) or {CATALOGUE}DATABASE; a database is asked in place, without "
            "--engine spark."
        )
    if found:
        return location.rstrip("/")
    if not Path(location).is_dir():
        raise SourceError(f"No history at {location}: Spark reads a folder of Parquet or CSV.")
    return uri_of(Path(location))


def _files(spark: SparkSession, backend: Any, folder: str) -> dict[str, ir.Table]:
    frames = {name: _frame(spark, folder, name) for name in TABLES}
    return {n: _viewed(backend, n, frame) for n, frame in frames.items() if frame is not None}


def _frame(spark: SparkSession, folder: str, name: str) -> DataFrame | None:
    """A table in one file, or in a folder of them, of the first kind that is there."""
    for suffix in SUFFIXES:
        for place in (f"{folder}/{name}.{suffix}", f"{folder}/{name}"):
            found = _read(spark, place, suffix)
            if found is not None:
                return found
    return None


def _read(spark: SparkSession, place: str, suffix: str) -> DataFrame | None:
    reader = spark.read.option("recursiveFileLookup", "true")
    reader = reader.option("pathGlobFilter", f"*.{suffix}")
    try:
        if suffix == "parquet":
            return reader.parquet(place)
        # A quoted line break and a doubled quote, as DuckDB reads them.
        found = reader.csv(place, header=True, multiLine=True, escape='"', encoding="UTF-8")
        return found if found.columns else None
    except AnalysisException as error:
        if error.getCondition() in NOTHING:
            return None
        raise SourceError(f"{place} cannot be read: {error.getCondition()}.") from error


def _viewed(backend: Any, name: str, frame: DataFrame) -> ir.Table:
    view = f"churn_{name}_{next(NUMBER)}"
    frame.createOrReplaceTempView(view)
    return backend.table(view)
