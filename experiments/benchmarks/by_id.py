"""One customer in process: `python -m experiments.benchmarks.by_id`.

A vector from a thousand raw rows of use, and a score with its reasons by id from what the night
left. What is kept does not depend on the model, so that a small one will do. Judged are the
processor's milliseconds, since by the clock a busy machine is measured; the clock's are told too.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, thread_time

import numpy as np

from experiments.benchmarks.goals import Goal, at_most, line
from experiments.benchmarks.shapes import Numbers
from features.catalogue import CHURN
from features.demo import simulate, write
from features.history import History
from features.reference import planned, vector_of
from features.sources import opened
from serving.bands import limits_of
from serving.batch import score_everyone
from serving.cases import rows_of
from serving.scorer import Scorer
from serving.store import Store
from training.calibrate import Platt
from training.fit import fitted
from training.hazards import Cause, Component
from training.model import ChurnModel
from training.references import References

AS_OF, NOW = date(2026, 10, 1), datetime(2026, 10, 1, 8, tzinfo=UTC)
EVENTS = 1_000
MILLISECONDS = 1_000.0
WAYS = ("by the processor", "by the clock")


def rows(customers: int = 400, asked: int = 5_000) -> Iterator[Goal]:
    """Both goals, on a made-up company of so many customers."""
    with TemporaryDirectory() as made:
        write(simulate(customers=customers), Path(made) / "history")
        history = opened(str(Path(made) / "history"))
        yield from_raw_rows(history, asked // 10)
        yield from_the_night(history, Path(made) / "scores", asked)


def from_raw_rows(history: History, asked: int = 500) -> Goal:
    """All features of one customer by plain Python: the median."""
    plan, found = planned(CHURN), rows_of(history)
    busy = max(found.values(), key=lambda rows: len(rows.get("usage", ())))
    use = sorted(busy["usage"], key=lambda row: str(row["at"]))
    customer = busy | {"usage": [row for row in use if row["at"].date() < AS_OF][-EVENTS:]}
    taken = _taken([lambda: vector_of(plan, customer, AS_OF)] * asked)
    goal = f"milliseconds for a vector of {len(CHURN.names)} features, {EVENTS:,} rows of use"
    return at_most(goal, float(np.median(taken[0])), 1.0, _how(taken))


def from_the_night(history: History, scores: Path, asked: int = 5_000) -> Goal:
    """A score with reasons of what the night left: the 99th percentile."""
    model = _model()
    scorer = Scorer(model, history, limits_of({}), lambda: NOW, store=Store(scores))
    score_everyone(scorer, AS_OF, scores)
    people = [person.customer_id for person in scorer.everyone(AS_OF).cases.people]
    drawn = np.random.default_rng(1).choice(people, asked)
    taken = _taken([lambda id=id: scorer.one(str(id), AS_OF) for id in drawn])  # type: ignore[misc]
    late = float(np.percentile(taken[0], 99))
    return at_most("milliseconds for score and reasons by id", late, 0.5, _how(taken))


def _taken(works: Sequence[Callable[[], object]]) -> Numbers:
    """Milliseconds of each by the processor and by the clock, after a warm-up: (2, works)."""
    works[0]()
    return np.array([_timed(work) for work in works]).T * MILLISECONDS


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    begun, worked = perf_counter(), thread_time()
    work()
    return thread_time() - worked, perf_counter() - begun


def _how(taken: Numbers) -> str:
    both = np.percentile(taken, [50, 99], axis=1).T
    told = [f"{name} {a:.3g} and {b:.3g}" for name, (a, b) in zip(WAYS, both, strict=True)]
    return f"median and 99th percentile of {taken.shape[1]:,}: {', '.join(told)}"


def _model() -> ChurnModel:
    draw = np.random.default_rng(0)
    matrix = draw.random((2_000, len(CHURN.names)))
    churned = (draw.random(2_000) < matrix[:, 0] * 0.2).astype(float)
    plain = {"monotone_constraints": None}
    boosters = fitted(CHURN, np.floor(matrix * 50), churned, (1,), more=plain)
    words: dict[str, tuple[str, ...]] = dict.fromkeys(CHURN.categorical, ())
    whole = Component(Cause.ANY, 1, 0, Platt())
    return ChurnModel(CHURN, (boosters,), (whole,), (90,), words, References({}), {})


if __name__ == "__main__":
    for goal in rows():
        sys.stdout.write(line(goal))
