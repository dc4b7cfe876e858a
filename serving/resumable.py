"""A run in the making: blocks of rows, each whole or not there, so that a killed run goes on.

The folder of a run in the making starts with a dot and ends with a hash of what the run is made
from: the same inputs find their blocks again, other inputs start anew.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from serving.dataset import FILE, INPUTS, PREFIX, SCHEMA
from serving.ranks import KEYS, ranks_of

AT_ONCE = 10_000  # rows of a block, and of a row group
BLOCK = "block-"
PARTIAL = ".partial"
Blocks: TypeAlias = Callable[[int, int], Iterator[pa.Table]]


def write(
    scores: Path,
    as_of: date,
    inputs: Mapping[str, Any],
    blocks: Blocks,
    schema: pa.Schema = SCHEMA,
) -> Path:
    """Write a run into a folder of its own, not in its place yet; returns that folder.

    `blocks` gives the rows from a place on, so many at a time: after what a killed run has left.
    """
    made = begun(scores, as_of, inputs)
    if not (made / FILE).is_file():
        _blocks(made, blocks)
        _join(made, inputs, schema)
    for block in _found(made):
        block.unlink()
    return made


def begun(scores: Path, as_of: date, inputs: Mapping[str, Any]) -> Path:
    """The folder of a run in the making; what runs of other inputs have left is removed."""
    mark = hashlib.sha256(json.dumps(dict(inputs), sort_keys=True).encode()).hexdigest()[:16]
    made = scores / f".{PREFIX}{as_of}-{mark}"
    for left in scores.glob(f".{PREFIX}*"):
        if left != made:
            rmtree(left)
    made.mkdir(exist_ok=True)
    return made


def _blocks(made: Path, blocks: Blocks) -> None:
    done = len(_found(made))
    for number, rows in enumerate(blocks(done * AT_ONCE, AT_ONCE), start=done):
        _whole(made / f"{BLOCK}{number:06}.parquet", partial(pq.write_table, rows))


def _found(made: Path) -> list[Path]:
    """The blocks that are there, in their order."""
    return sorted(made.glob(f"{BLOCK}*.parquet"))


def _join(made: Path, inputs: Mapping[str, Any], schema: pa.Schema) -> None:
    """One file of all blocks, ranked; every row was scored at the moment that the first ones were.

    Ranks are made of what the blocks say already, so that nobody is scored twice.
    """
    marked = schema.with_metadata({INPUTS: json.dumps(dict(inputs)).encode()})
    blocks = _found(made)
    moment = pq.read_table(blocks[0], columns=["scored_at"])["scored_at"][0] if blocks else None
    ranks = _ranks(blocks)

    def joined(file: Path) -> None:
        done = 0
        with pq.ParquetWriter(file, marked, compression="zstd") as target:
            for block in blocks:
                rows = _put(pq.read_table(block, schema=schema), "scored_at", moment)
                target.write_table(_put(rows, "rank", ranks[done : done + len(rows)]))
                done += len(rows)

    _whole(made / FILE, joined)


def _ranks(blocks: Sequence[Path]) -> pa.Array:
    """Everybody's rank, block after block; null where nothing is said."""
    keys = pa.concat_tables([pq.read_table(block, columns=list(KEYS)) for block in blocks])
    ranks = ranks_of(*(keys[name].cast(pa.float64()).to_numpy() for name in KEYS))
    return pa.array(ranks, mask=ranks == 0)


def _put(rows: pa.Table, name: str, values: pa.Array | pa.Scalar) -> pa.Table:
    """The rows with other values in a column."""
    place = rows.schema.get_field_index(name)
    column = pa.repeat(values, len(rows)) if isinstance(values, pa.Scalar) else values
    return rows.set_column(place, rows.schema.field(place), column)


def _whole(place: Path, written: Callable[[Path], None]) -> None:
    """A file that is there only when all of it is on the disk."""
    unfinished = place.with_suffix(PARTIAL)
    try:
        written(unfinished)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)  # on a full disk it would be in the way
