"""Measure the main costs as ratios: `python -m experiments.benchmarks [--customers N]`.

Each goal compares two ways of the same run, taken in turn; seconds are the processor's, of all
threads.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np

from features.catalogue import CHURN
from features.demo import simulate, write
from features.sources import opened
from features.vectors import spine, vectors
from training.calibrate import Platt
from training.contract import category_words
from training.fit import fitted
from training.hazards import Cause, Component
from training.model import ChurnModel
from training.references import References

AS_OF = date(2026, 10, 1)


@dataclass(frozen=True)
class Row:
    """One goal: the ratio measured, the bound it is held to, and how it was measured."""

    goal: str
    ratio: float
    bound: float
    met: bool
    how: str


def main(arguments: list[str] | None = None) -> None:
    """Measure, print one line a goal, and write them to experiments/benchmarks/latest.json."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmarks", description=__doc__)
    parser.add_argument("--customers", type=int, default=3_000, help="size of the made-up company")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is taken")
    asked = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        write(simulate(customers=asked.customers), Path(folder) / "history")
        rows = measured(Path(folder) / "history", asked.rounds)
    (Path(__file__).parent / "latest.json").write_text(
        json.dumps([asdict(row) for row in rows], indent=2) + "\n"
    )
    for row in rows:
        verdict = "met" if row.met else "MISSED"
        sys.stdout.write(f"{verdict:7}{row.ratio:8.2f} <= {row.bound:<6g} {row.goal} ({row.how})\n")


def measured(folder: Path, rounds: int) -> list[Row]:
    """Every goal on the history in a folder."""
    history = opened(str(folder))
    customers = history.tables["customers"]["customer_id"].to_pyarrow().to_pylist()
    wanted = spine(sorted(customers), [AS_OF])
    usage = history.tables["usage"]
    floor = usage.group_by("customer_id").aggregate(rows=usage.count())
    build = ratio(lambda: vectors(CHURN, history, wanted), floor.to_pyarrow, rounds)
    model, made = _model(), vectors(CHURN, history, wanted)
    matrix = np.tile(model.matrix(made), (5, 1))
    explain = ratio(
        lambda: [b.predict(matrix, pred_contrib=True, num_threads=1) for b in model.boosters],
        lambda: [b.predict(matrix, num_threads=1) for b in model.boosters],
        rounds,
    )
    return [
        _row("all features, one date <= 2 x a bare GROUP BY of the usage", build, 2.0, rounds),
        _row("score and exact reasons <= 1.5 x predict alone", explain, 1.5, rounds),
    ]


def ratio(one: Callable[[], object], other: Callable[[], object], rounds: int) -> float:
    """Median processor time of one over that of the other, taken in turn after a warm-up."""
    one(), other()
    return median(_seconds(one) / max(_seconds(other), 1e-9) for _ in range(rounds))


def _seconds(work: Callable[[], object]) -> float:
    start = process_time()
    work()
    return process_time() - start


def _model() -> ChurnModel:
    """Boosters of the shipped shape, on made-up labels: what they cost does not depend on them."""
    draw = np.random.default_rng(0)
    matrix = draw.random((5_000, len(CHURN.names)))
    churned = (draw.random(5_000) < matrix[:, 0] * 0.2).astype(float)
    plain = {"monotone_constraints": None}
    boosters = fitted(CHURN, np.floor(matrix * 50), churned, (1,), more=plain)
    words = category_words({name: [] for name in CHURN.categorical}, CHURN.categorical)
    whole = Component(Cause.ANY, 1, 0, Platt())
    return ChurnModel(CHURN, (boosters,), (whole,), (90,), words, References({}), {})


def _row(goal: str, found: float, bound: float, rounds: int) -> Row:
    how = f"processor seconds, median of {rounds} rounds taken in turn"
    return Row(goal, round(found, 2), bound, found <= bound, how)


if __name__ == "__main__":
    main()
