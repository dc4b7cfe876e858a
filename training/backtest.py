"""What would have happened: at each past as-of date a model is fitted on what was known then.

Every model is judged on the customers of its one date, which lie an embargo after the last label
it learnt from; the walk forward of time-series forecasting (Tashman 2000), with an embargo
(Lopez de Prado 2018).
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from features.errors import InsufficientData
from features.featureset import FeatureSet
from features.history import History
from training.below import shortfall
from training.files import put
from training.labels import Label
from training.money import Offer
from training.snapshots import Snapshots, Split, as_of_dates, snapshots, split
from training.train import Plan, fit
from training.verdict import verdict

Step = Callable[[str], None]
TOO_EARLY = "No earlier date's label was known by then."


@dataclass(frozen=True, kw_only=True)
class Walk:
    """How to walk: the newest `dates` as-of dates, `every` so many months, judged on these terms.

    Without `dates` the walk is over all of them.
    """

    label: Label
    plan: Plan
    offer: Offer
    capacity: int
    dates: int | None = None
    every: int = 1
    resamples: int = 500


@dataclass(frozen=True)
class Stop:
    """One date of the walk: what its model was trained on, and its scorecard or why there is none.

    `again` says that it was read from an earlier, interrupted walk.
    """

    as_of: str
    trained_on: tuple[str, ...]
    why: str = ""
    card: dict[str, Any] | None = None
    again: bool = False

    @property
    def said(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "as_of": self.as_of,
            "trained_on": list(self.trained_on),
            "why": self.why,
            "scorecard": self.card,
        }


def backtest(
    history: History,
    features: FeatureSet,
    walk: Walk,
    folder: Path,
    step: Step = lambda _: None,
) -> list[Stop]:
    """Fit and judge at each date, oldest first; a finished date is a file and is not done again.

    Raises:
        InsufficientData: No as-of date is an embargo later than one to train on.
    """
    dates = as_of_dates(history, walk.label, walk.plan.now)
    days = list(dates[::-1][:: walk.every][: walk.dates][::-1])
    splits = {day: split_at(dates, day, walk) for day in days}
    wanted = sorted({day for each in splits.values() if each for day in each.dates})
    if not wanted:
        split([days[-1]], walk.label)  # says what is missing
    plan = walk.plan
    rows = snapshots(history, features, walk.label, wanted, step, plan.holdout_share, plan.room)
    place = folder / key_of(rows, features, walk)
    return [
        _stop(features, rows, each, walk, place, step) if each else Stop(str(day), (), TOO_EARLY)
        for day, each in splits.items()
    ]


def split_at(dates: Sequence[date], day: date, walk: Walk) -> Split | None:
    """The one date to judge on, and those known by then; None if there were none."""
    try:
        return split([d for d in dates if d <= day], walk.label, 1, walk.plan.train_dates)
    except InsufficientData:
        return None


def key_of(rows: Snapshots, features: FeatureSet, walk: Walk) -> str:
    """Names the data and the recipe: stops of another history or settings are not mixed in."""
    plan = walk.plan
    recipe = [
        plan.seeds,
        plan.cross_seeds,
        plan.trees,
        plan.train_dates,
        sorted(plan.booster.items()),
    ]
    terms = [
        walk.label,
        walk.offer,
        walk.capacity,
        walk.resamples,
        sorted(features.contract.items()),
    ]
    told = repr([rows.digest, recipe, terms])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _stop(
    features: FeatureSet, rows: Snapshots, split: Split, walk: Walk, place: Path, step: Step
) -> Stop:
    [as_of] = split.test
    file = place / f"{as_of}.json"
    if file.is_file():
        step(f"{as_of} was done before")
        return stop_of(json.loads(file.read_text()), again=True)
    step(f"as it was on {as_of}")
    made = _judged(features, rows, split, walk)
    put(file, json.dumps(made.said, indent=1))
    return made


def stop_of(said: dict[str, Any], again: bool = False) -> Stop:
    """From JSON."""
    return Stop(said["as_of"], tuple(said["trained_on"]), said["why"], said["scorecard"], again)


def _judged(features: FeatureSet, rows: Snapshots, split: Split, walk: Walk) -> Stop:
    as_of, trained_on = split.test[0].isoformat(), tuple(map(str, split.train))
    if short := shortfall(rows.on(split.train), rows.on(split.test), walk.plan.least):
        return Stop(as_of, trained_on, short)
    trained = fit(features, walk.label, rows, split, walk.plan)
    told = verdict(trained, walk.label, walk.offer, walk.capacity, resamples=walk.resamples)
    return Stop(as_of, trained_on, card=told.scorecard.to_dict())
