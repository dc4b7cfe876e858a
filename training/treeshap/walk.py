"""From values to contributions, block by block: codes, then tables, then what has no table."""

import numpy as np

from training.treeshap.bench import ROWS, Bench, Forest, bench_for
from training.treeshap.compiled import compiled
from training.treeshap.steps import NEAR_ZERO, Columns
from training.treeshap.sweep import sweep
from training.treeshap.tables import Tables
from training.treeshap.trees import Floats

LARGEST = 2.0**31  # a category is a whole number below


@compiled
def walk(
    forest: Forest, matrix: Floats, span: tuple[int, int], margins: Floats, told: Floats
) -> None:
    """Write margins (parts, rows) and contributions (parts, rows, players) of (rows, features).

    A part is a sum of trees of its own; only rows of a span [first, last) are read and written.
    """
    bench = bench_for(len(forest.columns.feature), forest.widest, forest.players)
    for begin in range(span[0], span[1], ROWS):
        rows = min(ROWS, span[1] - begin)
        for column in range(len(forest.columns.feature)):
            _code(forest.columns, column, matrix, begin, rows, bench)
        for part in range(len(forest.typical)):
            _part(forest, part, rows, bench)
            _write(forest, part, begin, rows, bench, margins, told)


@compiled
def _part(forest: Forest, part: int, rows: int, bench: Bench) -> None:
    for player in range(forest.players):
        for r in range(rows):
            bench.told[player, r] = 0.0
    for group in range(forest.group_start[part], forest.group_start[part + 1]):
        _look_up(forest.tables, group, rows, bench)
    for tree in range(forest.tree_start[part], forest.tree_start[part + 1]):
        sweep(forest, tree, rows, bench)


@compiled
def _write(
    forest: Forest, part: int, begin: int, rows: int, bench: Bench, margins: Floats, told: Floats
) -> None:
    for r in range(rows):
        margin = forest.typical[part]
        for player in range(forest.players):
            margin += bench.told[player, r]
            told[part, begin + r, player] = bench.told[player, r]
        margins[part, begin + r] = margin


@compiled
def _code(
    columns: Columns, column: int, matrix: Floats, begin: int, rows: int, bench: Bench
) -> None:
    """How many of a column's cuts are below each value; of what is missing, the last code."""
    feature, categorical = columns.feature[column], columns.categorical[column]
    cuts = columns.cuts[columns.start[column] : columns.start[column + 1]]
    for r in range(rows):
        value = matrix[begin + r, feature]
        bench.value[r] = _category(value) if categorical else _number(value)
    _search(cuts, column, rows, bench)
    for r in range(rows):
        code = bench.code[column, r]
        if categorical and (code == len(cuts) or cuts[code] != bench.value[r]):
            bench.code[column, r] = len(cuts)
        elif not categorical and np.isnan(bench.value[r]):
            bench.code[column, r] = len(cuts) + 1


@compiled
def _category(value: float) -> float:
    return float(np.trunc(value)) if abs(value) < LARGEST else np.nan


@compiled
def _number(value: float) -> float:
    return 0.0 if abs(value) <= NEAR_ZERO else value


@compiled
def _search(cuts: Floats, column: int, rows: int, bench: Bench) -> None:
    """By halves, all rows at a time."""
    step = 1
    while step <= len(cuts):
        step *= 2
    for r in range(rows):
        bench.code[column, r] = 0
    while step > 1:
        step //= 2
        for r in range(rows):
            place = bench.code[column, r] + step
            below = place <= len(cuts) and cuts[min(place, len(cuts)) - 1] < bench.value[r]
            bench.code[column, r] += step if below else 0


@compiled
def _look_up(tables: Tables, group: int, rows: int, bench: Bench) -> None:
    for r in range(rows):
        bench.entry[r] = 0
    for step in range(tables.step_start[group], tables.step_start[group + 1]):
        column, cut, change = tables.column[step], tables.cut[step], tables.change[step]
        for r in range(rows):
            bench.entry[r] += change if bench.code[column, r] > cut else np.uint16(0)
    begin = tables.told_start[group]
    for k in range(tables.player_start[group], tables.player_start[group + 1]):
        player, end = tables.player[k], begin + tables.entries[group]
        told = tables.told[begin:end]
        for r in range(rows):
            bench.told[player, r] += told[bench.entry[r]]
        begin = end
