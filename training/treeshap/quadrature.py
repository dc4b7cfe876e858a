"""Shapley values of one leaf as an integral, taken exactly.

A coalition's weight s! (M - s - 1)! / M! is the integral over x in [0, 1] of x^s (1 - x)^(M-s-1).
So a player's Shapley value in a product game is the integral of (fits - share) x the product over
the other players of (x fits + (1 - x) share): a polynomial of degree M - 1, for which the rule of
Gauss and Legendre with M/2 points is exact. All terms have one sign, so that nothing cancels.
"""

from typing import NamedTuple

import numpy as np

from training.treeshap.compiled import compiled
from training.treeshap.trees import Floats


class Quadrature(NamedTuple):
    """Points in [0, 1] and their weights: row n holds the rule of n points."""

    point: Floats
    weight: Floats


def rules(players: int) -> Quadrature:
    """The rules for paths of up to so many players."""
    most = points_for(players)
    point, weight = np.zeros((2, most + 1, most))
    for points in range(1, most + 1):
        x, w = np.polynomial.legendre.leggauss(points)
        point[points, :points], weight[points, :points] = (x + 1) / 2, w / 2
    return Quadrature(point, weight)


def points_for(players: int) -> int:
    """So many points are exact for so many players."""
    return (players + 1) // 2


@compiled
def shared(share: Floats, value: float, rule: Quadrature) -> Floats:
    """A leaf's contributions by pattern, a bit for each player that misses it, and by player."""
    players = len(share)
    points = (players + 1) // 2
    told = np.zeros((1 << players, players))
    for pattern in range(len(told)):
        for q in range(points):
            x = rule.point[points, q]
            whole = rule.weight[points, q] * value
            for k in range(players):
                whole *= (1 - x) * share[k] + x * (1 - (pattern >> k & 1))
            for k in range(players):
                fits = 1 - (pattern >> k & 1)
                told[pattern, k] += whole * (fits - share[k]) / ((1 - x) * share[k] + x * fits)
    return told
