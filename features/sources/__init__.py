"""Adapters in: from where a business keeps its tables to a `History`."""

from pathlib import Path

from features.history import History
from features.sources.canonical import ISO, canonical
from features.sources.found import Found


def opened(location: str, date_format: str = ISO) -> History:
    """The history at a location: a folder, a .duckdb file, or a database URL.

    Raises:
        SourceError: There is nothing to read there, or it is not what the contract asks for.
    """
    return canonical(found_at(location).tables, date_format)


def found_at(location: str) -> Found:
    """The tables at a location, as they are.

    Raises:
        SourceError: There is nothing to read there.
    """
    from features.sources import files, sql  # drivers load only when asked for

    if "://" in location:
        return sql.database(location)
    path = Path(location)
    return files.duckdb_file(path) if path.suffix == ".duckdb" else files.folder(path)
