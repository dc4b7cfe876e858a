"""Hazards by month and cause, compounded into one probability, and one attribution of it.

A component is the chance to leave in one month for one cause, given that the customer is still
there and has not left for a cause asked before. By the chain rule the product of the chances to
stay is exact; nothing is assumed to be independent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.calibrate import Platt, sigmoid

Numbers: TypeAlias = NDArray[np.float64]
NEAR = 1e-8  # log-odds this close are taken as one point: a quotient of their difference is noise


class Cause(StrEnum):
    """Why a customer leaves: any cause, or of their own will before want of payment."""

    ANY = "any"
    VOLUNTARY = "voluntary"
    INVOLUNTARY = "involuntary"


@dataclass(frozen=True)
class Component:
    """The hazard of one cause in one month (1 is the first): an ensemble and a calibration."""

    cause: Cause
    month: int
    ensemble: int
    calibration: Platt

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Component":
        """From JSON."""
        line = Platt(**said["calibration"])
        return cls(Cause(said["cause"]), said["month"], said["ensemble"], line)


@dataclass(frozen=True)
class Outlook:
    """What lies ahead of some customers, one row for each.

    `days` are the ends of the months; `survival` (rows, months) is the chance to be there still at
    each end; `by_cause` the chance to leave for a cause by each end. They add up to 1.
    """

    days: tuple[int, ...]
    log_odds: Numbers
    survival: Numbers
    by_cause: Mapping[Cause, Numbers]

    @property
    def leaving(self) -> Numbers:
        """The probability to leave by the end of each month (rows, months): it never falls."""
        return np.asarray(-np.expm1(np.log(self.survival)))

    @property
    def expected_days(self) -> Numbers:
        """Days that a customer is expected to stay inside the horizon (restricted mean).

        Within a month survival is taken to fall in a straight line.
        """
        lengths = np.diff(np.array([0, *self.days]))
        begins = np.column_stack([np.ones(len(self.survival)), self.survival[:, :-1]])
        return np.asarray(((begins + self.survival) / 2) @ lengths)


def outlook(components: Sequence[Component], days: Sequence[int], log_odds: Numbers) -> Outlook:
    """Compound calibrated log-odds (rows, components), ordered by month and then by cause."""
    months, rows = len(days), len(log_odds)
    stays, survival = np.ones(rows), np.ones((rows, months))
    leaves = {each.cause: np.zeros((rows, months)) for each in components}
    for place, each in enumerate(components):
        leaves[each.cause][:, each.month - 1] = stays * sigmoid(log_odds[:, place])
        stays = stays * sigmoid(-log_odds[:, place])
        survival[:, each.month - 1] = stays
    by_cause = {cause: np.cumsum(chance, axis=1) for cause, chance in leaves.items()}
    return Outlook(tuple(days), log_odds, survival, by_cause)


def cumulative(log_odds: Numbers) -> Numbers:
    """The cumulative hazard -log(survival) of log-odds (..., components): it adds over them."""
    return np.asarray(np.logaddexp(0.0, log_odds).sum(axis=-1))


def compounded(log_odds: Numbers) -> Numbers:
    """The log-odds of leaving at all, of components' log-odds (..., components)."""
    if log_odds.shape[-1] == 1:
        return np.asarray(log_odds[..., 0])  # as it is, to the last digit
    hazard = cumulative(log_odds)
    return np.asarray(hazard + np.log(-np.expm1(-hazard)))


def rates(log_odds: Numbers, typical: Numbers) -> Numbers:
    """By how much a log-odds of each component moves that of the whole: (rows, components).

    The rescale rule twice over: from a component's log-odds to its part of the cumulative hazard,
    and from that to the log-odds of leaving at all. All are positive, so that signs stay, and
    sum_j rates_j (log_odds_j - typical_j) = compounded(log_odds) - compounded(typical).
    """
    if log_odds.shape[-1] == 1:
        return np.ones_like(log_odds)
    middle = (log_odds + typical) / 2
    parts = _quotient(np.logaddexp(0, log_odds), np.logaddexp(0, typical), log_odds, typical)
    parts = np.where(np.isnan(parts), sigmoid(middle), parts)
    hazard, usual = cumulative(log_odds), cumulative(typical)
    whole = _quotient(compounded(log_odds), compounded(typical), hazard, usual)
    whole = np.where(np.isnan(whole), -1 / np.expm1(-(hazard + usual) / 2), whole)
    return np.asarray(parts * whole[:, None])


def _quotient(above: Numbers, above_0: Numbers, below: Numbers, below_0: Numbers) -> Numbers:
    """The slope between two points; missing where they are one."""
    apart = np.asarray(below - below_0)
    far = np.abs(apart) > NEAR * np.maximum(np.abs(below), NEAR)
    return np.where(far, (above - above_0) / np.where(far, apart, 1.0), np.nan)
