"""The prediction log: the vectors that were scored, as the service saw them when it did.

One Parquet file or a folder of them, also in parts such as as_of=2026-11-01. Each row has
`customer_id` (text), `as_of` (a date), `model_version` (text) and one column per feature under the
feature's own name. Rows whose `source` is something else than history, such as vectors that callers
made up, are left out; other columns are left alone. What the log says is held against what the
history gives for the same customer and date: they differ where a value was overwritten after it was
read.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.errors import SourceError

KEYS = ("customer_id", "as_of", "model_version")
MOST_ROWS = 20_000


def read_log(place: Path, most: int = MOST_ROWS) -> pd.DataFrame:
    """The logged vectors with their keys, at most so many rows, of the last files by name.

    Raises:
        SourceError: There is no log, it cannot be read, or it lacks one of the keys.
    """
    files = [place] if place.is_file() else sorted(place.rglob("*.parquet"), reverse=True)
    if not files:
        raise SourceError(f"No prediction log at {place}: name a Parquet file or a folder of them.")
    try:
        parts = _last(files, most)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"The prediction log at {place} cannot be read: {error}") from error
    # Models of other versions have other columns: what one has not is null.
    rows: pd.DataFrame = pa.concat_tables(parts, promote_options="permissive").to_pandas()
    if absent := [name for name in KEYS if name not in rows]:
        raise SourceError(f"The prediction log at {place} has no column {', '.join(absent)}.")
    return rows.assign(as_of=pd.to_datetime(rows["as_of"].astype(str)).dt.date)


def _last(files: Sequence[Path], most: int) -> list[pa.Table]:
    parts: list[pa.Table] = []
    for file in files:
        read = _from_history(pq.read_table(file, partitioning=None))
        for name, value in _of_folders(file).items():
            if name not in read.column_names:
                read = read.append_column(name, pa.array([value] * len(read)))
        parts.append(read.slice(0, most))
        most -= len(read)
        if most <= 0:
            break
    return parts


def _from_history(read: pa.Table) -> pa.Table:
    if "source" not in read.column_names:
        return read
    return read.filter(pc.equal(read["source"], "history"))


def _of_folders(file: Path) -> dict[str, str]:
    """What the names of the folders say: as_of=2026-11-01."""
    told = (part.partition("=") for part in file.parent.parts if "=" in part)
    return {name: value for name, _, value in told if name in KEYS}
