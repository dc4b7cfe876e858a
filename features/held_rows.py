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
COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "at_least": ge, "at_most": le, "above": gt, "below": lt
}  # fmt: skip


@dataclass(frozen=True)
class Held:
    """Some columns of a table, its rows in the order of time, and when each was known.

    Moments are microseconds since 1970, flags and numbers floats, and texts places in `words`.
    `whose` are the customers' places among `size` that were asked for.
    """

    table: Table
    size: int
    whose: Array
    known_from: Array
    columns: Mapping[str, Array]
    words: Mapping[str, pa.Array]


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
    rows = rows.append_column("place", places).filter(places.is_valid())
    moments = {c.name: _moments(rows[c.name]) for c in table if _is(c, Kind.TIME, rows)}
    order = np.argsort(moments[table.at], kind="stable")
    texts = {c.name: _coded(rows[c.name]) for c in table if _is(c, Kind.TEXT, rows)}
    numbers = {c.name: _numbers(rows[c.name]) for c in table if _is(c, Kind.NUMBER, rows)}
    flags = {c.name: _numbers(rows[c.name]) for c in table if _is(c, Kind.FLAG, rows)}
    columns = moments | numbers | flags | {name: codes for name, (codes, _) in texts.items()}
    columns = {name: values[order] for name, values in columns.items()}
    whose = np.asarray(rows["place"].to_numpy(), np.int64)[order]
    words = {name: known for name, (_, known) in texts.items()}
    known_from = _arrived(columns, table.at, KNOWN)
    return Held(table, len(customers), whose, known_from, columns, words)


class KnownRows:
    """The rows of a table as known at midnight UTC of a date; what was not revealed is missing.

    Rows lie in the order of time, the earliest first; columns are made as they are asked for.
    """

    def __init__(self, held: Held, as_of: date) -> None:
        self.size, self.today, self.cut = held.size, ordinal(as_of), ordinal(as_of) * DAY
        self._held, self._there = held, np.flatnonzero(held.known_from < self.cut)
        self._elapsed = {e.name: e for e in derived(held.table.name, held.table.at)}
        self._found: dict[str, Array] = {}
        self._tests: dict[Condition, Array] = {}
        self.whose = held.whose[self._there]

    def __getitem__(self, name: str) -> Array:
        if name not in self._found:
            elapsed = self._elapsed.get(name)
            self._found[name] = self._between(elapsed) if elapsed else self._own(name)
        return self._found[name]

    def words(self, name: str) -> pa.Array | None:
        """The words of a text by their number; nothing of other columns."""
        return self._held.words.get(name)

    def within(self, window: Window) -> slice:
        """Where the rows of a window lie."""
        ago = -self[DAYS_AGO]
        first = 0 if window.last >= EVER else int(np.searchsorted(ago, -window.last))
        return slice(first, int(np.searchsorted(ago, -window.first, "right")))

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
            arrived = _arrived(self._held.columns, moment, arrival_of(moment))
            self._found[name] = arrived[self._there] < self.cut
        return self._found[name]

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


def _moments(found: pa.ChunkedArray) -> Array:
    counted = found.cast(pa.timestamp("us")).cast(pa.int64()).fill_null(NEVER)
    return np.asarray(counted.to_numpy())


def _numbers(found: pa.ChunkedArray) -> Array:
    # A flag becomes a number by way of a whole one.
    found = found.cast(pa.int8()) if pa.types.is_boolean(found.type) else found
    return np.asarray(found.cast(pa.float64()).fill_null(float("nan")).to_numpy())


def _coded(found: pa.ChunkedArray) -> tuple[Array, pa.Array]:
    """Texts as their places among the different ones, which lie in the order of their bytes."""
    words = pc.unique(found).drop_null()
    words = words.take(pc.sort_indices(words))
    places = pc.index_in(found, value_set=words).fill_null(NO_WORD)
    return np.asarray(places.to_numpy(), np.int64), words
