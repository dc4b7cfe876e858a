"""How well scores rank customers and how close probabilities come to what happened.

The functions that take sums by place also take a leading axis of resamples, so that an interval
costs one pass over the rows per resample and no copy of them.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

SMALLEST = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Ranking:
    """The rows from the highest score down; rows with equal scores share one place.

    `order` lists the rows, `starts` says where in it each place begins.
    """

    order: Ints
    starts: Ints

    @classmethod
    def of(cls, scores: Array) -> "Ranking":
        """Rank by `scores` (rows,); a missing score is a ValueError, since it has no place."""
        if np.isnan(scores).any():
            raise ValueError("A score is missing (NaN): a row without a score cannot be ranked.")
        order = np.argsort(-np.asarray(scores, dtype=float), kind="stable")
        ordered = np.asarray(scores)[order]
        is_new = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
        return cls(order, np.flatnonzero(is_new))

    def ordered(self, values: Array) -> Floats:
        """`values` (..., rows) from the highest-scored row down."""
        return np.take(np.asarray(values, dtype=float), self.order, axis=-1)

    def places(self, ordered: Floats) -> Floats:
        """Sum ordered values (..., rows) by place: (..., places)."""
        if len(self.starts) == len(self.order):
            return ordered
        return np.asarray(np.add.reduceat(ordered, self.starts, axis=-1))

    def sums(self, values: Array) -> Floats:
        """Sum `values` (..., rows) by place: (..., places)."""
        return self.places(self.ordered(values))


def ratio(numerator: Floats, denominator: Floats, otherwise: float = math.nan) -> Floats:
    """Divide; where the denominator is zero the answer is `otherwise`."""
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    filled = np.full(numerator.shape, otherwise)
    np.divide(numerator, denominator, out=filled, where=denominator != 0)
    return filled


def auc_of(churned: Floats, stayed: Floats) -> Floats:
    """AUC from the churned and the stayed by place (..., places); a tie counts one half."""
    at = _somebody(churned)
    above = np.cumsum(stayed, -1)[..., at] - stayed[..., at] / 2
    below = stayed.sum(-1, keepdims=True) - above
    won = np.einsum("...p,...p->...", churned[..., at], below)
    return ratio(won, churned.sum(-1) * stayed.sum(-1))


def average_precision_of(churned: Floats, stayed: Floats) -> Floats:
    """The mean, over churned rows, of the precision at their place (no interpolation)."""
    at = _somebody(churned)
    found, caught = churned[..., at], np.cumsum(churned[..., at], -1)
    precision = caught / np.maximum(caught + np.cumsum(stayed, -1)[..., at], SMALLEST)
    return ratio(np.einsum("...p,...p->...", found, precision), churned.sum(-1))


def _somebody(churned: Floats) -> Ints:
    """The few places where anybody churned, in any resample: only there sums are needed."""
    return np.flatnonzero(churned.any(axis=tuple(range(churned.ndim - 1))))


def inside(rows: Floats, first: Floats | float) -> Floats:
    """Which share of each place lies in the `first` rows, where `rows` stand at each place.

    The place that the cut goes through gives its fair share: the expected value over all orders
    of equal scores, so that the order of the input rows never matters. The places after the last
    cut are left off.
    """
    cut, reached = np.asarray(first, dtype=float)[..., None], np.cumsum(rows, -1)
    last = int(np.max(np.count_nonzero(reached < cut, axis=-1), initial=0)) + 1
    size = rows[..., :last]
    share = (cut - reached[..., :last] + size) / np.maximum(size, SMALLEST)
    return np.asarray(np.clip(share, 0, 1))


def found(what: Floats, share: Floats) -> Floats:
    """How much of `what` lies in the shares of the places."""
    return np.asarray(np.einsum("...p,...p->...", what[..., : share.shape[-1]], share))


def lift_of(what: Floats, size: Floats, share: Floats) -> Floats:
    """The rate what/size inside `share` over the same rate everywhere.

    `size` counts rows for a lift by customers, and is MRR for a lift by MRR.
    """
    rate = ratio(found(what, share), found(size, share))
    return ratio(rate, ratio(what.sum(-1), size.sum(-1)))


def tenth(rows: Floats) -> Floats:
    """The number of rows in the top decile, round(n x 0.1) and at least one."""
    return np.asarray(np.maximum(np.rint(rows.sum(-1) * 0.1), 1))


def auc(churned: Array, scores: Array, weights: Array | None = None) -> float:
    """The chance that a churned row scores above a stayed one; NaN without one of each."""
    return float(auc_of(*_sides(churned, scores, weights)))


def average_precision(churned: Array, scores: Array, weights: Array | None = None) -> float:
    """The area under the precision-recall steps; NaN without a churned row."""
    return float(average_precision_of(*_sides(churned, scores, weights)))


def top_decile_lift(churned: Array, scores: Array, weights: Array | None = None) -> float:
    """The churn rate in the highest-scored tenth over the overall rate."""
    lost, stayed = _sides(churned, scores, weights)
    rows = lost + stayed
    return float(lift_of(lost, rows, inside(rows, tenth(rows))))


def lift_at(churned: Array, scores: Array, k: int) -> float:
    """The churn rate in the `k` highest-scored rows over the overall rate."""
    lost, stayed = _sides(churned, scores, None)
    return float(lift_of(lost, lost + stayed, inside(lost + stayed, k)))


def recall_at(churned: Array, scores: Array, k: int, worth: Array | None = None) -> float:
    """The share of all churned rows, or of their `worth` (MRR), among the `k` highest-scored."""
    lost, stayed = _sides(churned, scores, None)
    value = lost if worth is None else _sides(churned, scores, worth)[0]
    return float(ratio(found(value, inside(lost + stayed, k)), value.sum(-1)))


def _sides(churned: Array, scores: Array, weights: Array | None) -> tuple[Floats, Floats]:
    ranking = Ranking.of(scores)
    lost = np.asarray(churned, dtype=float)
    each = np.ones(len(lost)) if weights is None else np.asarray(weights, dtype=float)
    return ranking.sums(each * lost), ranking.sums(each * (1 - lost))


def log_losses(churned: Array, probability: Array) -> Floats:
    """Each row's loss, -log of the probability given to what happened, kept finite."""
    given = np.clip(np.asarray(probability, dtype=float), SMALLEST, 1 - SMALLEST)
    return np.asarray(-np.log(np.where(np.asarray(churned) > 0, given, 1 - given)))


def log_loss(churned: Array, probability: Array, weights: Array | None = None) -> float:
    """The mean of the rows' log-losses, in nats."""
    return float(np.average(log_losses(churned, probability), weights=weights))


def brier(churned: Array, probability: Array, weights: Array | None = None) -> float:
    """The mean squared distance between probability and outcome."""
    gap = np.asarray(probability, dtype=float) - np.asarray(churned, dtype=float)
    return float(np.average(gap**2, weights=weights))


def brier_skill(churned: Array, probability: Array, weights: Array | None = None) -> float:
    """1 - Brier / the Brier of the rows' own churn rate, the best constant in hindsight."""
    rate = np.average(np.asarray(churned, dtype=float), weights=weights)
    constant = np.array(rate * (1 - rate))
    return float(1 - ratio(np.array(brier(churned, probability, weights)), constant))


def observed_expected(churned: Array, probability: Array) -> float:
    """Churned rows over the sum of their probabilities; above 1 the model was too calm."""
    return float(ratio(np.array(float(np.sum(churned))), np.array(float(np.sum(probability)))))


def poisson_interval(count: int, level: float = 0.95) -> tuple[float, float]:
    """The exact (Garwood) interval of a Poisson mean after `count` events."""
    tail = (1 - level) / 2
    low = _poisson_mean(count - 1, 1 - tail) if count else 0.0
    return low, _poisson_mean(count, tail)


def _poisson_mean(count: int, chance: float) -> float:
    """The mean at which `count` or fewer events have this chance."""
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, count + 1)))])
    events = np.arange(count + 1)
    low, high = 0.0, count + 20 + 10 * math.sqrt(count + 1)
    while high - low > 1e-10 * max(high, 1.0):
        mean = (low + high) / 2
        at_most = np.exp(events * math.log(mean) - mean - log_factorials).sum()
        low, high = (mean, high) if at_most > chance else (low, mean)
    return (low + high) / 2
