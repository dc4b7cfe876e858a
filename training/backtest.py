"""What would have happened: at each past as-of date a model is fitted on what was known then.

Every model is judged on the customers of its one date, which lie an embargo after the last label
it learnt from; the walk forward of time-series forecasting (Tashman 2000), with an embargo
(Lopez de Prado 2018).
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from features.errors import InsufficientData
from features.featureset import FeatureSet
from features.history import History
from training.files import put
from training.labels import Label
from training.money import Offer
from training.snapshots import Snapshots, Split, as_of_dates, snapshots
from training.train import Plan, digest_of, fit
from training.verdict import verdict

Step = Callable[[str], None]
FEWEST = 30  # churned customers; below it not even a wide interval means something


@dataclass(frozen=True, kw_only=True)
class Walk:
    """How to walk: the newest `dates` as-of dates, `every` so many months, judged on these terms.

    Without `dates` the walk goes back as far as there is anything to train on.
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
    splits = stops_of(as_of_dates(history, walk.label, walk.plan.now), walk)
    wanted = sorted({day for split in splits for day in (*split.train, *split.test)})
    rows = snapshots(history, features, walk.label, wanted, step)
    place = folder / key_of(rows, features, walk)
    return [_stop(features, rows, split, walk, place, step) for split in splits]


def stops_of(dates: Sequence[date], walk: Walk) -> list[Split]:
    """The dates to judge on, each with the dates whose labels were known by then."""
    embargo = timedelta(days=walk.label.reach_days)
    newest_first = list(dates)[::-1][:: walk.every][: walk.dates]
    known = {day: [d for d in dates if d + embargo <= day] for day in newest_first[::-1]}
    splits = [Split(tuple(known[d][-walk.plan.train_dates :]), (d,)) for d in known if known[d]]
    if splits:
        return splits
    raise InsufficientData(
        f"None of {len(dates)} as-of dates is {walk.label.reach_days} days later than one to train "
        "on. Give a longer history, or a shorter horizon_days or gap_days."
    )


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
    told = repr([digest_of(rows.rows), recipe, terms])
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
    lost = churned_customers(rows, split.train)
    if lost < FEWEST:
        return Stop(
            as_of, trained_on, f"{lost} churned customers to train on; at least {FEWEST} are needed"
        )
    if not churned_customers(rows, split.test):
        return Stop(as_of, trained_on, "nobody churned whom a model could have foreseen")
    try:
        trained = fit(features, walk.label, rows, split, walk.plan)
    except InsufficientData as error:
        return Stop(as_of, trained_on, str(error))
    told = verdict(trained, walk.label, walk.offer, walk.capacity, resamples=walk.resamples)
    return Stop(as_of, trained_on, card=told.scorecard.to_dict())


def churned_customers(rows: Snapshots, dates: Sequence[date]) -> int:
    """How many customers churned after any of these dates."""
    part = rows.on(dates)
    lost: int = part[part["churned"] == 1].index.get_level_values("customer_id").nunique()
    return lost
