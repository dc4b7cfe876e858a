"""Contributions tabulated by group of leaves: computed once, looked up for every row."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.treeshap.compiled import compiled
from training.treeshap.groups import Groups, refined
from training.treeshap.paths import CODES, Paths, Wood, paths_of
from training.treeshap.quadrature import Quadrature, shared
from training.treeshap.steps import Steps
from training.treeshap.trees import Floats, Places


class Tables(NamedTuple):
    """Tables by group; a row's entry is the sum of the steps that its codes are above.

    Of group g: steps [step_start[g], step_start[g + 1]), players likewise; the table of its k-th
    player is `told` from told_start[g] + k * entries[g] on.
    """

    step_start: Places
    column: Places
    cut: NDArray[np.uint16]
    change: NDArray[np.uint16]
    player_start: Places
    player: Places
    told_start: Places
    entries: Places
    told: Floats


@compiled
def fill(wood: Wood, steps: Steps, groups: Groups, rule: Quadrature, tables: Tables) -> None:
    """Compute the tables of groups that have one, into arrays of the right sizes."""
    place, tree = 0, -1
    for group in range(len(groups.tree)):
        if groups.entries[group] == 0:
            continue
        if groups.tree[group] != tree:
            tree = groups.tree[group]
            paths = paths_of(wood, steps, tree)
        first, last = groups.first[group], groups.last[group]
        kind = np.zeros(len(paths.slot), np.int64)
        for leaf in range(first, last):
            refined(paths, leaf, kind)
        part = _write_steps(paths, kind, tables, place)
        _write_players(paths, first, last, tables, place)
        value = wood.value[wood.leaf_start[tree] : wood.leaf_start[tree + 1]]
        for leaf in range(first, last):
            _add(paths, value[paths.leaf[leaf]], leaf, (kind, part), rule, tables, place)
        place += 1


@compiled
def _write_steps(paths: Paths, kind: Places, tables: Tables, place: int) -> Places:
    """Each slot's part in the number of an entry; writes the group's steps."""
    part, stride, begin, most = np.zeros(len(kind), np.int64), 1, 0, 0
    step = tables.step_start[place]
    for k in range(len(kind)):
        most = max(most, kind[k])
        part[k] = kind[k] * stride
        if k > begin and kind[k] != kind[k - 1]:
            tables.column[step] = paths.slot[k] // CODES
            tables.cut[step] = paths.slot[k] % CODES - 1
            tables.change[step] = part[k] - part[k - 1]  # modulo 2^16, as their sum is
            step += 1
        if k + 1 == len(kind) or paths.slot[k + 1] // CODES != paths.slot[k] // CODES:
            stride, begin, most = stride * (most + 1), k + 1, 0
    return part


@compiled
def _add(
    paths: Paths,
    value: float,
    leaf: int,
    classes: tuple[Places, Places],
    rule: Quadrature,
    tables: Tables,
    place: int,
) -> None:
    """Add a leaf's contributions to its group's table."""
    bit, players = _bits(paths, leaf)
    missed = _missed(paths, leaf, bit, classes, tables.entries[place])
    share = np.zeros(players)
    for k in range(len(bit)):
        if bit[k] >= 0:
            share[bit[k]] = paths.share[leaf, k]
    told = shared(share, value, rule)
    start = tables.told_start[place]
    for j in range(tables.player_start[place], tables.player_start[place + 1]):
        for k in range(len(bit)):
            if bit[k] >= 0 and paths.player[k] == tables.player[j]:
                for entry in range(tables.entries[place]):
                    tables.told[start + entry] += told[missed[entry], bit[k]]
        start += tables.entries[place]


@compiled
def _bits(paths: Paths, leaf: int) -> tuple[Places, int]:
    """By player, its place among a leaf's own, -1 where it is none; and how many these are."""
    bit, players = np.zeros(len(paths.player), np.int64), 0
    for k in range(len(bit)):
        bit[k] = -1
        if paths.share[leaf, k] >= 0:
            bit[k] = players
            players += 1
    return bit, players


@compiled
def _missed(
    paths: Paths, leaf: int, bit: Places, classes: tuple[Places, Places], entries: int
) -> Places:
    """By entry, which of a leaf's players do not satisfy it: a bit each."""
    kind, part = classes
    missed = np.zeros(entries, np.int64)
    k = 0
    while k < len(kind):
        begin, stride, many = k, 0, 0
        while k < len(kind) and paths.slot[k] // CODES == paths.slot[begin] // CODES:
            if kind[k] == 1:
                stride = part[k]
            many = max(many, kind[k] + 1)
            k += 1
        if stride > 0 and bit[paths.owner[begin]] >= 0:
            misses = np.zeros(many, np.int64)
            for slot in range(begin, k):
                misses[kind[slot]] = 1 - paths.fits[leaf, slot]
            for entry in range(entries):
                missed[entry] |= misses[entry // stride % many] << bit[paths.owner[begin]]
    return missed


@compiled
def _write_players(paths: Paths, first: int, last: int, tables: Tables, place: int) -> None:
    """The group's players, rising."""
    at = tables.player_start[place]
    for player in range(len(paths.player)):
        for leaf in range(first, last):
            if paths.share[leaf, player] >= 0:
                tables.player[at] = paths.player[player]
                at += 1
                break
