"""What the model would read if a customer were back at its own usual: a reading, not an effect.

Only features that a team can act on and whose risk goes one way are moved, each to the median of
the customer's own last six months, and only where today's value is the worse one. Features that
measure the same move together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

from features.feature import Change, Declaration, Trend
from features.languages import ENGLISH, Language
from features.reference import vector_of
from features.words import sentence
from serving.cases import stacked
from serving.drivers import Driver, drivers_of
from serving.lookup import RowsOf
from serving.scorer import Scorer

MONTHS, APART = 6, timedelta(days=28)
FEWEST = 3  # months, or there is no usual
WORTH_SAYING = 0.005  # of the probability
MOST = 3

Vector = Mapping[str, Any]


@dataclass(frozen=True)
class Reading:
    """One group of features back at its usual: what is said now and then, and the probability."""

    now: str
    usual: str
    probability: float


@dataclass(frozen=True)
class WhatIf:
    """Readings, the strongest first; `together` is the probability with all of them moved."""

    readings: tuple[Reading, ...]
    together: float


def what_if(
    scorer: Scorer, rows: RowsOf, as_of: date, language: Language = ENGLISH
) -> WhatIf | None:
    """One customer's readings; None where nothing that can be acted on is worse than usual."""
    today, past = vectors_of(scorer, rows, as_of)
    usual = usual_of(scorer.model.features, today, past)
    groups = [(d, moved(d, today, usual)) for d in drivers_of(scorer.model.features)]
    groups = [(driver, values) for driver, values in groups if values]
    if not groups:
        return None
    everything = {name: value for _, values in groups for name, value in values.items()}
    tried = [today, *({**today, **values} for _, values in groups), {**today, **everything}]
    now, *each, together = scorer.model.probability(stacked(scorer.model.features, tried)).tolist()
    readings = [
        Reading(*_words(driver, today, values, language), chance)
        for (driver, values), chance in zip(groups, each, strict=True)
        if now - chance >= WORTH_SAYING
    ]
    strongest = tuple(sorted(readings, key=lambda reading: reading.probability)[:MOST])
    return WhatIf(strongest, together) if strongest else None


def vectors_of(scorer: Scorer, rows: RowsOf, as_of: date) -> tuple[Vector, Sequence[Vector]]:
    """The customer's vector on the date, and on those of the months before that knew it."""
    born = min((row["created_at"].date() for row in rows.get("customers", ())), default=as_of)
    dates = [as_of - APART * back for back in range(1, MONTHS + 1)]
    past = [vector_of(scorer.plan, rows, day) for day in dates if day > born]
    return vector_of(scorer.plan, rows, as_of), past


def usual_of(
    features: Iterable[Declaration], today: Vector, past: Sequence[Vector]
) -> dict[str, float]:
    """By feature that may be moved: the median of the months in which it was known."""
    wanted = [f.name for f in features if f.actionable and f.risk and _is_known(today[f.name])]
    known = {name: [v[name] for v in past if _is_known(v[name])] for name in wanted}
    return {name: median(values) for name, values in known.items() if len(values) >= FEWEST}


def moved(driver: Driver, today: Vector, usual: Mapping[str, float]) -> dict[str, float]:
    """A group's features at their usual, where that is the less risky value."""
    return {
        feature.name: usual[feature.name]
        for feature in driver.features
        if feature.name in usual and (today[feature.name] - usual[feature.name]) * feature.risk > 0
    }


def _words(
    driver: Driver, today: Vector, values: Mapping[str, float], language: Language
) -> tuple[str, str]:
    """What is said of the group now and at its usual, by the feature that says a level."""
    those = [feature for feature in driver.features if feature.name in values]
    plain = [f for f in those if not isinstance(f, Change | Trend)]
    speaker = (plain or those)[0]
    both = today[speaker.name], values[speaker.name]
    now, usual = (sentence(speaker, value, language=language) for value in both)
    return now, usual


def _is_known(value: Any) -> bool:
    return value is not None and value == value  # noqa: PLR0124  (NaN)
