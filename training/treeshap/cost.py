"""What a row's contributions cost, counted and not timed: a model costs the same on every machine.

Counted are additions of a table's number (see `groups`), of which a core makes about one in a
nanosecond: .7 to 1.1 ns on trees of 7 to 63 leaves, measured on two cores of a server in 2026.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from training.treeshap.trees import Places, Trees, trees_of

if TYPE_CHECKING:  # numba is optional
    from training.treeshap.bench import Forest

WALKED = 4.0  # additions for each two branches of a leaf's path in LightGBM's own TreeSHAP


def additions(forest: "Forest") -> float:
    """By the kernel: the look-ups in its tables, and the sweeps of trees that have none."""
    from training.treeshap.groups import GROUP, STEP, SWEPT_NODE

    tables, cut = forest.tables, forest.pruned
    groups, players = len(tables.entries), int(tables.player_start[-1])
    swept = float((np.diff(cut.start) * cut.points[:-1]).sum())
    return groups * GROUP + players + int(tables.step_start[-1]) * STEP + swept * SWEPT_NODE


def walked(texts: Sequence[str]) -> float:
    """By LightGBM itself, which unwinds each leaf's path by branches (Lundberg et al. 2020)."""
    depth = depths(trees_of(texts))
    return WALKED * float((depth * (depth + 1)).sum())


def depths(trees: Trees) -> Places:
    """By leaf, how many branches lead to it."""
    node, leaf = np.zeros(len(trees.feature), np.int64), np.zeros(len(trees.value), np.int64)
    tree = np.repeat(np.arange(len(trees.node_start) - 1), np.diff(trees.node_start))
    for number, place in enumerate(tree):
        for child in (trees.left[number], trees.right[number]):
            where = node if child >= 0 else leaf
            start = trees.node_start[place] if child >= 0 else trees.leaf_start[place]
            where[start + (child if child >= 0 else ~child)] = node[number] + 1
    return leaf
