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
from features.outside import damaged
from features.sources.canonical import ISO, canonical
from features.sources.found import Found
from features.tables import TABLES

SUFFIXES = ("parquet", "csv", "csv.gz")


def folder(path: Path) -> Found:
    """A folder with one file per table (usage.parquet, tickets.csv) or one folder of files each.

    Raises:
        SourceError: There is no such folder, or a table's file cannot be read.
    """
    if not path.is_dir():
        raise SourceError(f"No history at {path}: give a folder, a .duckdb file or a database URL.")
    backend = connected()
    files = {name: _files(path, name) for name in TABLES}
    tables = {name: _read(backend, *where) for name, where in files.items() if where}
    return Found(tables, _others(path))


def duckdb_file(path: Path) -> Found:
    """The tables of a DuckDB file, opened for reading.

    Raises:
        SourceError: There is no such file.
    """
    if not path.is_file():
        raise SourceError(f"No DuckDB file at {path}.")
    backend = connected(path)
    names = backend.list_tables()
    tables = {name: backend.table(name) for name in names if name in TABLES}
    return Found(tables, tuple(sorted(set(names) - set(tables))))


def in_memory(frames: Mapping[str, Any], date_format: str = ISO) -> History:
    """Tables held in memory (pandas or Arrow), for requests, examples and tests."""
    return canonical(held(frames).tables, date_format)


def held(frames: Mapping[str, Any]) -> Found:
    """Tables held in memory (pandas or Arrow), as they are."""
    backend = connected()
    return Found({n: backend.create_table(n, _arrow(f)) for n, f in frames.items()})


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


def _others(path: Path) -> tuple[str, ...]:
    """Files of a kind that could be read but with no table's name: perhaps a misspelt one."""
    files = {f.name for suffix in SUFFIXES for f in path.glob(f"*.{suffix}")}
    return tuple(sorted(name for name in files if name.split(".")[0] not in TABLES))


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
        raise SourceError(damaged(pattern, str(error))) from error
