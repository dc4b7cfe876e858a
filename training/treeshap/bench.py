"""Where a block of rows is worked on: what is reused from tree to tree and from block to block."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.treeshap.compiled import compiled
from training.treeshap.pruned import Pruned
from training.treeshap.quadrature import Quadrature
from training.treeshap.steps import Columns, Steps
from training.treeshap.tables import Tables
from training.treeshap.trees import Floats, Places

ROWS = 256  # of a block: what is worked on stays in the processor's nearer caches


class Forest(NamedTuple):
    """All that contributions are computed from.

    Part p's tables are [group_start[p], group_start[p + 1]), its pruned trees likewise; `player`
    and `first` are each node's player and each tree's first node; `widest` the most nodes of one.
    """

    columns: Columns
    steps: Steps
    tables: Tables
    pruned: Pruned
    rule: Quadrature
    player: Places
    first: Places
    group_start: Places
    tree_start: Places
    typical: Floats
    players: int
    widest: int


class Bench(NamedTuple):
    """Room for a block: arrays of (columns, nodes or players, ROWS).

    `code` and `value` are of the rows' values, `entry` of a group. Of a tree's nodes, `held` is 1
    where a row satisfies the branches above that asked the same player, `both` where it goes right
    besides; `product` of factors and `total` of values are of one point. `told` are contributions.
    """

    value: Floats
    code: NDArray[np.uint16]
    entry: NDArray[np.uint16]
    held: Floats
    both: Floats
    product: Floats
    total: Floats
    told: Floats


@compiled
def bench_for(columns: int, nodes: int, players: int) -> Bench:
    """Room for so much."""
    return Bench(
        np.zeros(ROWS),
        np.zeros((columns, ROWS), np.uint16),
        np.zeros(ROWS, np.uint16),
        np.zeros((nodes, ROWS)),
        np.zeros((nodes, ROWS)),
        np.zeros((nodes, ROWS)),
        np.zeros((nodes, ROWS)),
        np.zeros((players, ROWS)),
    )
