"""Trees cut down to the leaves without a table, laid out for the polynomial form (see `sweep`)."""

from typing import NamedTuple

import numpy as np

from training.treeshap.compiled import compiled
from training.treeshap.paths import Wood, narrowed
from training.treeshap.trees import Floats, Places


class Pruned(NamedTuple):
    """All inner nodes by number, with places in their tree; -1 is nowhere.

    `parent` and the branch that a node is on (`from_right`); its children `left` and `right`, -1
    where there is a leaf, whose value is in `low` or `high`: 0 if it is in a table. `above` is the
    last node before that asks the same player, `above_right` the way it is left; `share` is the
    player's share there, 1 where it was never asked, `share_left` and `share_right` after each
    branch; `players` is how many were asked so far. Of each `tree` that has leaves without a table,
    `alive` has the nodes, the k-th's from start[k] on, and `points` how many points are exact.
    """

    parent: Places
    from_right: Places
    left: Places
    right: Places
    above: Places
    above_right: Places
    players: Places
    low: Floats
    high: Floats
    share: Floats
    share_left: Floats
    share_right: Floats
    alive: Places
    start: Places
    points: Places
    tree: Places


def pruned(wood: Wood, untabulated: Places) -> Pruned:
    """Lay the trees out; `untabulated` is 1 for leaves without a table."""
    nodes = len(wood.player)
    whole, parts = np.full((7, nodes), -1, np.int64), np.zeros((5, nodes))
    trees = np.flatnonzero(np.add.reduceat(untabulated, wood.leaf_start[:-1]))
    start, points = np.zeros((2, len(trees) + 1), np.int64)
    found = Pruned(
        parent=whole[0],
        from_right=whole[1],
        left=whole[2],
        right=whole[3],
        above=whole[4],
        above_right=whole[5],
        players=whole[6],
        low=parts[0],
        high=parts[1],
        share=parts[2],
        share_left=parts[3],
        share_right=parts[4],
        alive=np.zeros(nodes, np.int64),
        start=start,
        points=points,
        tree=trees,
    )
    _lay_out(wood, untabulated, found)
    return found._replace(alive=found.alive[: start[-1]])


@compiled
def _lay_out(wood: Wood, untabulated: Places, found: Pruned) -> None:
    for k in range(len(found.tree)):
        tree, done = found.tree[k], found.start[k]
        first, last = wood.node_start[tree], wood.node_start[tree + 1]
        for node in range(last - first):
            for side in range(2):
                child = wood.right[first + node] if side else wood.left[first + node]
                if child >= 0:
                    found.parent[first + child], found.from_right[first + child] = node, side
            _shares(wood, tree, node, found)
        for node in range(last - first - 1, -1, -1):
            _prune(wood, untabulated, tree, node, found)
        for node in range(last - first):
            if _is_alive(found, first + node):
                found.alive[done] = node
                done += 1
                found.points[k] = max(found.points[k], (found.players[first + node] + 1) // 2)
        found.start[k + 1] = done


@compiled
def _shares(wood: Wood, tree: int, node: int, found: Pruned) -> None:
    """Where the player was asked before, and its shares from there on."""
    first = wood.node_start[tree]
    number, at, above = first + node, node, -1
    while found.parent[first + at] >= 0 and above < 0:
        way, at = found.from_right[first + at], found.parent[first + at]
        if wood.player[first + at] == wood.player[number]:
            above = at
            found.above[number], found.above_right[number] = above, way
    share = 1.0
    if above >= 0:
        since = found.share_right if found.above_right[number] else found.share_left
        share = since[first + above]
    found.share[number] = share
    found.share_left[number] = narrowed(wood, tree, number, wood.left[number], share)
    found.share_right[number] = narrowed(wood, tree, number, wood.right[number], share)
    parent = found.parent[number]
    before = found.players[first + parent] if parent >= 0 else 0
    found.players[number] = before + int(above < 0)


@compiled
def _prune(wood: Wood, untabulated: Places, tree: int, node: int, found: Pruned) -> None:
    """Keeps children with leaves that have no table, and the values of such leaves."""
    number, leaves = wood.node_start[tree] + node, wood.leaf_start[tree]
    for side in range(2):
        child = wood.right[number] if side else wood.left[number]
        value = 0.0
        if child < 0:
            value = wood.value[leaves + ~child] * untabulated[leaves + ~child]
        elif not _is_alive(found, wood.node_start[tree] + child):
            child = -1
        if side:
            found.right[number], found.high[number] = max(child, -1), value
        else:
            found.left[number], found.low[number] = max(child, -1), value


@compiled
def _is_alive(found: Pruned, number: int) -> bool:
    """Whether a node has leaves below it that are not in tables; children are asked first."""
    children = found.left[number] >= 0 or found.right[number] >= 0
    return bool(children or found.low[number] != 0.0 or found.high[number] != 0.0)
