"""A run in the making: blocks of rows, each whole or not there, so that a killed run goes on.

The folder of a run in the making starts with a dot and ends with a hash of what the run is made
from: the same inputs find their blocks again, other inputs start anew.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from shutil import rmtree
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from serving.dataset import FILE, INPUTS, PREFIX, SCHEMA, row_of
from serving.ranks import KEYS, ranks_of
from serving.schemas import Prediction

AT_ONCE = 10_000  # rows of a block, and of a row group
BLOCK = "block-"
PARTIAL = ".partial"


def write(
    scores: Path,
    as_of: date,
    inputs: Mapping[str, Any],
    predictions: Callable[[int], Iterator[Prediction]],
    schema: pa.Schema = SCHEMA,
) -> Path:
    """Write a run into a folder of its own, not in its place yet; returns that folder.

    `predictions` gives those from a place on: after the blocks that a killed run has left.
    """
    made = begun(scores, as_of, inputs)
    if not (made / FILE).is_file():
        _blocks(made, predictions, schema)
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


def _blocks(
    made: Path, predictions: Callable[[int], Iterator[Prediction]], schema: pa.Schema
) -> None:
    done = len(_found(made))
    rest = predictions(done * AT_ONCE)
    while rows := [row_of(prediction) for prediction in islice(rest, AT_ONCE)]:
        block = made / f"{BLOCK}{done:06}.parquet"
        _whole(block, lambda file: pq.write_table(pa.Table.from_pylist(rows, schema), file))
        done += 1


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
    partial = place.with_suffix(PARTIAL)
    try:
        written(partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)  # on a full disk it would be in the way
