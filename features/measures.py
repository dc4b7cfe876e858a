"""Measures: the few ways to turn a customer's rows into one number.

The algebra is closed: a measure is a handful of atoms (a count, a sum, a least or greatest value, a
last value, a number of distinct values) and one way to finish them. Engines know atoms only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from features.conditions import Condition, Where, conditions, present

AtomKind: TypeAlias = Literal["count", "sum", "weeks", "min", "max", "last", "distinct"]
Finish: TypeAlias = Literal["value", "ratio", "slope"]
Numbers: TypeAlias = NDArray[np.float64]
N = TypeVar("N", float, Numbers)
EVER = 36_500
DAYS_A_WEEK = 7
# Sums are made of whole millionths: exact to nine billion, so that no order of rows changes a bit.
MILLIONTHS = 1_000_000.0


@dataclass(frozen=True, order=True)
class Window:
    """Days before the as-of date: `first` days ago (1 is yesterday) to `last`, both included."""

    first: int = 1
    last: int = EVER

    def before(self, days: int) -> "Window":
        """The same window, so many days earlier."""
        return Window(self.first + days, min(self.last + days, EVER))


@dataclass(frozen=True)
class Atom:
    """One aggregate of one table: what an engine has to compute for one customer and date.

    `weeks` is the sum over rows of the number of whole weeks before the as-of date; `distinct`
    counts different values; `last` is the latest known value, the greatest of equally late ones.
    """

    table: str
    kind: AtomKind
    column: str
    where: tuple[Condition, ...]
    window: Window

    @property
    def empty(self) -> float:
        """The atom's value where no row counts."""
        return 0.0 if self.kind in ("count", "sum", "weeks", "distinct") else float("nan")


@dataclass(frozen=True)
class Measure:
    """A way to turn rows into a number; two measures are equal when their words and parts are."""

    words: str
    parts: tuple[tuple[AtomKind, str, tuple[Condition, ...]], ...]
    finish: Finish = "value"

    def atoms(self, table: str, where: tuple[Condition, ...], window: Window) -> tuple[Atom, ...]:
        """What has to be known of `table` for this measure."""
        return tuple(Atom(table, kind, col, where + more, window) for kind, col, more in self.parts)


def count() -> Measure:
    """Number of rows."""
    return Measure("rows", (("count", "", ()),))


def total(column: str) -> Measure:
    """Sum of a column, each value to the nearest millionth; 0 where there is no row."""
    return Measure(f"total {column}", (("sum", column, ()),))


def mean(column: str) -> Measure:
    """Mean of what is known in a column; missing where nothing is."""
    known = conditions({column: present()})
    return Measure(f"mean {column}", (("sum", column, ()), ("count", "", known)), "ratio")


def share(where: Where) -> Measure:
    """Share of the rows that also meet `where`; missing where there is no row."""
    also = conditions(where)
    words = " and ".join(str(condition) for condition in also)
    return Measure(f"share with {words}", (("count", "", also), ("count", "", ())), "ratio")


def distinct(column: str) -> Measure:
    """Number of different known values of a column; `days_ago` counts days with a row."""
    return Measure(f"distinct {column}", (("distinct", column, ()),))


def least(column: str) -> Measure:
    """Smallest known value of a column."""
    return Measure(f"least {column}", (("min", column, ()),))


def greatest(column: str) -> Measure:
    """Greatest known value of a column."""
    return Measure(f"greatest {column}", (("max", column, ()),))


def last(column: str) -> Measure:
    """Latest known value of a column."""
    return Measure(f"last {column}", (("last", column, ()),))


def days_since_last() -> Measure:
    """Days since the latest row; 1 is yesterday."""
    return Measure("days since the last row", (("min", "days_ago", ()),))


def days_since_first() -> Measure:
    """Days since the earliest row; 1 is yesterday."""
    return Measure("days since the first row", (("max", "days_ago", ()),))


def weekly_slope() -> Measure:
    """Least-squares slope of the rows a week over their weekly mean: -.1 is 10 % less each week.

    Linear in the rows, hence decomposable: with weeks w = 0 (latest) to k-1 the slope over time is
    -(sum of w - n (k-1)/2) / (k (k^2-1) / 12). Missing where there is no row.
    """
    return Measure("weekly slope of rows", (("weeks", "", ()), ("count", "", ())), "slope")


def finish(measure: Measure, atoms: Sequence[N], window: Window) -> N:
    """The measure's value from its atoms': one customer's numbers, or arrays of equal length."""
    if measure.finish == "value":
        return atoms[0]
    if measure.finish == "ratio":
        return ratio(atoms[0], atoms[1])
    return _slope(atoms[0], atoms[1], window)


def ratio(above: N, below: N) -> N:
    """One number over another; missing (NaN) where the second is 0 or missing."""
    if isinstance(below, float):
        return above / below if below != 0 and not math.isnan(below) else math.nan
    values = np.full(above.shape, np.nan)
    np.divide(above, below, out=values, where=(below != 0) & ~np.isnan(below))
    return values


def grown(values: N, age: N, days: int) -> N:
    """The values of customers of at least so many days; missing for the younger."""
    if isinstance(age, float):
        return values if age >= days else math.nan
    return np.where(age >= days, values, np.nan)


def filled(values: N, empty: float) -> N:
    """The values with another in place of what is missing."""
    if isinstance(values, float):
        return empty if math.isnan(values) else values
    return np.where(np.isnan(values), empty, values)


def _slope(weeks: N, rows: N, window: Window) -> N:
    k = (window.last - window.first + 1) / DAYS_A_WEEK
    centred = rows * ((k - 1) / 2) - weeks
    return ratio(centred / (k * (k * k - 1) / 12), rows / k)
