"""What acting on scores is worth, in the business's own currency."""

import math
from dataclasses import dataclass

import numpy as np

from training.bootstrap import Statistics
from training.metrics import Array, Floats, Ranking, found, inside

BETA = (6.0, 14.0)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """The terms of one retention offer, in one currency.

    `clv` is what a customer who stays is worth (one number, or one per row), `incentive` what an
    accepted offer costs, `contact` what reaching out costs, `accept` the share of the customers
    about to leave who accept and stay. Defaults: Verbraken, Verbeke and Baesens (2013).
    """

    clv: float | Floats = 200.0
    incentive: float = 10.0
    contact: float = 1.0
    accept: float = 0.3

    def __post_init__(self) -> None:
        if not 0 < self.accept <= 1 or min(self.incentive, self.contact) < 0:
            raise ValueError(
                f"An offer with accept rate {self.accept}, incentive {self.incentive} and contact "
                f"cost {self.contact} cannot be: accept is above 0 and at most 1, costs are not "
                "negative."
            )

    @property
    def gain(self) -> Floats:
        """Profit of contacting a customer about to leave: FN - TP in costs."""
        return self.accept * (np.asarray(self.clv) - self.incentive) - self.contact

    @property
    def waste(self) -> float:
        """Cost of contacting a customer who would have stayed and takes the gift: FP - TN."""
        return self.incentive + self.contact


TEXTBOOK = Offer()


def threshold(offer: Offer) -> Floats:
    """The probability above which contacting pays: p x (FN - TP) > (1 - p) x (FP - TN).

    One per row where CLV is; infinite for a customer whose CLV does not repay the contact.
    """
    gain = np.asarray(offer.gain, dtype=float)
    pays = gain > 0
    return np.where(pays, offer.waste / (offer.waste + np.where(pays, gain, 1.0)), math.inf)


def profits(churned: Array, offer: Offer) -> Floats:
    """Each row's profit of being contacted against being left alone."""
    lost = np.asarray(churned, dtype=float)
    return lost * offer.gain - (1 - lost) * offer.waste


def policy_sums(churned: Array, probability: Array, offer: Offer) -> Floats:
    """Columns (rows, 3) whose weighted sums give savings: leaving alone, contacting all, by p.

    Each is a cost: a customer lost costs its CLV, and contacts lower that by their profit.
    """
    profit, left = profits(churned, offer), np.asarray(churned, dtype=float) * offer.clv
    chosen = np.asarray(probability) > threshold(offer)
    return np.column_stack([left, left - profit, left - profit * chosen])


def savings_of(sums: Floats) -> Floats:
    """The share of the better simple policy's cost that is saved, from sums (..., 3)."""
    simple = np.minimum(sums[..., 0], sums[..., 1])
    return np.asarray(1 - sums[..., 2] / np.where(simple != 0, simple, math.nan))


def savings(churned: Array, probability: Array, offer: Offer) -> float:
    """Saved by contacting who is above their threshold, of the better of none and all."""
    return float(savings_of(policy_sums(churned, probability, offer).sum(0)))


@dataclass(frozen=True)
class CutOffs:
    """What contacting the highest-scored customers of an as-of date brings, by cut-off.

    Means over the dates, one entry per cut-off from nobody to everybody. `lowest` is the lowest
    score that is contacted (infinite for nobody).
    """

    contacted: Floats
    caught: Floats
    false_alarms: Floats
    profit: Floats
    lowest: Floats

    @property
    def best(self) -> int:
        """The position of the most profitable cut-off."""
        return int(np.argmax(self.profit))


def cut_offs(
    churned: Array, scores: Array, offer: Offer, dates: Array | None = None, points: int = 101
) -> CutOffs:
    """Profit and churners caught when the first 0 ... all of each date by score are contacted.

    Cut-offs lie closer together where few are contacted, which is where teams work. `dates` are
    the rows' as-of dates; without them all rows are of one.
    """
    lost, worth = np.asarray(churned, dtype=float), profits(churned, offer)
    when = np.zeros(len(lost)) if dates is None else np.asarray(dates)
    shares = np.linspace(0, 1, points) ** 2
    each = [
        _date_cut_offs(lost[at], np.asarray(scores)[at], worth[at], shares)
        for at in (when == date for date in np.unique(when))
    ]
    contacted, caught, profit, lowest = np.mean(each, axis=0)
    return CutOffs(contacted, caught, contacted - caught, profit, lowest)


def _date_cut_offs(lost: Floats, scores: Array, worth: Floats, shares: Floats) -> Floats:
    ranking = Ranking.of(scores)
    contacted = len(lost) * shares
    inside_them = inside(ranking.sums(np.ones(len(lost))), contacted)
    sums = (found(ranking.sums(column), inside_them) for column in (lost, worth))
    last = np.ceil(contacted).astype(int) - 1
    lowest = np.where(last < 0, math.inf, np.asarray(scores)[ranking.order][last])
    return np.stack([contacted, *sums, lowest])


def mpc(churned: Array, scores: Array, offer: Offer = TEXTBOOK) -> float:
    """Maximum profit per customer at the best cut-off, with one sure accept rate."""
    gains, costs = _segments(churned, scores, offer)
    return float(np.maximum(gains * offer.accept - costs, 0).sum())


def empc(
    churned: Array, scores: Array, offer: Offer = TEXTBOOK, beta: tuple[float, float] = BETA
) -> float:
    """Expected maximum profit per customer, with the accept rate unsure: Beta(6, 14).

    The best profit as a function of the accept rate g is a sum over the segments of the ROC's
    convex hull of max(gain x g - cost, 0); each is integrated from where it turns positive.
    Of a CLV per row the mean is taken, as the measure is defined.
    """
    gains, costs = _segments(churned, scores, offer)
    start = np.clip(costs / np.where(gains > 0, gains, math.nan), 0, 1)[:, None]
    nodes, share = np.polynomial.legendre.leggauss(64)
    rate = start + (1 - start) * (nodes + 1) / 2
    worth = (gains[:, None] * rate - costs[:, None]) * _density(rate, beta)
    return float(np.nansum(worth @ share * (1 - start[:, 0]) / 2))


def _density(rate: Floats, beta: tuple[float, float]) -> Floats:
    a, b = beta
    log_scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return np.asarray(math.exp(log_scale) * rate ** (a - 1) * (1 - rate) ** (b - 1))


def empc_statistics(churned: Array, scores: Array, offer: Offer = TEXTBOOK) -> Statistics:
    """The same in resamples, with cut-offs only where the whole sample's hull has its corners."""
    lost, ranking = np.asarray(churned, dtype=float), Ranking.of(scores)
    corners = _corners(ranking.sums(lost), ranking.sums(1 - lost))
    segments = Ranking(ranking.order, ranking.starts[corners[:-1]])
    sides = segments.ordered(lost), segments.ordered(1 - lost)
    nodes, share = np.polynomial.legendre.leggauss(64)
    rate = (nodes + 1) / 2
    chance = share / 2 * _density(rate, BETA)

    def statistics(weight: Floats) -> dict[str, Floats]:
        ordered = segments.ordered(weight)
        caught, alarms = (np.cumsum(segments.places(ordered * side), -1) for side in sides)
        worth = caught[..., None] * ((_mean_clv(offer) - offer.incentive) * rate - offer.contact)
        best = np.maximum(worth - alarms[..., None] * offer.waste, 0).max(axis=-2)
        return {"empc": best @ chance / weight.sum(-1)}

    return statistics


def _segments(churned: Array, scores: Array, offer: Offer) -> tuple[Floats, Floats]:
    """By hull segment and per customer: profit per unit of accept rate, and cost in any case."""
    lost, ranking = np.asarray(churned, dtype=float), Ranking.of(scores)
    sides = ranking.sums(lost), ranking.sums(1 - lost)
    starts = _corners(*sides)[:-1]
    caught, alarms = (np.add.reduceat(side, starts) / len(lost) for side in sides)
    gain = caught * (_mean_clv(offer) - offer.incentive)
    return gain, caught * offer.contact + alarms * offer.waste


def _mean_clv(offer: Offer) -> float:
    return float(np.mean(offer.clv))


def _corners(lost: Floats, stayed: Floats) -> list[int]:
    """How many places lie before each corner of the ROC's upper hull, from none to all."""
    curve = np.cumsum(np.column_stack([lost, stayed]), axis=0).tolist()
    points = [(0.0, 0.0), *map(tuple, curve)]
    corners = [0]
    for place in range(1, len(points)):
        while len(corners) > 1 and not _turns(*(points[i] for i in (*corners[-2:], place))):
            corners.pop()
        corners.append(place)
    return corners


def _turns(
    first: tuple[float, float], middle: tuple[float, float], last: tuple[float, float]
) -> bool:
    """Whether the middle corner lies above the line from the first to the last."""
    rise, run = middle[0] - first[0], middle[1] - first[1]
    return rise * (last[1] - first[1]) > (last[0] - first[0]) * run
