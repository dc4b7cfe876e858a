"""A tree's leaves with what each asks of a value: the ground on which contributions stand.

A player is what a contribution is given to: a feature, or a theme of several. What a leaf adds to
the value of a coalition S is its value x the product over its path's players of: for those in S,
whether the row satisfies all that the path asks of them; for others, the share of rows that do.
"""

from typing import NamedTuple

import numpy as np

from training.treeshap.compiled import compiled
from training.treeshap.steps import Steps
from training.treeshap.trees import Floats, Places

CODES = 1 << 17  # more than a column has codes
LEAST = 1e-30  # a branch that no row took: its share must not be 0, for it is divided by


class Wood(NamedTuple):
    """Trees for the compiled functions: as `Trees`; `rows` and `leaf_rows` are their counts.

    `player` is each node's player.
    """

    left: Places
    right: Places
    rows: Floats
    value: Floats
    leaf_rows: Floats
    node_start: Places
    leaf_start: Places
    player: Places


class Paths(NamedTuple):
    """One tree's leaves, from left to right.

    `slot` are the codes at which any answer changes, as column * CODES + code + 1, each column's
    beginning with its smallest; `owner` is each slot's place among the players. `fits` (leaves,
    slots) says whether a leaf lets values from a slot on pass; `share` (leaves, players) the share
    of rows that pass, -1 where a leaf asks nothing.
    """

    leaf: Places
    slot: Places
    owner: Places
    fits: Places
    player: Places
    share: Floats


@compiled
def paths_of(wood: Wood, steps: Steps, tree: int) -> Paths:
    """The paths of one tree with at least two leaves."""
    first, last = wood.node_start[tree], wood.node_start[tree + 1]
    slot = _rising(_codes(steps, first, last))
    player = _rising(wood.player[first:last])
    leaves = last - first + 1
    fits, share = np.ones((leaves, len(slot)), np.int64), np.zeros((leaves, len(player)))
    leaf, owner = np.zeros(leaves, np.int64), np.zeros(len(slot), np.int64)
    paths = Paths(leaf, slot, owner, fits, player, share)
    for k in range(len(player)):
        share[0, k] = -1.0
    # The row of a branch's first leaf holds what all of its leaves have in common.
    below, row = _leaves_below(wood, first, last), np.zeros(leaves, np.int64)
    for node in range(last - first):
        left, right = wood.left[first + node], wood.right[first + node]
        after = row[node] + (below[left] if left >= 0 else 1)
        _branch(wood, steps, tree, node, paths, (row[node], after))
        for child, at in ((left, row[node]), (right, after)):
            if child >= 0:
                row[child] = at
            else:
                leaf[at] = ~child
    return paths


@compiled
def _branch(
    wood: Wood, steps: Steps, tree: int, node: int, paths: Paths, rows: tuple[int, int]
) -> None:
    """Begins the row of the right branch with that of the left, and narrows both."""
    left, right = rows
    number = wood.node_start[tree] + node
    k = 0
    while paths.player[k] != wood.player[number]:
        k += 1
    for j in range(len(paths.player)):
        paths.share[right, j] = paths.share[left, j]
    paths.share[left, k] = narrowed(wood, tree, number, wood.left[number], paths.share[left, k])
    paths.share[right, k] = narrowed(wood, tree, number, wood.right[number], paths.share[right, k])
    for j in range(len(paths.slot)):
        paths.fits[right, j] = paths.fits[left, j]
        if paths.slot[j] // CODES == steps.column[number]:
            paths.owner[j] = k
            answer = _answer(steps, number, paths.slot[j] % CODES)
            paths.fits[right, j] &= answer
            paths.fits[left, j] &= 1 - answer


@compiled
def narrowed(wood: Wood, tree: int, number: int, child: int, share: float) -> float:
    """The share of rows that are still left after a branch."""
    if child < 0:
        rows = wood.leaf_rows[wood.leaf_start[tree] + ~child]
    else:
        rows = wood.rows[wood.node_start[tree] + child]
    part = rows / max(wood.rows[number], 1.0)
    return float(max(part if share < 0 else share * part, LEAST))


@compiled
def _leaves_below(wood: Wood, first: int, last: int) -> Places:
    below = np.zeros(last - first + 1, np.int64)
    for node in range(last - first - 1, -1, -1):
        left, right = wood.left[first + node], wood.right[first + node]
        below[node] = (below[left] if left >= 0 else 1) + (below[right] if right >= 0 else 1)
    return below


@compiled
def _codes(steps: Steps, first: int, last: int) -> Places:
    """Where the answers of nodes change, and where each column begins."""
    keys = np.zeros(steps.start[last] - steps.start[first] + last - first, np.int64)
    place = 0
    for node in range(first, last):
        keys[place] = steps.column[node] * CODES
        place += 1
        for step in range(steps.start[node], steps.start[node + 1]):
            keys[place] = steps.column[node] * CODES + steps.cut[step] + 1
            place += 1
    return keys


@compiled
def _answer(steps: Steps, node: int, code: int) -> int:
    """A node's answer to a code: 1 where the value goes right."""
    right = steps.base[node]
    for step in range(steps.start[node], steps.start[node + 1]):
        if steps.cut[step] < code:
            right += steps.change[step]
    return int(right)


@compiled
def _rising(given: Places) -> Places:
    """The different ones of a few numbers, rising: sorted by insertion."""
    found, size = np.zeros(len(given), np.int64), 0
    for number in given:
        k = size
        while k > 0 and found[k - 1] > number:
            k -= 1
        if k > 0 and found[k - 1] == number:
            continue
        for j in range(size, k, -1):
            found[j] = found[j - 1]
        found[k] = number
        size += 1
    return found[:size]
