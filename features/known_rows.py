"""What was known of one customer, in plain Python: the rules of `History.known` on lists of rows.

Both read the same declarations; a property test holds them equal.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from itertools import compress
from operator import ge, gt, le, lt
from typing import Any, TypeAlias

from features.conditions import Condition
from features.derived import AS_OF, Elapsed, derived, midnight
from features.tables import TABLES, Table, arrival_of

Row: TypeAlias = Mapping[str, Any]
MOMENT = "moment"
SECONDS_AN_HOUR = 3_600
COMPARED = {"at_least": ge, "at_most": le, "above": gt, "below": lt}


class Rows:
    """Rows of one table, column by column as columns are asked for, the latest day first."""

    def __init__(self, made: Callable[[str], list[Any]]) -> None:
        self._made = made
        self._columns: dict[str, list[Any]] = {}

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self._columns:
            self._columns[name] = self._made(name)
        return self._columns[name]

    def having(self, condition: Condition) -> "Rows":
        """The rows that meet a condition; a missing value meets none but `missing`."""
        chosen = _met(self[condition.column], condition)
        return Rows(lambda name: list(compress(self[name], chosen)))

    def at(self, places: Sequence[int]) -> "Rows":
        """Some of the rows, in a given order."""
        return Rows(lambda name: [self[name][place] for place in places])


def known_rows(name: str, rows: Iterable[Row], as_of: date) -> Rows:
    """The rows of a table as known at midnight UTC of a date; what was not yet revealed is None.

    `rows` hold the table's columns under their names, moments as naive datetimes in UTC; what is
    missing is None or left out.
    """
    table, cut = TABLES[name], midnight(as_of)
    known = [row for row in rows if _before(row.get(table.at), row.get("known_at"), cut)]
    known.sort(key=lambda row: row[table.at].toordinal(), reverse=True)
    shown = [_revealed(table, row, cut) for row in known] if table.reveals else known
    return Rows(lambda column: _column(table, column, shown, cut))


def _before(happened: datetime | None, arrived: datetime | None, cut: datetime) -> bool:
    """Whether a moment had come and, where it has an arrival of its own, had arrived."""
    return happened is not None and happened < cut and (arrived is None or arrived < cut)


def _revealed(table: Table, row: Row, cut: datetime) -> Row:
    """The row without what was not known yet."""
    hidden = {
        column
        for moment, columns in table.reveals.items()
        if not _before(row.get(moment), row.get(arrival_of(moment)), cut)
        for column in columns
    }
    return {column: value for column, value in row.items() if column not in hidden}


def _column(table: Table, name: str, rows: Sequence[Row], cut: datetime) -> list[Any]:
    """One of the table's own columns, or a derived one."""
    if elapsed := _derived(table.name).get(name):
        return _elapsed(elapsed, rows, cut)
    found = table[table.at if name == MOMENT else name]
    values = [row.get(found.name) for row in rows]
    if_empty = found.if_empty
    return values if if_empty is None else [if_empty if v is None else v for v in values]


@cache
def _derived(table: str) -> Mapping[str, Elapsed]:
    return {elapsed.name: elapsed for elapsed in derived(table, TABLES[table].at)}


def _elapsed(elapsed: Elapsed, rows: Sequence[Row], cut: datetime) -> list[float | None]:
    starts, ends = _moments(elapsed.start, rows, cut), _moments(elapsed.end, rows, cut)
    between = _days if elapsed.unit == "days" else _hours
    pairs = zip(starts, ends, strict=True)
    return [None if s is None or e is None else between(s, e) for s, e in pairs]


def _moments(name: str, rows: Sequence[Row], cut: datetime) -> list[datetime | None]:
    return [cut] * len(rows) if name == AS_OF else [row.get(name) for row in rows]


def _days(start: datetime, end: datetime) -> int:
    return end.toordinal() - start.toordinal()


def _hours(start: datetime, end: datetime) -> float:
    whole = end.replace(microsecond=0) - start.replace(microsecond=0)
    return whole.total_seconds() / SECONDS_AN_HOUR


def _met(values: Sequence[Any], condition: Condition) -> list[bool]:
    test = condition.test
    if test.op == "missing":
        return [value is None for value in values]
    if test.op == "present":
        return [value is not None for value in values]
    if test.op == "is":
        return [value in test.values for value in values]
    held, [bound] = COMPARED[test.op], test.values
    return [value is not None and held(value, bound) for value in values]
