"""Turn margins into probabilities that mean what they say."""

from dataclasses import dataclass

import numpy as np

from training.metrics import SMALLEST, Array, Floats, log_loss

FEWEST_EVENTS = 100


def sigmoid(logit: Floats) -> Floats:
    """The probability of a log-odds, without overflow at either end."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -np.asarray(logit, dtype=float))))


def log_odds(probability: Array) -> Floats:
    """The log-odds of a probability; 0 and 1 are moved in by the smallest step."""
    given = np.clip(np.asarray(probability, dtype=float), SMALLEST, 1 - SMALLEST)
    return np.asarray(np.log(given) - np.log1p(-given))


@dataclass(frozen=True)
class Platt:
    """A straight line in log-odds; as made, the identity.

    Being linear it keeps contributions exact: they are multiplied by `slope`.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        if not (self.slope > 0 and np.isfinite([self.slope, self.intercept]).all()):
            raise ValueError(
                f"A calibration of slope {self.slope} and intercept {self.intercept} would turn "
                "the ranking round or give no probability; its slope must be positive."
            )

    def logit(self, margin: Array) -> Floats:
        """The calibrated log-odds."""
        return self.slope * np.asarray(margin, dtype=float) + self.intercept

    def probability(self, margin: Array) -> Floats:
        """The calibrated probability of churn."""
        return sigmoid(self.logit(margin))


@dataclass(frozen=True)
class Choice:
    """The calibration taken, and the log-losses on the later window that decided it."""

    calibration: Platt
    log_loss: float
    log_loss_as_is: float


def fit_platt(margins: Array, churned: Array, weights: Array | None = None) -> Platt:
    """Fit the line on margins the boosters gave to rows they had not seen.

    Platt's targets, (N+ + 1) / (N+ + 2) and 1 / (N- + 2), keep it finite on rows that separate.
    Below 100 churned rows, or where the slope would not be positive, only the intercept moves.
    """
    lost = np.asarray(churned, dtype=float)
    each = np.ones(len(lost)) if weights is None else np.asarray(weights, dtype=float)
    events, others = float(each @ lost), float(each @ (1 - lost))
    targets = np.where(lost > 0, (events + 1) / (events + 2), 1 / (others + 2))
    if events >= FEWEST_EVENTS:
        slope, intercept = fit_line(margins, targets, each)
        if slope > 0:
            return Platt(slope, intercept)
    return Platt(1.0, fit_intercept(margins, targets, each))


def choose_calibration(fitted: Platt, margins: Array, churned: Array) -> Choice:
    """Keep `fitted` if it lowers the log-loss on a window later than the one it was fitted on."""
    as_is = log_loss(churned, Platt().probability(margins))
    with_it = log_loss(churned, fitted.probability(margins))
    return Choice(fitted if with_it < as_is else Platt(), with_it, as_is)


def fit_line(margins: Array, targets: Array, weights: Array | None = None) -> tuple[float, float]:
    """Slope and intercept of the logistic regression of `targets` (0 to 1) on `margins`."""
    design = np.column_stack([np.asarray(margins, dtype=float), np.ones(len(margins))])
    slope, intercept = _fit(design, np.zeros(len(design)), np.asarray(targets, float), weights)
    return float(slope), float(intercept)


def fit_intercept(margins: Array, targets: Array, weights: Array | None = None) -> float:
    """The shift in log-odds that makes the mean probability the mean target."""
    design, margins = np.ones((len(margins), 1)), np.asarray(margins, dtype=float)
    return float(_fit(design, margins, np.asarray(targets, float), weights)[0])


def _fit(design: Floats, offset: Floats, targets: Floats, weights: Array | None) -> Floats:
    """Newton's method with halved steps; the loss is convex, so it ends at its one optimum."""
    each = np.ones(len(targets)) if weights is None else np.asarray(weights, dtype=float)
    found = np.zeros(design.shape[1])
    for _ in range(50):
        step = _step(design, offset + design @ found, targets, each)
        start = _loss(offset + design @ found, targets, each)
        while _loss(offset + design @ (found + step), targets, each) > start + 1e-9:
            step = step / 2
        found = found + step
        if np.abs(step).max() < 1e-10:
            break
    return found


def _step(design: Floats, logit: Floats, targets: Floats, weights: Floats) -> Floats:
    chance = sigmoid(logit)
    downhill = design.T @ (weights * (targets - chance))
    curvature = (design.T * (weights * chance * (1 - chance))) @ design
    return np.asarray(np.linalg.lstsq(curvature, downhill, rcond=None)[0])


def _loss(logit: Floats, targets: Floats, weights: Floats) -> float:
    return float(weights @ (np.logaddexp(0.0, logit) - targets * logit))
