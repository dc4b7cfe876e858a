"""Neighbouring leaves in groups: contributions of a group depend on a few answers alone.

Values of a column that the same leaves of a group let pass are one class. A group's entry is one
class of each of its columns, and all that its leaves contribute can be tabulated by entry: the
idea of woodelf (2025), by groups of leaves instead of by leaf.
"""

from typing import NamedTuple

import numpy as np

from training.treeshap.compiled import compiled
from training.treeshap.paths import CODES, Paths, Wood, paths_of
from training.treeshap.steps import Steps
from training.treeshap.trees import Floats, Places

MOST_LEAVES = 16  # of a group
# What a row costs, in additions of a table's number: a group, its step, a leaf that has no table,
# and a node of a tree without tables at a point of the quadrature; by the ratio of measured times.
GROUP, STEP, SWEPT, SWEPT_NODE = 1.0, 0.15, 8.0, 1.5


class Groups(NamedTuple):
    """Groups of leaves, in the order of trees: [first, last) of a tree's paths.

    `leaf` is the first leaf's number among all. `players`, `steps` and `entries` are how many each
    has; `entries` is 0 of a single leaf that is not worth a table.
    """

    tree: Places
    first: Places
    last: Places
    players: Places
    steps: Places
    entries: Places
    leaf: Places


def groups_of(wood: Wood, steps: Steps, most: int) -> Groups:
    """The cheapest groups with at most so many entries each."""
    return Groups(*(row.copy() for row in _all_groups(wood, steps, most)))


@compiled
def _all_groups(wood: Wood, steps: Steps, most: int) -> Places:
    found, done = np.zeros((7, len(wood.value)), np.int64), 0
    groups = Groups(found[0], found[1], found[2], found[3], found[4], found[5], found[6])
    for tree in range(len(wood.leaf_start) - 1):
        if wood.leaf_start[tree + 1] - wood.leaf_start[tree] > 1:
            paths = paths_of(wood, steps, tree)
            done = _cheapest(paths, most, tree, wood.leaf_start[tree], groups, done)
    return found[:, :done]


@compiled
def _cheapest(paths: Paths, most: int, tree: int, start: int, found: Groups, done: int) -> int:
    """The best way from each leaf to the last one, from what the leaves after it can do."""
    leaves = len(paths.leaf)
    cost, told = np.zeros(leaves + 1), np.zeros((leaves, 4), np.int64)
    for first in range(leaves - 1, -1, -1):
        cost[first], told[first, 0] = SWEPT + cost[first + 1], first + 1
        _extend(paths, most, first, cost, told)
    swept = SWEPT_NODE * (leaves - 1) * _points(paths)
    first = 0
    while first < leaves:
        last = told[first, 0] if cost[0] < swept else first + 1
        found.tree[done], found.first[done], found.last[done] = tree, first, last
        found.leaf[done] = start + paths.leaf[first]
        if cost[0] < swept:
            found.players[done], found.steps[done] = told[first, 1], told[first, 2]
            found.entries[done] = told[first, 3]
        done, first = done + 1, last
    return done


@compiled
def _extend(paths: Paths, most: int, first: int, cost: Floats, told: Places) -> None:
    """Finds the best group that begins with a leaf."""
    kind = np.zeros(len(paths.slot), np.int64)
    for last in range(first + 1, min(first + MOST_LEAVES, len(paths.leaf)) + 1):
        entries, steps = refined(paths, last - 1, kind)
        if entries > most:
            return
        players = _players(paths, first, last)
        way = GROUP + players + STEP * steps + cost[last]
        if way < cost[first]:
            cost[first], told[first, 0], told[first, 1] = way, last, players
            told[first, 2], told[first, 3] = steps, entries


@compiled
def _points(paths: Paths) -> int:
    """How many points of the quadrature are exact for all of a tree's leaves."""
    most = 0
    for leaf in range(len(paths.leaf)):
        players = 0
        for k in range(len(paths.player)):
            players += int(paths.share[leaf, k] >= 0)
        most = max(most, players)
    return (most + 1) // 2


@compiled
def refined(paths: Paths, leaf: int, kind: Places) -> tuple[int, int]:
    """Tells classes apart by one more leaf; returns the entries and the steps between classes.

    `kind` is each slot's class among its column's, numbered as they appear.
    """
    entries, steps, k = 1, 0, 0
    label = np.zeros(2 * len(kind) + 2, np.int64)
    while k < len(kind):
        column, classes = paths.slot[k] // CODES, 0
        for j in range(len(label)):
            label[j] = -1
        before = 0
        while k < len(kind) and paths.slot[k] // CODES == column:
            pair = 2 * kind[k] + paths.fits[leaf, k]
            if label[pair] < 0:
                label[pair] = classes
                classes += 1
            kind[k] = label[pair]
            steps += int(kind[k] != before)
            before = kind[k]
            k += 1
        entries *= classes
        if entries > CODES:
            return entries, steps
    return entries, steps


@compiled
def _players(paths: Paths, first: int, last: int) -> int:
    count = 0
    for player in range(len(paths.player)):
        for leaf in range(first, last):
            if paths.share[leaf, player] >= 0:
                count += 1
                break
    return count
