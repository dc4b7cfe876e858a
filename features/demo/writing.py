"""The made-up company's files: a history anybody may read, and a truth only tests may."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.demo.company import Demo
from features.outside import into

ROWS_A_GROUP = 250_000
TRUTH = "truth"


def write(demo: Demo, folder: Path) -> None:
    """One Parquet file per table in `folder`, and the truth beside it in `truth/truth.parquet`.

    Files are written under another name first and then take the place of what was there; other
    files in the folders are left alone.
    """
    _replace({f"{name}.parquet": rows for name, rows in demo.tables.items()}, folder)
    known = pa.Table.from_pandas(demo.truth, preserve_index=False)
    _replace({f"{TRUTH}.parquet": known}, folder.parent / TRUTH)


def _replace(files: dict[str, Any], folder: Path) -> None:
    with into(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".writing-") as made:
            _write(files, Path(made))
            for name in files:
                (Path(made) / name).replace(folder / name)


def _write(files: dict[str, Any], folder: Path) -> None:
    for name, rows in files.items():
        # Without Arrow's own schema every reader finds plain text and timestamps.
        pq.write_table(
            rows,
            folder / name,
            compression="zstd",
            row_group_size=ROWS_A_GROUP,
            store_schema=False,
        )
