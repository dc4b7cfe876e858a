"""The polynomial form: contributions of a tree of any size, for a block of rows at once.

At each point x of the quadrature, a player's factor in a leaf is x fits + (1 - x) share. Down the
tree each node's product of factors is built, up the tree the values of the leaves below are summed;
a branch gives its player the sum x (fits - share) / factor, less what the branch above that asked
the same player gave: Linear TreeSHAP (Yu et al. 2022), with values at points for polynomials.
All is linear in what a row decides, 0 or 1, so that rows go side by side.
"""

from training.treeshap.bench import Bench, Forest
from training.treeshap.compiled import compiled
from training.treeshap.pruned import Pruned


@compiled
def sweep(forest: Forest, k: int, rows: int, bench: Bench) -> None:
    """Add the k-th pruned tree's contributions to those told of a block."""
    pruned = forest.pruned
    begin, end, first = pruned.start[k], pruned.start[k + 1], forest.first[pruned.tree[k]]
    for at in range(begin, end):
        _decide(forest, first, pruned.alive[at], rows, bench)
        _hold(pruned, first, pruned.alive[at], rows, bench)
    points = pruned.points[k]
    for point in range(points):
        x = forest.rule.point[points, point]
        for r in range(rows):
            bench.product[0, r] = forest.rule.weight[points, point]
        for at in range(begin + 1, end):
            _down(pruned, first, pruned.alive[at], x, rows, bench)
        for at in range(end - 1, begin - 1, -1):
            _up(forest, first, pruned.alive[at], x, rows, bench)


@compiled
def _decide(forest: Forest, first: int, node: int, rows: int, bench: Bench) -> None:
    steps, number = forest.steps, first + node
    column = steps.column[number]
    for r in range(rows):
        bench.both[node, r] = steps.base[number]
    for step in range(steps.start[number], steps.start[number + 1]):
        cut, change = steps.cut[step], float(steps.change[step])
        for r in range(rows):
            bench.both[node, r] += change if bench.code[column, r] > cut else 0.0


@compiled
def _hold(pruned: Pruned, first: int, node: int, rows: int, bench: Bench) -> None:
    above = pruned.above[first + node]
    if above < 0:
        for r in range(rows):
            bench.held[node, r] = 1.0
    elif pruned.above_right[first + node]:
        for r in range(rows):
            bench.held[node, r] = bench.both[above, r]
    else:
        for r in range(rows):
            bench.held[node, r] = bench.held[above, r] - bench.both[above, r]
    for r in range(rows):
        bench.both[node, r] *= bench.held[node, r]


@compiled
def _factor(share: float, before: float, right: int, x: float) -> tuple[float, float, float]:
    """What a branch multiplies a product by: a constant, and the parts of `held` and `both`.

    The new factor through the one before; where the player was not asked before, that is 1.
    """
    here, since = share * (1 - x), before * (1 - x)
    missed = here / since
    fits, misses = (here + x) / (since + x), here / (since + x)
    if right:
        return missed, misses - missed, fits - misses
    return missed, fits - missed, misses - fits


@compiled
def _down(pruned: Pruned, first: int, node: int, x: float, rows: int, bench: Bench) -> None:
    """A node's product of factors is its parent's, times that of the branch between."""
    parent, right = pruned.parent[first + node], pruned.from_right[first + node]
    share = pruned.share_right[first + parent] if right else pruned.share_left[first + parent]
    base, held, both = _factor(share, pruned.share[first + parent], right, x)
    for r in range(rows):
        factor = base + held * bench.held[parent, r] + both * bench.both[parent, r]
        bench.product[node, r] = bench.product[parent, r] * factor


@compiled
def _given(share: float, x: float) -> float:
    """(fits - share) / factor where it fits, less where it does not: that is -1 / (1 - x)."""
    return (1 - share) / (share * (1 - x) + x) + 1 / (1 - x)


@compiled
def _up(forest: Forest, first: int, node: int, x: float, rows: int, bench: Bench) -> None:
    """A node's total is its branches'; its player is given what they give."""
    pruned, number, player = forest.pruned, first + node, forest.player[first + node]
    left, right = pruned.left[number], pruned.right[number]
    since, low, high = pruned.share[number], pruned.low[number], pruned.high[number]
    base_l, held_l, both_l = _factor(pruned.share_left[number], since, 0, x)
    base_r, held_r, both_r = _factor(pruned.share_right[number], since, 1, x)
    give_l, give_r = _given(pruned.share_left[number], x), _given(pruned.share_right[number], x)
    taken = _given(since, x)
    for r in range(rows):
        held, both, product = bench.held[node, r], bench.both[node, r], bench.product[node, r]
        if left >= 0:
            below = bench.total[left, r]
        else:
            below = product * low * (base_l + held_l * held + both_l * both)
        if right >= 0:
            above = bench.total[right, r]
        else:
            above = product * high * (base_r + held_r * held + both_r * both)
        bench.told[player, r] += below * (give_l * (held - both) - taken * held)
        bench.told[player, r] += above * (give_r * both - taken * held)
        bench.total[node, r] = below + above
