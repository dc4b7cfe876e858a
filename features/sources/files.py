"""Histories in files: a folder of Parquet or CSV, or a DuckDB file; and tables held in memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from features.errors import SourceError
from features.history import History
from features.sources.canonical import ISO, canonical
from features.tables import TABLES

SUFFIXES = ("parquet", "csv", "csv.gz")


def folder(path: Path, date_format: str = ISO) -> History:
    """A folder with one file per table (usage.parquet, tickets.csv) or one folder of files each.

    Raises:
        SourceError: There is no such folder, or a table's file cannot be read.
    """
    if not path.is_dir():
        raise SourceError(f"No history at {path}: give a folder, a .duckdb file or a database URL.")
    backend = connected()
    found = {name: _files(path, name) for name in TABLES}
    tables = {name: _read(backend, *where) for name, where in found.items() if where}
    return canonical(tables, date_format)


def duckdb_file(path: Path) -> History:
    """The tables of a DuckDB file, opened for reading.

    Raises:
        SourceError: There is no such file.
    """
    if not path.is_file():
        raise SourceError(f"No DuckDB file at {path}.")
    backend = connected(path)
    return canonical({name: backend.table(name) for name in backend.list_tables()})


def in_memory(frames: Mapping[str, Any], date_format: str = ISO) -> History:
    """Tables held in memory (pandas or Arrow), for requests, examples and tests."""
    backend = connected()
    return canonical(
        {n: backend.create_table(n, _arrow(f)) for n, f in frames.items()}, date_format
    )


def connected(path: Path | None = None) -> Any:
    """A DuckDB of our own, in UTC, that fetches nothing from outside."""
    database = str(path) if path else ":memory:"
    backend = ibis.duckdb.connect(
        database,
        read_only=path is not None,
        autoinstall_known_extensions=False,
        autoload_known_extensions=False,
    )
    backend.settings["TimeZone"] = "UTC"
    return backend


def _arrow(frame: Any) -> pa.Table:
    """As Arrow; a column without any value has no type of its own, and is text until it is cast."""
    found = (
        frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
    )
    fields = [f.with_type(pa.string()) if pa.types.is_null(f.type) else f for f in found.schema]
    return found.cast(pa.schema(fields))


def _files(path: Path, name: str) -> tuple[str, str] | None:
    """The kind of file a table is kept in, and a pattern that finds it."""
    for suffix in SUFFIXES:
        if (path / f"{name}.{suffix}").exists():
            return suffix, str(path / f"{name}.{suffix}")
        if any((path / name).glob(f"**/*.{suffix}")):
            return suffix, str(path / name / "**" / f"*.{suffix}")
    return None


def _read(backend: Any, suffix: str, pattern: str) -> ir.Table:
    try:
        if suffix == "parquet":
            return backend.read_parquet(pattern)
        return backend.read_csv(pattern, all_varchar=True, header=True)
    except duckdb.Error as error:
        raise SourceError(f"{pattern} cannot be read: {error}") from error
