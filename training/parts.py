"""Scorecards of the parts of a score: each horizon that ends earlier, and each cause."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from training.baselines import baselines
from training.blocks import Given
from training.evaluate import judge
from training.hazards import Cause
from training.judged import Judged
from training.labels import Label
from training.measured import error_of
from training.money import Offer
from training.scorecard import Scorecard
from training.train import Trained
from training.verdict import about_of, judged, left_by, worth

RESAMPLES = 300  # enough for intervals that decide nothing: only the whole passes the gate


@dataclass(frozen=True)
class Part:
    """What one part asks: who leaves by the end of a month, for a cause."""

    month: int
    days: int
    cause: Cause = Cause.ANY

    @property
    def name(self) -> str:
        """Such as 30_days or voluntary."""
        return f"{self.days}_days" if self.cause is Cause.ANY else self.cause.value


def parts_of(trained: Trained) -> Iterator[Part]:
    """The parts that can be judged: somebody left in each window."""
    model = trained.model
    last = len(model.days)
    found = [Part(month, days) for month, days in enumerate(model.days[:-1], 1)]
    found += [Part(last, model.horizon_days, c) for c in model.causes if c is not Cause.ANY]
    for part in found:
        windows = (trained.train, trained.test)
        if all(left_by(rows, part.month, part.cause).any() for rows in windows):
            yield part


def cards(
    trained: Trained, label: Label, offer: Offer, capacity: int, resamples: int = RESAMPLES
) -> dict[str, Scorecard]:
    """The scorecard of every part, by name; none where nothing was learnt.

    The baselines are fitted to the part's own question, so that each is held against a rival that
    was asked the same.
    """
    if trained.model.insufficient:
        return {}
    how: dict[str, Any] = {"capacity": capacity, "resamples": resamples}
    return {part.name: _card(trained, label, offer, part, how) for part in parts_of(trained)}


def _card(
    trained: Trained, label: Label, offer: Offer, part: Part, how: dict[str, Any]
) -> Scorecard:
    rows = _judged(trained, part)
    target = left_by(trained.train, part.month, part.cause)
    simple = baselines(trained.model.features, trained.train, target, trained.test)
    about = replace(
        about_of(trained, label),
        trained_churned=_customers(trained, target),
        horizon_days=part.days,
        cause=part.cause.value,
        best_feature=simple.best_single_name,
    )
    error = error_of(trained, part.days) if part.cause is Cause.ANY else np.nan
    given = Given(additivity_error=error)
    return judge(rows, simple.rivals, about, given=given, offer=worth(offer, rows), **how)


def _judged(trained: Trained, part: Part) -> Judged:
    return judged(trained.model, trained.test, part.days, part.cause)


def _customers(trained: Trained, target: Any) -> int:
    customers = trained.train.index.get_level_values("customer_id")
    return int(customers[target == 1].nunique())
