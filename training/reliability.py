"""Whether 20 % really is 20 %: predicted against observed churn, and what noise explains."""

from dataclasses import dataclass

import numpy as np

from training.bootstrap import Interval, Statistics, interval
from training.calibrate import fit_line, log_odds, sigmoid
from training.metrics import Array, Floats, Ints

BINS = 12


@dataclass(frozen=True)
class Bins:
    """Rows by probability in bins of equal count; rows of equal probability stay together."""

    rows: Floats
    predicted: Floats
    observed: Floats

    @property
    def ece(self) -> float:
        """The expected calibration error: the mean gap between the two rates, by rows."""
        return float(np.average(np.abs(self.predicted - self.observed), weights=self.rows))


def place(probability: Array, bins: int = BINS) -> Ints:
    """The bin (from 0) of each row."""
    edges = np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1])
    reached = np.searchsorted(np.unique(edges), probability, side="left")
    return np.unique(reached, return_inverse=True)[1]


def binned(churned: Array, probability: Array, bins: int = BINS) -> Bins:
    """The reliability curve."""
    where = place(probability, bins)
    rows = np.bincount(where).astype(float)
    predicted, observed = (
        np.bincount(where, weights=np.asarray(column, dtype=float)) / rows
        for column in (probability, churned)
    )
    return Bins(rows, predicted, observed)


def expected_calibration_error(churned: Array, probability: Array, bins: int = BINS) -> float:
    """The error over `bins` bins of equal count."""
    return binned(churned, probability, bins).ece


def by_chance(probability: Array, bins: int = BINS, draws: int = 300, seed: int = 0) -> Floats:
    """Observed rates (draws, bins) if the probabilities were exactly right.

    Rows are drawn one by one; a customer's rows that stand or fall together vary more.
    """
    where, random = place(probability, bins), np.random.default_rng(seed)
    order = np.argsort(where, kind="stable")
    chance, rows = np.asarray(probability)[order], np.bincount(where)
    starts = np.cumsum(rows) - rows
    drawn = (random.random(len(chance)) < chance for _ in range(draws))
    return np.array([np.add.reduceat(lost, starts, dtype=float) for lost in drawn]) / rows


def noise_floor(probability: Array, bins: int = BINS, draws: int = 300, seed: int = 0) -> Interval:
    """The calibration error that a perfect model shows on as many rows: mean and middle 90 %."""
    rates, exact = by_chance(probability, bins, draws, seed), binned(probability, probability, bins)
    errors = np.average(np.abs(rates - exact.predicted), axis=1, weights=exact.rows)
    return interval(float(errors.mean()), errors)


def recalibration(churned: Array, probability: Array) -> tuple[float, float]:
    """Slope and intercept of a logistic regression on the log-odds; 1 and 0 are perfect.

    A slope below 1 means that the probabilities are too extreme. NaN without one row of each kind.
    """
    if len(np.unique(np.asarray(churned) > 0)) < 2:
        return float("nan"), float("nan")
    return fit_line(log_odds(probability), churned)


def recalibrations(churned: Array, probability: Array) -> Statistics:
    """The same in resamples, by one Newton step from the whole sample's fit.

    The step differs from a refit in second order only, and costs a hundredth of it.
    """
    slope, intercept = recalibration(churned, probability)
    logit = log_odds(probability)
    chance = sigmoid(np.where(np.isfinite(slope), slope * logit + intercept, 0.0))
    gap, spread = np.asarray(churned, dtype=float) - chance, chance * (1 - chance)
    columns = np.column_stack([gap * logit, gap, spread * logit**2, spread * logit, spread])

    def statistics(weights: Floats) -> dict[str, Floats]:
        by_slope, by_intercept, a, b, d = (weights @ columns).T
        area = np.where((area := a * d - b * b) > 1e-12 * a * d, area, np.nan)
        return {
            "slope": slope + (d * by_slope - b * by_intercept) / area,
            "intercept": intercept + (a * by_intercept - b * by_slope) / area,
        }

    return statistics
