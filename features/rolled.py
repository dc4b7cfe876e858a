"""Windows rolled up from days of use: for all customers at once, in numpy.

Customers, and the values that each had, are numbers from 0 on. All that is added up are whole
numbers, so that no order of nights changes a bit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.measures import DAYS_A_WEEK, EVER, MILLIONTHS, Atom, Numbers
from features.partials import Asked, is_of_values

Places: TypeAlias = NDArray[np.int32]
Columns: TypeAlias = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Day:
    """What one night told of one day: each customer (or value of one) at most once."""

    places: Places
    columns: Columns


@dataclass(frozen=True)
class Ever:
    """What is kept of all days of so many customers: n0, first0, last0, s0, ... in their order.

    By column, `whose` has the customer of each value, and `seen` how many of its rows were counted.
    """

    size: int
    columns: Columns
    whose: Mapping[str, Places]
    seen: Mapping[str, Columns]


ByDay: TypeAlias = Mapping[int, list[Day]]
Within: TypeAlias = list[tuple[int, list[Day]]]


def rolled(atom: Atom, asked: Asked, by_day: ByDay, ever: Ever, today: int) -> Numbers:
    """An atom's value for every customer, from the days of its window.

    `by_day` are the days of use, or of the values of the atom's column; `today` is the as-of date.
    """
    within = _within(atom, by_day, today)
    if is_of_values(atom):
        return _values(atom, f"n{asked.counts.index(atom.where)}", within, ever)
    if atom.kind == "sum":
        name = f"s{asked.sums.index((atom.column, atom.where))}"
        return _count(atom, name, within, ever) / MILLIONTHS
    number = asked.counts.index(atom.where)
    if atom.kind in ("count", "weeks"):
        return _count(atom, f"n{number}", within, ever)
    if atom.window.last == EVER:
        return _ago(atom, number, ever, today)
    return _days(atom, f"n{number}", within, ever.size)


def _within(atom: Atom, by_day: ByDay, today: int) -> Within:
    """The days of a window with an end, the latest first, by how long ago they are."""
    if atom.window.last == EVER:
        return []
    ago = range(atom.window.first, atom.window.last + 1)
    return [(days, by_day[today - days]) for days in ago if today - days in by_day]


def _count(atom: Atom, name: str, within: Within, ever: Ever) -> Numbers:
    """Rows or their sum; or the weeks since each row, whose number is the same all day."""
    if atom.window.last == EVER:
        return ever.columns[name].astype(np.float64)
    made = np.zeros(ever.size)
    for ago, told in within:
        times = (ago - atom.window.first) // DAYS_A_WEEK if atom.kind == "weeks" else 1
        for each in told if times else ():
            made[each.places] += each.columns[name] * times if times > 1 else each.columns[name]
    return made


def _days(atom: Atom, name: str, within: Within, size: int) -> Numbers:
    """How many different days, or how many days ago the latest or the earliest was."""
    made = np.zeros(size) if atom.kind == "distinct" else np.full(size, np.nan)
    for ago, told in reversed(within) if atom.kind == "min" else within:
        had = _had(name, told, size)
        if atom.kind == "distinct":
            made += had
        else:
            made[had] = ago
    return made


def _ago(atom: Atom, number: int, ever: Ever, today: int) -> Numbers:
    """How many days ago the latest or the earliest day of all was."""
    day = ever.columns[f"{'last' if atom.kind == 'min' else 'first'}{number}"]
    return np.where(ever.columns[f"n{number}"] > 0, today - day.astype(np.float64), np.nan)


def _values(atom: Atom, name: str, within: Within, ever: Ever) -> Numbers:
    """How many different values, from whether each was seen."""
    whose = ever.whose[atom.column]
    if atom.window.last == EVER:
        seen = ever.seen[atom.column][name] > 0
    else:
        seen = _had(name, (each for _, told in within for each in told), len(whose))
    return np.bincount(whose[seen], minlength=ever.size).astype(np.float64)


def _had(name: str, told: Iterable[Day], size: int) -> NDArray[np.bool_]:
    """Who had any, however many nights told of it."""
    had = np.zeros(size, bool)
    for each in told:
        had[each.places[each.columns[name] > 0]] = True
    return had
