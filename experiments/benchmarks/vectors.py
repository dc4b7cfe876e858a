"""Measure what vectors cost: `python -m experiments.benchmarks.vectors [--events N] [ROW ...]`.

Ways that are compared run in turn, by the processor's seconds of all threads; memory is the peak of
a process of its own. Histories are those of `histories`.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

import duckdb
import pyarrow as pa

from experiments.benchmarks.by_hand import use_by_hand
from experiments.benchmarks.goals import Goal, at_most, line
from experiments.benchmarks.histories import A_CUSTOMER, Size, make
from experiments.benchmarks.memory import peak_bytes
from features.catalogue import CHURN
from features.columns import columns
from features.compact import compact
from features.dated import parts_on
from features.featureset import FeatureSet, Values
from features.history import History
from features.nightly import kept_parts
from features.sources import opened
from features.usage import USAGE

Work = Callable[[], object]
HERE = "experiments.benchmarks.vectors"
MONTHS = 12
MEGABYTE = 1024**2
USE = FeatureSet("use", USAGE)
A_FLOOR = ("customers", "usage", *A_CUSTOMER)


def rows(rounds: int = 3, events: int = 20_000_000, named: Sequence[str] = ()) -> Iterator[Goal]:
    """Every goal of vectors, or those named, on a history of so many events."""
    with TemporaryDirectory() as folder:
        size = Size(events)
        raw = make(Path(folder) / "raw", size)
        for name in named or ROWS:
            yield from ROWS[name](raw, size, rounds)


def one_date(raw: Path, size: Size, rounds: int) -> Iterator[Goal]:
    """All features at one date, of a history as it arrives and of the same compacted.

    The harsher yardstick counts the rows of use alone, the other those of every table read.
    """
    arriving, laid_out = opened(str(raw)), raw.with_name("compacted")
    compact(arriving, laid_out)
    floors = {"the use": _floor(arriving, ["usage"]), "every table": _floor(arriving, A_FLOOR)}
    for words, place, bound in (("as it arrives", raw, 2.0), ("compacted", laid_out, 1.5)):
        work = _all_features(opened(str(place)), size.as_of)
        for what, floor in floors.items():
            counted = f"a bare GROUP BY of {what} as it arrives"
            goal = f"all features at one date, {words}, against {counted}"
            yield _against(goal, bound, work, floor, rounds, size)


def twelve_dates(raw: Path, size: Size, rounds: int) -> Iterator[Goal]:
    """Twelve monthly dates, against the last of them alone."""
    history = opened(str(raw))
    ids = _customers(history)
    dates = [size.as_of - timedelta(days=28 * back) for back in reversed(range(MONTHS))]

    def together() -> None:
        for as_of, made in parts_on(history, CHURN.parts, dates, ids):
            columns(CHURN, history, as_of, ids, made)

    goal = "twelve monthly dates, against one date"
    yield _against(goal, 3.0, together, _all_features(history, size.as_of), rounds, size)


def hand_written(raw: Path, size: Size, rounds: int) -> Iterator[Goal]:
    """The features of use, against SQL written by hand."""
    history = opened(str(raw))
    ids = _customers(history)
    work = partial(columns, USE, history, size.as_of, ids)
    with duckdb.connect() as database:
        by_hand = partial(use_by_hand, database, raw, size.as_of)
        _same(work(), by_hand(), ids)
        goal = "the features of use, against SQL written by hand"
        yield _against(goal, 1.1, work, by_hand, rounds, size)


def a_night(raw: Path, size: Size, rounds: int) -> Iterator[Goal]:
    """A night's features of use from partials: against a GROUP BY, and by the history's length."""
    history = opened(str(raw))
    with TemporaryDirectory() as folder:
        night = _nights(history, size, rounds, Path(folder) / "partials")
        goal = "a night's features of use, from partials, against a bare GROUP BY of all use"
        yield _against(goal, 1.0, night, _floor(history, ["usage"]), rounds, size)
        longer = Size(2 * size.events, 2 * size.months, size.people)
        beside = opened(str(make(Path(folder) / "longer", longer)))
        twice = _nights(beside, longer, rounds, Path(folder) / "longer_partials")
        goal = "the same against the same of a history of twice the length, for as many customers"
        yield _against(goal, 1.1, twice, night, rounds, longer)


def peak_memory(raw: Path, size: Size, rounds: int) -> Iterator[Goal]:
    """The most memory that all features at one date need, of a process that does nothing else."""
    command = [sys.executable, "-m", HERE, "--peak", str(raw), "--as-of", str(size.as_of)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    goal = f"all features at one date of {size.events:,} events: peak memory in MB"
    yield at_most(goal, int(told.stdout) / MEGABYTE, 600, "resident at most, one process")


Row = Callable[[Path, Size, int], Iterator[Goal]]
ROWS: dict[str, Row] = {
    "one_date": one_date,
    "twelve_dates": twelve_dates,
    "hand_written": hand_written,
    "a_night": a_night,
    "peak_memory": peak_memory,
}


def _all_features(history: History, as_of: date) -> Work:
    ids = _customers(history)
    return partial(columns, CHURN, history, as_of, ids)


def _floor(history: History, tables: Sequence[str]) -> Work:
    rows = [history.tables[name] for name in tables]
    counted = [each.group_by("customer_id").aggregate(rows=each.count()) for each in rows]
    return lambda: [each.to_pyarrow() for each in counted]


def _customers(history: History) -> list[str]:
    ids: list[str] = history.tables["customers"]["customer_id"].to_pyarrow().to_pylist()
    return sorted(ids)


def _same(made: Mapping[str, Values], by_hand: list[pa.Table], ids: list[str]) -> None:
    """Refuses a yardstick that measures something else."""
    bands = by_hand[0].to_pydict()
    place = {customer: number for number, customer in enumerate(ids)}
    for name in ("events_28d", "active_days_84d", "days_since_last_use"):
        values = made[name]
        for customer, value in zip(bands["customer_id"], bands[name], strict=True):
            if values[place[customer]] != (value or 0):
                raise ValueError(f"{name} of {customer} is {value} by hand.")


def _nights(history: History, size: Size, rounds: int, folder: Path) -> Work:
    """The next night each time, after a first build."""
    ids, nights = _customers(history), count(1)
    first = size.as_of - timedelta(days=2 * rounds + 2)  # the nights of two comparisons
    kept_parts(folder, USE.parts, history, first, ids)
    return lambda: kept_parts(folder, USE.parts, history, first + timedelta(days=next(nights)), ids)


def _against(goal: str, bound: float, one: Work, other: Work, rounds: int, size: Size) -> Goal:
    one(), other()
    found = [_seconds(one) / _seconds(other) for _ in range(rounds)]
    how = (
        f"processor seconds, {size.events:,} events of {size.people:,} customers in "
        f"{size.months} months, median of {rounds} rounds in turn, {min(found):.2f} to "
        f"{max(found):.2f}"
    )
    return at_most(goal, median(found), bound, how)


def _seconds(work: Work) -> float:
    start = process_time()
    work()
    return process_time() - start


def main(arguments: list[str] | None = None) -> None:
    """Measure and print one line a goal."""
    parser = argparse.ArgumentParser(prog=f"python -m {HERE}", description=__doc__)
    parser.add_argument("rows", nargs="*", help=f"of {', '.join(ROWS)}; default: all")
    parser.add_argument("--events", type=int, default=20_000_000, help="size of the history")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is taken")
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    parser.add_argument("--as-of", type=date.fromisoformat, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.peak:
        _all_features(opened(asked.peak), asked.as_of)()
        sys.stdout.write(str(peak_bytes()))
        return
    for goal in rows(asked.rounds, asked.events, asked.rows):
        sys.stdout.write(line(goal))


if __name__ == "__main__":
    main()
