"""From boosters' texts to a forest: the tables, and the polynomial form of what has none."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from training.treeshap.bench import Forest
from training.treeshap.groups import Groups, groups_of
from training.treeshap.paths import Wood
from training.treeshap.pruned import pruned
from training.treeshap.quadrature import rules
from training.treeshap.steps import Steps, steps_of
from training.treeshap.tables import Tables, fill
from training.treeshap.trees import Floats, Places, Trees, trees_of

MOST_ENTRIES = 256  # of a table
MOST_BYTES = 128 * 1024**2  # of all tables


def forest_of(
    parts: Sequence[Sequence[str]],
    players: Sequence[int] | None = None,
    most_bytes: int = MOST_BYTES,
) -> Forest:
    """The forest of some parts: each is the mean of its boosters, given as LightGBM's texts.

    `players` gives each feature's player; by default each is its own. Tables take no more than
    `most_bytes`.

    Raises:
        ValueError: A booster is of a kind that is not read here.
    """
    trees, part = _averaged(parts)
    columns, steps = steps_of(trees)
    of = np.arange(trees.features) if players is None else np.asarray(players, np.int64)
    wood = _wood(trees, of[trees.feature])
    groups = _within(wood, steps, most_bytes)
    tables = _tables(wood, steps, groups)
    tabulated = groups.entries > 0
    cut = pruned(wood, _untabulated(wood, groups))
    among = np.arange(len(parts) + 1)
    return Forest(
        columns=columns,
        steps=steps,
        tables=tables,
        pruned=cut,
        rule=rules(max(2 * int(cut.points.max()), 1)),
        player=wood.player,
        first=wood.node_start,
        group_start=np.searchsorted(part[groups.tree[tabulated]], among),
        tree_start=np.searchsorted(part[cut.tree], among),
        typical=np.bincount(part, trees.typical, len(parts)).astype(np.float64),
        players=int(of.max()) + 1,
        widest=int(np.diff(wood.node_start).max()) + 1,
    )


def _averaged(parts: Sequence[Sequence[str]]) -> tuple[Trees, Places]:
    """All trees with their values divided by the boosters of their part, and each tree's part."""
    trees = trees_of([text for part in parts for text in part])
    boosters = np.array([len(part) for part in parts])
    part = np.repeat(np.repeat(np.arange(len(parts)), boosters), trees.size)
    each = np.repeat(boosters[part], np.diff(trees.leaf_start))
    return replace(trees, value=trees.value / each), part


def _wood(trees: Trees, player: Places) -> Wood:
    return Wood(
        trees.left,
        trees.right,
        trees.count,
        trees.value,
        trees.leaf_count,
        trees.node_start,
        trees.leaf_start,
        player,
    )


def _within(wood: Wood, steps: Steps, most_bytes: int) -> Groups:
    """Groups whose tables take no more than so many bytes: with fewer entries where they must."""
    most = MOST_ENTRIES
    while True:
        groups = groups_of(wood, steps, most)
        if 8 * int((groups.players * groups.entries).sum()) <= most_bytes:
            return groups
        most //= 2


def _tables(wood: Wood, steps: Steps, groups: Groups) -> Tables:
    some = Groups(*(each[groups.entries > 0] for each in groups))
    size = int(some.steps.sum())
    told = _starts(some.players * some.entries)
    tables = Tables(
        step_start=_starts(some.steps),
        column=np.zeros(size, np.int64),
        cut=np.zeros(size, np.uint16),
        change=np.zeros(size, np.uint16),
        player_start=_starts(some.players),
        player=np.zeros(int(some.players.sum()), np.int64),
        told_start=told,
        entries=some.entries,
        told=np.zeros(told[-1]),
    )
    fill(wood, steps, some, rules(MOST_ENTRIES.bit_length()), tables)
    return tables


def _untabulated(wood: Wood, groups: Groups) -> Places:
    """By leaf, 1 where it has no table; a leaf alone in its tree needs none."""
    found = np.zeros(len(wood.value), np.int64)
    found[groups.leaf[groups.entries == 0]] = 1
    return found


def _starts(sizes: Places | Floats) -> Places:
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
