"""A table held in memory as arrays: what was known of all customers on any date, without a query.

The rules are those of `History.known`; the property tests of the engines hold the two equal.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import and_, ge, gt, le, lt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.conditions import Condition
from features.derived import AS_OF, Elapsed, derived
from features.history import SECONDS_AN_HOUR
from features.measures import EVER, Window
from features.partials import ordinal
from features.tables import Column, Kind, Table, arrival_of

Array = NDArray[Any]
SECOND = 1_000_000  # microseconds, in which moments are counted from 1970 on
DAY = 86_400 * SECOND
NEVER = int(np.iinfo(np.int64).max)  # a moment that is missing
NO_WORD = -1  # a text that is missing; others are numbered in the order of their bytes
MOMENT, DAYS_AGO, CUSTOMER, KNOWN = "moment", "days_ago", "customer_id", "known_at"
SUBSCRIPTION, PLACE = "subscription_id", "_place"
COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "at_least": ge, "at_most": le, "above": gt, "below": lt
}  # fmt: skip


@dataclass(frozen=True)
class Held:
    """Some columns of a table, its rows in the order of time, and when each was known.

    Moments are microseconds since 1970, flags and numbers floats, and texts places in `words`.
    `whose` are the customers' places among `size` that were asked for. `arrived` says by the
    table's own time when a row was known, and by a revealing time when its columns were. `states`
    number the subscriptions.
    """

    table: Table
    size: int
    whose: Array
    columns: Mapping[str, Array]
    words: Mapping[str, pa.Array]
    arrived: Mapping[str, Array]
    states: Array | None


def needed(table: Table, names: Iterable[str]) -> list[str]:
    """The table's own columns that some columns, derived ones among them, are made of."""
    made = {e.name: (e.start, e.end) for e in derived(table.name, table.at)}
    asked = {CUSTOMER, table.at, KNOWN}
    asked |= {own for name in names for own in made.get(name, (name,))} - {"", AS_OF, MOMENT}
    moments = {table[name].revealed_by for name in asked} - {""}
    asked |= moments | {arrival_of(moment) for moment in moments}
    return [column.name for column in table if column.name in asked]


def held(table: Table, rows: pa.Table, customers: pa.Array) -> Held:
    """A table's rows that are some customers', as arrays."""
    places = pc.index_in(rows[CUSTOMER], value_set=customers)
    rows = rows.drop_columns([CUSTOMER]).append_column(PLACE, places)
    rows = rows.filter(places.is_valid()) if places.null_count else rows
    order = np.argsort(_moments(rows[table.at]), kind="stable")
    words = {c.name: _words(rows[c.name]) for c in table if _is(c, Kind.TEXT, rows)}
    columns = {c.name: _array(c, rows, words)[order] for c in table if c.name in rows.column_names}
    whose = np.asarray(rows[PLACE].to_numpy(), np.int32)[order]
    times = {table.at: KNOWN} | {moment: arrival_of(moment) for moment in table.reveals}
    arrived = {t: _arrived(columns, t, late) for t, late in times.items() if t in columns}
    kept = {name: values for name, values in columns.items() if name not in times.values()}
    states = _states(whose, columns[SUBSCRIPTION]) if SUBSCRIPTION in columns else None
    return Held(table, len(customers), whose, kept, words, arrived, states)


class KnownRows:
    """The rows of a table as known at midnight UTC of a date; what was not revealed is missing.

    Rows lie in the order of time, the earliest first; columns are made as they are asked for.
    """

    def __init__(self, held: Held, as_of: date) -> None:
        self.size, self.today, self.cut = held.size, ordinal(as_of), ordinal(as_of) * DAY
        self._held, self._there = held, self._known(held)
        self._elapsed = {e.name: e for e in derived(held.table.name, held.table.at)}
        self._found: dict[str, Array] = {}
        self._tests: dict[Condition, Array] = {}
        self.whose: Array = held.whose[self._there]

    def __getitem__(self, name: str) -> Array:
        if name not in self._found:
            elapsed = self._elapsed.get(name)
            self._found[name] = self._between(elapsed) if elapsed else self._own(name)
        return self._found[name]

    def words(self, name: str) -> pa.Array | None:
        """The words of a text by their number; nothing of other columns."""
        return self._held.words.get(name)

    @property
    def states(self) -> Array:
        """The number of each row's subscription."""
        if self._held.states is None:
            raise ValueError(f"Table {self._held.table.name!r} holds no subscriptions.")
        found: Array = self._held.states[self._there]
        return found

    def within(self, window: Window) -> slice:
        """Where the rows of a window lie."""
        at = self[MOMENT]
        since = self.cut - window.last * DAY
        first = 0 if window.last >= EVER else int(np.searchsorted(at, since))
        return slice(first, int(np.searchsorted(at, self.cut - (window.first - 1) * DAY)))

    def met(self, where: Sequence[Condition]) -> Array | None:
        """Which rows meet all conditions; a missing value meets none but `missing`."""
        for condition in where:
            if condition not in self._tests:
                self._tests[condition] = self._met(condition)
        return reduce(and_, (self._tests[condition] for condition in where)) if where else None

    def known(self, name: str) -> Array:
        """Where a column is not missing."""
        values = self[name]
        if values.dtype == np.float64:
            return ~np.isnan(values)
        return np.asarray(values != (NO_WORD if self.words(name) is not None else NEVER))

    def _own(self, name: str) -> Array:
        column = self._held.table[self._held.table.at if name == MOMENT else name]
        values = self._held.columns[column.name][self._there]
        if not column.revealed_by:
            return values
        return np.asarray(np.where(self._shown(column.revealed_by), values, _none(column)))

    def _shown(self, moment: str) -> Array:
        """Whether a moment had come and was known."""
        name = f"{moment} <"
        if name not in self._found:
            self._found[name] = self._held.arrived[moment][self._there] < self.cut
        return self._found[name]

    def _known(self, held: Held) -> slice | Array:
        """Which rows were known: those that had happened, but for some that arrived later."""
        arrived = held.arrived[held.table.at]
        until = int(np.searchsorted(held.columns[held.table.at], self.cut))
        there = np.flatnonzero(arrived[:until] < self.cut)
        return slice(0, until) if len(there) == until else there

    def _between(self, elapsed: Elapsed) -> Array:
        start, end = self._moment(elapsed.start), self._moment(elapsed.end)
        unit = DAY if elapsed.unit == "days" else SECOND
        made = (end // unit - start // unit).astype(np.float64)
        made = made if unit == DAY else made / SECONDS_AN_HOUR
        return np.where((start == NEVER) | (end == NEVER), np.nan, made)

    def _moment(self, name: str) -> Array:
        return np.asarray(self.cut) if name == AS_OF else self[name]

    def _met(self, condition: Condition) -> Array:
        test, values = condition.test, self[condition.column]
        if test.op in ("missing", "present"):
            return np.asarray(self.known(condition.column) == (test.op == "present"))
        if test.op == "is":
            return np.asarray(np.isin(values, self._asked(condition)))
        return np.asarray(COMPARED[test.op](values, test.values[0]))

    def _asked(self, condition: Condition) -> Array:
        """The values of a test as the column holds them."""
        words = self.words(condition.column)
        if words is None:
            return np.array(condition.test.values, np.float64)
        places = pc.index_in(pa.array(condition.test.values, words.type), value_set=words)
        return np.asarray(places.drop_null().to_numpy(), np.int64)


def _is(column: Column, kind: Kind, rows: pa.Table) -> bool:
    return column.kind is kind and column.name in rows.column_names


def _none(column: Column) -> float | int:
    """What stands for a missing value."""
    return {Kind.TIME: NEVER, Kind.TEXT: NO_WORD}.get(column.kind, float("nan"))


def _arrived(columns: Mapping[str, Array], happened: str, arrived: str) -> Array:
    """When a moment was known: when it happened, or when it arrived where that was later."""
    late = columns[arrived]
    return np.maximum(columns[happened], np.where(late == NEVER, columns[happened], late))


def _array(column: Column, rows: pa.Table, words: Mapping[str, pa.Array]) -> Array:
    found = rows[column.name]
    if column.kind is Kind.TIME:
        return _moments(found)
    if column.kind is Kind.TEXT:
        places = pc.index_in(found, value_set=words[column.name])
        return np.asarray(_filled(places, NO_WORD).to_numpy(), np.int32)
    # A flag becomes a number by way of a whole one.
    found = found.cast(pa.int8()) if column.kind is Kind.FLAG else found
    return np.asarray(_filled(found.cast(pa.float64()), float("nan")).to_numpy())


def _moments(found: pa.ChunkedArray) -> Array:
    counted = found.cast(pa.timestamp("us")).cast(pa.int64())
    return np.asarray(_filled(counted, NEVER).to_numpy())


def _filled(found: pa.ChunkedArray, value: float) -> pa.ChunkedArray:
    return found.fill_null(value) if found.null_count else found


def _words(found: pa.ChunkedArray) -> pa.Array:
    """The different texts of a column, in the order of their bytes."""
    words = pc.unique(found).drop_null()
    return words.take(pc.sort_indices(words))


def _states(whose: Array, subscriptions: Array) -> Array:
    """A number for each subscription of each customer; two customers may name theirs alike."""
    pairs = whose.astype(np.int64) * (int(subscriptions.max(initial=0)) + 2) + subscriptions + 1
    return np.unique(pairs, return_inverse=True)[1].astype(np.int32)
