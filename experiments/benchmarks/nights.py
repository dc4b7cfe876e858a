"""A night's scores with reasons, Parquet to Parquet: `python -m experiments.benchmarks.nights`.

Each shape is a process of its own, of two threads, by the clock and by its peak memory. What is
told of a customer is the margin and the numbers of the strongest features with their shares, as
peers tell it; the product's own night, with words and all else that it writes, is beside them.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.benchmarks import product_night
from experiments.benchmarks.goals import Goal, at_most, line
from experiments.benchmarks.memory import peak_bytes
from experiments.benchmarks.shapes import FEATURES, Shape, texts, vectors
from training.treeshap.bench import Forest
from training.treeshap.explain import by_kernel
from training.treeshap.forest import forest_of

TOLD, THREADS = 5, 2
BLOCK = 8_192  # customers read, explained and written at a time
AHEAD = 4  # blocks that are in memory
GIGABYTE, MILLION = 1024**3, 1_000_000
SHIPPED = Shape(300, 7, parts=6, boosters=5)  # 3 months of 2 causes that share no boosters
NIGHTS = ((Shape(100, 15), 5.0), (Shape(200, 31), 25.0), (SHIPPED, 120.0))
SCHEMA = pa.schema(
    [("margin", pa.float64())]
    + [(f"reason_{k}", pa.int16()) for k in range(TOLD)]
    + [(f"share_{k}", pa.float32()) for k in range(TOLD)]
)


def rows(customers: int = MILLION) -> Iterator[Goal]:
    """Seconds of a night of each shape, and the most memory that one of them took."""
    with TemporaryDirectory() as made:
        folder, most = Path(made), 0.0
        _write_customers(folder / "vectors.parquet", customers)
        for shape, bound in NIGHTS:
            (folder / "boosters.json").write_text(json.dumps(texts(shape)))
            clock, processor, memory = _night(folder)
            most = max(most, memory)
            goal = f"seconds for {customers:,} customers with exact top-{TOLD} reasons, {shape}"
            how = f"by the clock, {THREADS} threads, one run; {processor:.1f} of the processors"
            yield at_most(goal, clock, bound * customers / MILLION, how)
        yield at_most("gigabytes resident in these nights", most, 1.0, "the peak of the largest")
    yield from product_night.rows(customers)


def night(folder: Path) -> tuple[float, float, float]:
    """Score a folder's vectors with its boosters: seconds by clock and processor, gigabytes."""
    begun, worked = perf_counter(), process_time()
    forest = forest_of(json.loads((folder / "boosters.json").read_text()))
    path = folder / "vectors.parquet"

    def one(group: int) -> pa.Table:
        return told(forest, pq.ParquetFile(path).read_row_group(group, use_threads=False))

    every = range(pq.read_metadata(path).num_row_groups)
    with (
        ThreadPoolExecutor(THREADS) as pool,
        pq.ParquetWriter(folder / "scores.parquet", SCHEMA) as target,
    ):
        for begin in range(0, len(every), AHEAD):
            for table in pool.map(one, every[begin : begin + AHEAD]):
                target.write_table(table)
    memory = peak_bytes() / GIGABYTE
    return perf_counter() - begun, process_time() - worked, memory


def told(forest: Forest, customers: pa.Table) -> pa.Table:
    """A block of customers with the sum of the parts' margins and the strongest reasons."""
    columns = [customers.column(k).to_numpy() for k in range(FEATURES)]
    parts = by_kernel(forest, np.column_stack(columns), threads=1)
    shares = parts.contributions.sum(axis=0)
    best = np.argpartition(-np.abs(shares), TOLD, axis=1)[:, :TOLD]
    values = np.take_along_axis(shares, best, axis=1)
    order = np.argsort(-np.abs(values), axis=1)
    best, values = (np.take_along_axis(each, order, axis=1) for each in (best, values))
    found = [parts.margins.sum(axis=0), *best.astype(np.int16).T, *values.astype(np.float32).T]
    return pa.Table.from_arrays([pa.array(each) for each in found], schema=SCHEMA)


def _write_customers(path: Path, customers: int) -> None:
    schema = pa.schema([(f"feature_{k}", pa.float32()) for k in range(FEATURES)])
    with pq.ParquetWriter(path, schema) as file:
        for begin in range(0, customers, BLOCK):
            block = vectors(min(BLOCK, customers - begin), begin).astype(np.float32)
            arrays = [pa.array(column) for column in block.T]
            file.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _night(folder: Path) -> tuple[float, float, float]:
    command = [sys.executable, "-m", "experiments.benchmarks.nights", "--night", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    clock, processor, memory = json.loads(done.stdout)
    return clock, processor, memory


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print one line a goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=MILLION, help="how many, in each night")
    parser.add_argument("--night", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.night:
        sys.stdout.write(json.dumps(night(asked.night)))
        return
    for goal in rows(asked.customers):
        sys.stdout.write(line(goal))


if __name__ == "__main__":
    main()
