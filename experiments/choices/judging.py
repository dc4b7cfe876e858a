"""The shipped choice against another on the same customers: a gain above 0 is the shipped one's."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from experiments.choices.arms import Said
from experiments.choices.panels import Panel, column
from training.bootstrap import Statistics, measure
from training.hazards import Cause
from training.metrics import Array, Floats, Ranking, auc_of, log_losses
from training.reliability import BINS, place
from training.verdict import left_by

RESAMPLES = 500


def against(panel: Panel, shipped: Said, other: Said, month: int | None = None) -> dict[str, Any]:
    """Paired gains with their 90 % intervals, on who left by the end of a month or at all."""
    churned = left_by(panel.test, month or len(panel.label.month_ends), Cause.ANY)
    ours, theirs = (figures(churned, *_by(said, month)) for said in (shipped, other))

    def gains(weight: Floats) -> dict[str, Floats]:
        mine, yours = ours(weight), theirs(weight)
        return {
            "auc_gain": mine["auc"] - yours["auc"],
            "log_loss_gain": 1 - mine["log_loss"] / yours["log_loss"],
            "calibration_error_gain": yours["calibration_error"] - mine["calibration_error"],
            **{f"shipped_{name}": value for name, value in mine.items()},
            **{f"other_{name}": value for name, value in yours.items()},
        }

    found = measure(gains, column(panel.test, "customer_id"), RESAMPLES)
    return {name: rounded(asdict(value)) for name, value in found.items()}


def _by(said: Said, month: int | None) -> tuple[Floats, Floats]:
    """What ranks and the probability; an earlier month's probability ranks by itself."""
    if month is None:
        return said.margin, said.leaving[:, -1]
    return said.leaving[:, month - 1], said.leaving[:, month - 1]


def figures(churned: Floats, margin: Floats, probability: Floats) -> Statistics:
    """AUC, log-loss and expected calibration error of one arm."""
    ranking, losses = Ranking.of(margin), log_losses(churned, probability)
    lost_in_order = ranking.ordered(churned)
    error = calibration_error(churned, probability)

    def of(weight: Floats) -> dict[str, Floats]:
        ordered = ranking.ordered(weight)
        lost, size = ranking.places(ordered * lost_in_order), ranking.places(ordered)
        return {
            "auc": auc_of(lost, size - lost),
            "log_loss": weight @ losses / weight.sum(-1),
            "calibration_error": error(weight),
        }

    return of


def calibration_error(churned: Floats, probability: Floats) -> Callable[[Floats], Floats]:
    """The mean gap of predicted and observed rates over bins of equal count, in resamples."""
    gaps = np.zeros((len(churned), BINS))
    gaps[np.arange(len(churned)), place(probability)] = probability - churned
    return lambda weight: np.asarray(np.abs(weight @ gaps).sum(-1) / weight.sum(-1))


def contradictions(said: Said) -> float:
    """The share of customers whom a later horizon is said to leave less likely."""
    return float((np.diff(said.leaving, axis=1) < 0).any(axis=1).mean())


def rounded(value: dict[str, float], digits: int = 5) -> dict[str, float]:
    """So that a figure's noise does not look like precision."""
    return {name: round(number, digits) for name, number in value.items()}


def churned_customers(panel: Panel) -> int:
    """How many customers of the test left: what the intervals rest on."""
    left: Array = column(panel.test, "customer_id")[panel.test["churned"].to_numpy() == 1]
    return len(np.unique(left))
