"""Who was at risk of leaving in each month for each cause, and who left: what is learnt from.

A row counts for a month as soon as that month has matured, whatever is still to come: partly
matured dates are used without bias. Source: discrete-time hazards on person-months, Allison (1982).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.hazards import Cause
from training.labels import Label, months_known
from training.metrics import Floats

Flags: TypeAlias = NDArray[np.bool_]
FEWEST_OF_A_CAUSE = 100  # churned snapshots, for the causes to be told apart
OWN_EVENTS = 1_000_000  # events a month, for boosters of its own
OF_THEIR_OWN = (Cause.VOLUNTARY, Cause.INVOLUNTARY)


@dataclass(frozen=True)
class Risk:
    """One cause in one month: which rows were at risk of it, and which of them left."""

    cause: Cause
    month: int
    at_risk: Flags
    left: Flags

    @property
    def events(self) -> int:
        """How many left."""
        return int(self.left.sum())


def risks_of(
    rows: pd.DataFrame, label: Label, known_by: date, causes: Sequence[Cause]
) -> list[Risk]:
    """Every month and cause of labelled rows, by month and then by cause.

    Who pays no more is asked only of those who did not leave of their own will in the month, so
    that the hazards multiply. Months that had not matured by `known_by` are left out.
    """
    followed = _followed(rows, label, known_by)
    months = range(1, len(label.month_ends) + 1)
    return [r for month in months for r in _in_month(rows, month, followed, causes)]


def causes_of(rows: pd.DataFrame) -> tuple[Cause, ...]:
    """The causes that enough customers left for; else all are one."""
    unpaid = unpaid_of(rows)
    counts = (int((rows["churned"].to_numpy() == 1)[mask].sum()) for mask in (unpaid, ~unpaid))
    return OF_THEIR_OWN if min(counts) >= FEWEST_OF_A_CAUSE else (Cause.ANY,)


def unpaid_of(rows: pd.DataFrame) -> Flags:
    """The rows of customers who left because they did not pay; all others left otherwise."""
    return np.asarray(rows["cause"].eq(Cause.INVOLUNTARY.value), bool)


def together(risks: Sequence[Risk]) -> list[tuple[Risk, ...]]:
    """Which risks share boosters: the months of a cause, unless each has events enough."""
    found: list[tuple[Risk, ...]] = []
    for cause in dict.fromkeys(risk.cause for risk in risks):
        months = tuple(risk for risk in risks if risk.cause is cause)
        alone = min(month.events for month in months) >= OWN_EVENTS
        found += [(month,) for month in months] if alone else [months]
    return found


def person_months(risks: Sequence[Risk]) -> tuple[Floats, Floats]:
    """By row: the share of its months at risk in which it left, and how many those are.

    Months of one row have one vector, so that their sum is a weighted row: the same likelihood.
    """
    months = np.sum([risk.at_risk for risk in risks], axis=0, dtype=float)
    left = np.sum([risk.left for risk in risks], axis=0, dtype=float)
    return left / np.maximum(months, 1.0), months


def _followed(rows: pd.DataFrame, label: Label, known_by: date) -> NDArray[Any]:
    dates = rows.index.get_level_values("as_of")
    known = {day: months_known(label, day, known_by) for day in dates.unique()}
    return np.asarray(dates.map(known))


def _in_month(
    rows: pd.DataFrame, month: int, followed: NDArray[Any], causes: Sequence[Cause]
) -> list[Risk]:
    exits = rows["month"].to_numpy()
    there = ((exits == 0) | (exits >= month)) & (followed >= month)
    left = there & (exits == month)
    if len(causes) == 1:
        return [Risk(causes[0], month, there, left)]
    willing = left & ~unpaid_of(rows)
    return [
        Risk(Cause.VOLUNTARY, month, there, willing),
        Risk(Cause.INVOLUNTARY, month, there & ~willing, left & ~willing),
    ]
