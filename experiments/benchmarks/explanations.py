"""Measure what exact reasons cost: `python -m experiments.benchmarks.explanations [--rows N]`.

Ways that are compared run in turn, each on one thread and by the processor's seconds; the nights
are whole processes of two threads, from Parquet to Parquet, by the clock and their peak memory.
"""

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training.treeshap.explain import by_kernel
from training.treeshap.forest import forest_of

Numbers = NDArray[np.float64]
Work = Callable[[], object]
FEATURES, TOLD = 60, 5
BLOCK = 16_384  # customers read, explained and written at a time
GIGABYTE = 1024**3


@dataclass(frozen=True)
class Shape:
    """So many trees of so many leaves, in each of some boosters, averaged by part."""

    trees: int
    leaves: int
    parts: int = 1
    boosters: int = 1

    def __str__(self) -> str:
        many = self.parts * self.boosters
        return f"{self.trees * many} trees of {self.leaves} leaves"


@dataclass(frozen=True)
class Goal:
    """One goal: the ratio or figure measured, its bound, whether it is met, and how."""

    goal: str
    ratio: float
    bound: float
    met: bool
    how: str


SHIPPED = Shape(300, 7, parts=6, boosters=5)
FASTER = ((Shape(100, 15), 25.0), (Shape(200, 31), 25.0), (Shape(500, 63), 10.0))
NIGHTS = ((Shape(100, 15), 5.0), (Shape(200, 31), 25.0), (SHIPPED, 120.0))


def goals(rows: int = 1_000_000, rounds: int = 3) -> list[Goal]:
    """Every goal of explanations; the nights have so many customers."""
    return [*compared(rounds), *nights(rows)]


def compared(rounds: int) -> list[Goal]:
    """Speed and error beside LightGBM's own contributions, shap's, and predictions."""
    found: list[Goal] = []
    matrix = vectors(4_096, 1)
    for shape, bound in FASTER:
        [[booster]] = boosters(shape)
        forest = forest_of([[booster.model_to_string()]])
        few = matrix[: 256 if shape.leaves > 31 else 1_024]
        kernel = per_row(lambda f=forest: by_kernel(f, matrix, threads=1), len(matrix))  # type: ignore[misc]
        for name, other in peers(booster, few).items():
            faster = in_turn(per_row(other, len(few)), kernel, rounds)
            found.append(_at_least(f"{bound:g} x {name}, {shape}", faster, bound, rounds))
        oracle = booster.predict(few, pred_contrib=True, num_threads=1)
        error = np.abs(by_kernel(forest, few).contributions[0] - np.asarray(oracle)[:, :-1]).max()
        found.append(_at_most(f"error of contributions, {shape}", float(error), 1e-5, "log-odds"))
    [[booster]] = boosters(FASTER[0][0])
    forest = forest_of([[booster.model_to_string()]])
    alone = per_row(lambda: booster.predict(matrix, num_threads=1), len(matrix))
    both = per_row(lambda: by_kernel(forest, matrix, threads=1), len(matrix))
    cost = in_turn(both, alone, rounds)
    goal = f"score and reasons through predict alone, {FASTER[0][0]}"
    return [*found, _at_most(goal, cost, 1.5, _taken(rounds))]


def peers(booster: lgb.Booster, matrix: Numbers) -> dict[str, Work]:
    """Others that tell exact contributions; those that are not installed are left out."""
    ways: dict[str, Work] = {
        "pred_contrib": lambda: booster.predict(matrix, pred_contrib=True, num_threads=1)
    }
    try:
        import shap

        explainer = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent")
        ways["shap.TreeExplainer"] = lambda: explainer.shap_values(matrix)
    except ImportError:
        pass
    return ways


def nights(rows: int) -> Iterator[Goal]:
    """A night of each shape in a process of its own: seconds, and the most memory of all."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        _write_customers(folder / "vectors.parquet", rows)
        for shape, bound in NIGHTS:
            _write_boosters(folder, shape)
            seconds, memory = _night(folder)
            name = f"{rows:,} customers with exact top-{TOLD} reasons, {shape}"
            how = "seconds by the clock, Parquet to Parquet, two threads, one run"
            yield _at_most(name, seconds, bound * rows / 1_000_000, how)
            yield _at_most(f"resident memory, {name}", memory, 1.0, "gigabytes at the peak")


def score_night(folder: Path) -> None:
    """What a night's process does: prints its seconds and peak memory as JSON."""
    texts = json.loads((folder / "boosters.json").read_text())
    begun = perf_counter()
    forest = forest_of(texts)
    source = pq.ParquetFile(folder / "vectors.parquet")

    def one(group: int) -> pa.Table:
        return told(forest, source.read_row_group(group, use_threads=False))

    with ThreadPoolExecutor(2) as pool, _writer(folder / "scores.parquet") as file:
        every = range(source.num_row_groups)
        for begin in range(0, len(every), 4):  # no more than a few blocks are in memory
            for table in pool.map(one, every[begin : begin + 4]):
                file.write_table(table)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIGABYTE
    sys.stdout.write(json.dumps([perf_counter() - begun, memory]))


def told(forest: Any, rows: pa.Table) -> pa.Table:
    """A block of customers with the sum of the parts' margins and the strongest reasons."""
    columns = [rows.column(k).to_numpy() for k in range(FEATURES)]
    parts = by_kernel(forest, np.column_stack(columns), threads=1)
    shares = parts.contributions.sum(axis=0)
    best = np.argpartition(-np.abs(shares), TOLD, axis=1)[:, :TOLD]
    values = np.take_along_axis(shares, best, axis=1)
    flat = {f"reason_{k}": best[:, k].astype(np.int16) for k in range(TOLD)}
    flat |= {f"share_{k}": values[:, k].astype(np.float32) for k in range(TOLD)}
    return pa.table({"margin": parts.margins.sum(axis=0)} | flat)


def vectors(rows: int, seed: int) -> Numbers:
    """Made-up vectors: one value in twenty is missing."""
    draw = np.random.default_rng(seed)
    matrix = draw.normal(size=(rows, FEATURES))
    matrix[draw.random(matrix.shape) < 0.05] = np.nan
    return matrix


def boosters(shape: Shape) -> list[list[lgb.Booster]]:
    """Boosters of a shape, each grown on rows of its own."""
    return [
        [_grown(shape, part * shape.boosters + k) for k in range(shape.boosters)]
        for part in range(shape.parts)
    ]


def _grown(shape: Shape, seed: int) -> lgb.Booster:
    matrix = vectors(20_000, 100 + seed)
    known = np.nan_to_num(matrix)
    odds = known[:, :10].sum(axis=1) / 2 + known[:, 0] * known[:, 1] - 2
    left = np.random.default_rng(seed).random(len(odds)) < 1 / (1 + np.exp(-odds))
    how = {"objective": "binary", "num_leaves": shape.leaves, "learning_rate": 0.05}
    how |= {"num_threads": 1, "verbosity": -1, "feature_fraction": 0.5, "seed": seed}
    return lgb.train(how, lgb.Dataset(matrix, left.astype(float)), shape.trees)


def per_row(work: Work, rows: int) -> Callable[[], float]:
    """The processor's seconds that some work takes for one row."""

    def measured() -> float:
        begun = process_time()
        work()
        return (process_time() - begun) / rows

    return measured


def in_turn(one: Callable[[], float], other: Callable[[], float], rounds: int) -> float:
    """The median of one over the other, taken in turn after a warm-up."""
    one(), other()
    return median(one() / other() for _ in range(rounds))


def _write_customers(path: Path, rows: int) -> None:
    schema = pa.schema([(f"feature_{k}", pa.float32()) for k in range(FEATURES)])
    with pq.ParquetWriter(path, schema) as file:
        for begin in range(0, rows, BLOCK):
            block = vectors(min(BLOCK, rows - begin), begin).astype(np.float32)
            arrays = [pa.array(column) for column in block.T]
            file.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _write_boosters(folder: Path, shape: Shape) -> None:
    texts = [[each.model_to_string() for each in part] for part in boosters(shape)]
    (folder / "boosters.json").write_text(json.dumps(texts))


def _night(folder: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", "experiments.benchmarks.explanations", "--night", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, memory = json.loads(done.stdout)
    return seconds, memory


def _writer(path: Path) -> pq.ParquetWriter:
    flat = [(f"reason_{k}", pa.int16()) for k in range(TOLD)]
    flat += [(f"share_{k}", pa.float32()) for k in range(TOLD)]
    return pq.ParquetWriter(path, pa.schema([("margin", pa.float64()), *flat]))


def _taken(rounds: int) -> str:
    return f"processor seconds a row, median of {rounds} rounds taken in turn"


def _at_least(goal: str, found: float, bound: float, rounds: int) -> Goal:
    return Goal(f"exact reasons >= {goal}", found, bound, found >= bound, _taken(rounds))


def _at_most(goal: str, found: float, bound: float, how: str) -> Goal:
    return Goal(f"{goal} <= {bound:g}", found, bound, found <= bound, how)


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print one line a goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="customers of a night")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is taken")
    parser.add_argument("--night", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.night:
        return score_night(asked.night)
    for goal in goals(asked.rows, asked.rounds):
        found = asdict(goal)
        verdict = "met" if goal.met else "MISSED"
        sys.stdout.write(f"{verdict:7}{found['ratio']:12.4g} {goal.goal} ({goal.how})\n")
    return None


if __name__ == "__main__":
    main()
