"""The product's own night, whole: `python -m experiments.benchmarks.product_night`.

From vectors in a file to published scores: exact reasons in words, bands, ranks, confidence, money,
plays, and everybody's answer by id. The model is trained by the usual recipe on a made-up company,
or is that of a home; customers are drawn from the company's own, with values mixed and moved. The
night is a process of its own; its seconds begin before the model is read. Judged are those of the
processors, of all threads: an idle machine's clock shows no more, and a busy one's measures others.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import numpy as np
from numpy.random import Generator

from experiments.benchmarks.goals import Goal, at_most, line
from experiments.benchmarks.memory import peak_bytes
from features.featureset import Values
from features.sources import opened
from serving.bands import limits_of
from serving.batch import Base, score_base
from serving.bundle import bundle_at
from serving.cases import Cases
from serving.confidence import record_of
from serving.many import Many
from serving.scorer import Scorer
from serving.staged import Staged, digest_of, stage
from training.model import loaded

HERE = "experiments.benchmarks.product_night"
AS_OF, NOW = date(2026, 10, 1), datetime(2026, 10, 2, 3, tzinfo=UTC)
MILLION, GIGABYTE, BLOCK = 1_000_000, 1024**3, 10_000
COMPANY = 2_000  # customers of the made-up company
MIXED, MOVED = 0.15, 0.05  # the share of values that are another's, and how far fractions move


@dataclass(frozen=True)
class Drawn:
    """So many customers, drawn from cases: each with values of others and fractions moved."""

    cases: Cases
    size: int

    def __len__(self) -> int:
        return self.size

    def part(self, begin: int, size: int) -> Cases:
        """So many of them from a place on; the same each time it is asked for."""
        draw = np.random.default_rng(begin)
        chosen = draw.integers(0, len(self.cases), size)
        people = (self.cases.people[place] for place in chosen)
        named = tuple(
            replace(each, customer_id=f"C{begin + k:08}", name=f"{each.name} {begin + k}")
            for k, each in enumerate(people)
        )
        columns = self.cases.columns.items()
        return Cases(named, {name: _drawn(values, chosen, draw) for name, values in columns})


def rows(customers: int = MILLION, home: Path | None = None) -> Iterator[Goal]:
    """Seconds and memory of one night of so many customers."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        place = home or _company(folder / "home")
        scorer = _scorer(place)
        cases = scorer.everyone(AS_OF).cases
        Many(scorer.teller).rows(cases, scorer.asking(AS_OF))  # compiles the kernel, once
        stage(Drawn(cases, customers), folder / "vectors.parquet", BLOCK)
        told = _night(place, folder)
        shape, clock, processor, memory, size = told
        goal = f"processor seconds for {customers:,} customers from vectors to published scores"
        how = f"with words, plays, answers by id; {shape}; one run; {clock:.0f} s by the clock"
        yield at_most(goal, processor, 120 * customers / MILLION, how)
        how = f"the peak of that night; it leaves {size / customers:,.0f} bytes for each customer"
        yield at_most("gigabytes resident in it", memory, 1.0, how)


def night(home: Path, folder: Path) -> tuple[str, float, float, float, int]:
    """Score a folder's vectors: the model's shape, seconds, gigabytes, and bytes written."""
    begun, worked, scores = perf_counter(), process_time(), folder / "scores"
    scores.mkdir()
    scorer, cases = _scorer(home), Staged(folder / "vectors.parquet")
    base = Base(len(cases), {}, cases, digest_of(cases))
    score_base(scorer, base, AS_OF, scores)
    clock, processor = perf_counter() - begun, process_time() - worked
    size = sum(file.stat().st_size for file in scores.rglob("*") if file.is_file())
    trees = sum(booster.num_trees() for booster in scorer.model.boosters)
    return f"{trees:,} trees", clock, processor, peak_bytes() / GIGABYTE, size


def _scorer(home: Path) -> Scorer:
    place = bundle_at(home / "bundle")
    model, history = loaded(place), opened(str(home / "history"))
    return Scorer(model, history, limits_of(model.about), lambda: NOW, record=record_of(place))


def _company(home: Path) -> Path:
    """A made-up company with a model trained on it by the usual recipe."""
    from features.catalogue import CHURN
    from features.demo import simulate, write
    from serving.bundle import published
    from training.labels import ChurnLabel
    from training.run import described, named
    from training.train import Plan, train

    plan = Plan(now=AS_OF, test_dates=1, train_dates=6, threads=2)
    write(simulate(customers=COMPANY), home / "history")
    trained = train(opened(str(home / "history")), CHURN, ChurnLabel(), plan)
    named(trained.model, described(trained)).save(home / "made")
    published(home / "made", home / "bundle")
    return home


def _drawn(values: Values, chosen: Values, draw: Generator) -> Values:
    size = len(chosen)
    others = values[draw.integers(0, len(values), size)]
    told = np.where(draw.random(size) < MIXED, others, values[chosen])
    if values.dtype == object:
        return told
    numbers = told.astype(np.float64)
    whole = np.isnan(numbers) | (numbers == np.floor(numbers))
    return np.where(whole, numbers, numbers * (1 + MOVED * draw.normal(size=size)))


def _night(home: Path, folder: Path) -> tuple[str, float, float, float, int]:
    command = [sys.executable, "-m", HERE, "--home", str(home), "--night", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    shape, clock, processor, memory, size = json.loads(done.stdout)
    return shape, clock, processor, memory, size


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print one line a goal."""
    parser = argparse.ArgumentParser(prog=f"python -m {HERE}", description=__doc__)
    parser.add_argument("--customers", type=int, default=MILLION, help="how many")
    parser.add_argument("--home", type=Path, help="whose model and history; default: made up")
    parser.add_argument("--night", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.night:
        sys.stdout.write(json.dumps(night(asked.home, asked.night)))
        return
    for goal in rows(asked.customers, asked.home):
        sys.stdout.write(line(goal))


if __name__ == "__main__":
    main()
