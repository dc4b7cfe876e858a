"""Adapters in: from where a business keeps its tables to a `History`."""

from pathlib import Path

from features.history import History
from features.sources.canonical import ISO


def opened(location: str, date_format: str = ISO) -> History:
    """The history at a location: a folder, a .duckdb file, or a database URL.

    Raises:
        SourceError: There is nothing to read there, or it is not what the contract asks for.
    """
    from features.sources import files, sql  # noqa: PLC0415  (drivers load only when asked for)

    if "://" in location:
        return sql.database(location)
    path = Path(location)
    return files.duckdb_file(path) if path.suffix == ".duckdb" else files.folder(path, date_format)
