"""What a tree asks of a value, as steps over codes: every kind of split becomes comparisons.

A column's values become codes, in order: of a number, how many of the column's thresholds are
below it; of a category, its place among those that any tree knows. What is missing has the last
code. A node's answer is then a function of the code that changes at a few of them:
right = base + the sum of the changes whose code lies below the value's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.treeshap.trees import MISSING_NAN, MISSING_ZERO, Floats, Places, Trees

NEAR_ZERO = float(np.float32(1e-35))  # LightGBM takes numbers this small as zero
BELOW_ZERO = -NEAR_ZERO
MOST_CODES = 65_000  # a code is kept in 16 bits


class Columns(NamedTuple):
    """What values become codes: a feature's thresholds, or its categories; both rise."""

    feature: Places
    categorical: NDArray[np.bool_]
    cuts: Floats
    start: Places


class Steps(NamedTuple):
    """Each node's column, its answer to the smallest code, and where its answer changes."""

    column: Places
    base: Places
    start: Places
    cut: Places
    change: Places


@dataclass(frozen=True)
class _Asked:
    """A column with the nodes that ask of it, and their changes: (node, code, change)."""

    feature: int
    categorical: bool
    cuts: Floats
    nodes: Places
    base: Places
    changes: Places


def steps_of(trees: Trees) -> tuple[Columns, Steps]:
    """The columns that the trees ask of, and the steps of their nodes.

    Raises:
        ValueError: There are more different thresholds of one feature than codes.
    """
    asked = list(_asked(trees))
    if any(len(each.cuts) > MOST_CODES for each in asked):
        raise ValueError(f"A feature has more than {MOST_CODES} different thresholds.")
    column, base = np.zeros((2, len(trees.feature)), np.int64)
    for place, each in enumerate(asked):
        column[each.nodes], base[each.nodes] = place, each.base
    changes = np.concatenate([np.zeros((0, 3), np.int64), *(each.changes for each in asked)])
    changes = changes[np.lexsort((changes[:, 1], changes[:, 0]))]
    start = np.searchsorted(changes[:, 0], np.arange(len(column) + 1))
    columns = Columns(
        np.array([each.feature for each in asked], np.int64),
        np.array([each.categorical for each in asked], np.bool_),
        np.concatenate([np.zeros(0), *(each.cuts for each in asked)]),
        np.concatenate([[0], np.cumsum([len(each.cuts) for each in asked], dtype=np.int64)]),
    )
    return columns, Steps(column, base, start, changes[:, 1].copy(), changes[:, 2].copy())


def _asked(trees: Trees) -> Iterator[_Asked]:
    for feature in np.unique(trees.feature):
        mine = trees.feature == feature
        for kind, of in ((False, _numeric), (True, _categorical)):
            nodes = np.flatnonzero(mine & (trees.categorical == kind))
            if len(nodes):
                yield of(trees, int(feature), nodes)


def _numeric(trees: Trees, feature: int, nodes: Places) -> _Asked:
    """Right is what lies above the threshold, but for what is missing: the default way."""
    threshold, missing = trees.threshold[nodes], trees.missing[nodes]
    default, zero = trees.default_right[nodes].astype(np.int64), missing == MISSING_ZERO
    bounds = [BELOW_ZERO, NEAR_ZERO] if zero.any() else []
    cuts = np.unique(np.concatenate([threshold, bounds]))
    natural = (threshold < 0).astype(np.int64)  # where a zero goes as a number
    nowhere = np.where((missing == MISSING_NAN) | zero, default, natural)
    changes = [
        _changes(nodes, np.searchsorted(cuts, threshold), np.ones_like(nodes)),
        _changes(nodes, np.full_like(nodes, len(cuts)), nowhere - 1),
    ]
    for bound, sign in zip(bounds, (1, -1), strict=False):
        at = np.full_like(nodes, np.searchsorted(cuts, bound))
        changes.append(_changes(nodes, at, np.where(zero, sign * (default - natural), 0)))
    return _Asked(feature, False, cuts, nodes, np.zeros_like(nodes), np.concatenate(changes))


def _categorical(trees: Trees, feature: int, nodes: Places) -> _Asked:
    """Left are a node's categories, right all others and what is missing."""
    sets = [trees.categories[int(node)] for node in nodes]
    known = np.unique(np.concatenate(sets))
    right = np.array([_others(known, each) for each in sets])
    row, at = np.nonzero(np.diff(right, axis=1))
    changes = _changes(nodes[row], at, np.diff(right, axis=1)[row, at])
    return _Asked(feature, True, known.astype(np.float64), nodes, right[:, 0], changes)


def _others(known: Places, some: Sequence[int] | Places) -> Places:
    """By code, whether it is none of some categories; the last code stands for no known one."""
    return np.append(~np.isin(known, some), True).astype(np.int64)


def _changes(nodes: Places, cut: Places, change: Places) -> Places:
    """Changes as rows, without those that change nothing."""
    rows = np.column_stack([nodes, cut, change])
    return np.asarray(rows[change != 0])
