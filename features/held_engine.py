"""Atoms and standings from tables held in memory: for all customers at once, in numpy.

Of tables other than use a customer has few rows: a database makes the groups of these slower than
arrays are added up, and a table that is held answers any number of dates.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from features.featureset import Part, Values
from features.held_rows import DAY, DAYS_AGO, MOMENT, NO_WORD, SUBSCRIPTION, Array, KnownRows
from features.measures import DAYS_A_WEEK, MILLIONTHS, Atom, AtomKind, Window
from features.standing import Combine, Standing
from features.tables import TABLES, Kind

ENDED, MRR, PLAN = "ended_at", "mrr", "plan"
FLAGS = 10_000_000  # of which a flag each is quicker than to put values in order
COUNTING = ("count", "weeks")
WORDED = ("last", "main", "distinct")  # what is also made of texts


def is_made(part: Part) -> bool:
    """Whether arrays can make a part: of numbers, or of texts that need not be added up."""
    way = part.combine if isinstance(part, Standing) else part.kind
    kinds = (Kind.NUMBER, Kind.TEXT) if way in WORDED else (Kind.NUMBER,)
    return way in COUNTING or _kind(part.table, part.column) in kinds


def columns_of(part: Part) -> set[str]:
    """The columns that a part reads."""
    more = {SUBSCRIPTION, ENDED, MRR, PLAN} if isinstance(part, Standing) else set()
    return {part.column, *(test.column for test in part.where)} | more


def values_of(rows: KnownRows, parts: Sequence[Part]) -> dict[Part, Values]:
    """The values of a table's parts for every customer."""
    moments = {part.days_before for part in parts if isinstance(part, Standing)}
    active = {days: _active(rows, days) for days in moments}
    return {
        part: _standing(rows, active[part.days_before], part)
        if isinstance(part, Standing)
        else _worded(rows, part.column, KINDS[part.kind](rows, part, _chosen(rows, part)))
        for part in parts
    }


def _kind(table: str, column: str) -> Kind:
    """What a column holds: a number, if it is derived or a flag."""
    kind = TABLES[table][column].kind if column in TABLES[table].names else Kind.NUMBER
    return Kind.NUMBER if kind is Kind.FLAG else kind


def _chosen(rows: KnownRows, atom: Atom) -> Array:
    """The places of the rows that an atom counts."""
    within, held = rows.within(atom.window), rows.met(atom.where)
    if held is None:
        return np.arange(within.start, within.stop)
    return np.asarray(np.flatnonzero(held[within]) + within.start)


def _active(rows: KnownRows, days_before: int) -> Array:
    """The places of the latest state of every subscription active so many days before."""
    early = np.arange(rows.within(Window(days_before + 1)).stop)
    latest = _greatest(rows.states[early], early, [rows[MOMENT], rows[MRR], rows[PLAN]])
    ends: Array = rows[ENDED][latest]
    return latest[ends >= rows.cut - days_before * DAY]


def _standing(rows: KnownRows, active: Array, standing: Standing) -> Values:
    held = rows.met(standing.where)
    chosen = active if held is None else active[held[active]]
    made = COMBINED[standing.combine](rows, standing, chosen)
    return _worded(rows, standing.column, made) if standing.combine == "main" else made


def _worded(rows: KnownRows, column: str, made: Values) -> Values:
    """Words in the place of their numbers; None where there is none."""
    words = rows.words(column)
    if words is None or made.dtype == np.float64:
        return made
    told: Values = np.array([*words.to_pylist(), None], object)[made]
    return told


def _count(rows: KnownRows, part: Part, chosen: Array) -> Values:
    return np.bincount(rows.whose[chosen], minlength=rows.size).astype(np.float64)


def _sum(rows: KnownRows, part: Part, chosen: Array) -> Values:
    """A sum of whole millionths, the same whatever order the rows come in."""
    chosen = chosen[rows.known(part.column)[chosen]]
    added = np.floor(rows[part.column][chosen] * MILLIONTHS + 0.5)
    return np.bincount(rows.whose[chosen], added, rows.size) / MILLIONTHS


def _weeks(rows: KnownRows, atom: Atom, chosen: Array) -> Values:
    weeks = (rows[DAYS_AGO][chosen] - atom.window.first) // DAYS_A_WEEK
    return np.bincount(rows.whose[chosen], weeks, rows.size)


def _extreme(how: np.ufunc, rows: KnownRows, part: Part, chosen: Array) -> Values:
    chosen = chosen[rows.known(part.column)[chosen]]
    made = np.full(rows.size, np.nan)
    made[rows.whose[chosen]] = rows[part.column][chosen]
    how.at(made, rows.whose[chosen], rows[part.column][chosen])
    return made


def _distinct(rows: KnownRows, part: Part, chosen: Array) -> Values:
    chosen = chosen[rows.known(part.column)[chosen]]
    values, many = _numbered(rows[part.column][chosen])
    pairs = rows.whose[chosen].astype(np.int64) * many + values
    if rows.size * many > FLAGS:
        return np.bincount(np.unique(pairs) // many, minlength=rows.size).astype(np.float64)
    seen = np.zeros(rows.size * many, bool)
    seen[pairs] = True
    return np.asarray(seen.reshape(rows.size, many).sum(axis=1), np.float64)


def _last(rows: KnownRows, part: Part, chosen: Array) -> Values:
    chosen = chosen[rows.known(part.column)[chosen]]
    latest = _greatest(rows.whose[chosen], chosen, [rows[MOMENT], rows[part.column]])
    return _placed(rows, part.column, latest)


def _main(rows: KnownRows, part: Part, chosen: Array) -> Values:
    """The value of the greatest MRR, and of the first by its id among equal ones."""
    chosen = chosen[rows.known(part.column)[chosen]]
    main = _greatest(rows.whose[chosen], chosen, [rows[MRR], -rows[SUBSCRIPTION]])
    return _placed(rows, part.column, main)


def _placed(rows: KnownRows, column: str, places: Array) -> Values:
    """The values of one row a customer."""
    values = rows[column]
    made = np.full(rows.size, np.nan if values.dtype == np.float64 else NO_WORD, values.dtype)
    made[rows.whose[places]] = values[places]
    return made


def _greatest(whose: Array, places: Array, keys: Sequence[Array]) -> Array:
    """The place of each group's row that is greatest by some keys; what is missing is least."""
    for key in keys:
        values = key[places]
        values = np.where(np.isnan(values), -np.inf, values) if values.dtype == float else values
        best = np.full(int(whose.max(initial=0)) + 1, values.min(initial=0), values.dtype)
        np.maximum.at(best, whose, values)
        first = values == best[whose]
        whose, places = whose[first], places[first]
    found = np.full(int(whose.max(initial=0)) + 1, NO_WORD, np.int64)
    found[whose] = places
    return np.asarray(found[found != NO_WORD])


def _numbered(values: Array) -> tuple[Array, int]:
    """Numbers from 0 on for values, and how many numbers there are; texts have theirs already."""
    if values.dtype != np.float64:
        return values, int(values.max(initial=0)) + 1
    found, numbers = np.unique(values, return_inverse=True)
    return numbers, max(len(found), 1)


KINDS: Mapping[AtomKind, Callable[[KnownRows, Atom, Array], Values]] = {
    "count": _count,
    "sum": _sum,
    "weeks": _weeks,
    "min": partial(_extreme, np.minimum),
    "max": partial(_extreme, np.maximum),
    "last": _last,
    "distinct": _distinct,
}
COMBINED: Mapping[Combine, Callable[[KnownRows, Standing, Array], Values]] = {
    "count": _count,
    "sum": _sum,
    "min": partial(_extreme, np.minimum),
    "max": partial(_extreme, np.maximum),
    "main": _main,
}
