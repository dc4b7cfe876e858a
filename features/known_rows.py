"""What was known of one customer, in plain Python: the rules of `History.known` on lists of rows.

Both read the same declarations; a property test holds them equal.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache, partial
from itertools import compress
from operator import ge, gt, itemgetter, le, lt
from typing import Any, TypeAlias

from features.conditions import Condition
from features.derived import AS_OF, Elapsed, derived, midnight
from features.tables import TABLES, arrival_of

Row: TypeAlias = Mapping[str, Any]
Reveal: TypeAlias = tuple[str, str, tuple[str, ...]]
MOMENT = "moment"
DAYS = "days_ago"
SECONDS_AN_HOUR = 3_600
COMPARED = {"at_least": ge, "at_most": le, "above": gt, "below": lt}


class Rows:
    """Rows of one table, column by column as columns are asked for, the latest day first."""

    def __init__(self, made: Callable[[str], list[Any]]) -> None:
        self._made = made
        self._columns: dict[str, list[Any]] = {}

    def __getitem__(self, name: str) -> list[Any]:
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = self._made(name)
        return found

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
    at, cut = TABLES[name].at, midnight(as_of)
    today = cut.toordinal()
    known = [
        row
        for row in rows
        if (happened := row.get(at)) is not None
        and happened < cut
        and ((arrived := row.get("known_at")) is None or arrived < cut)
    ]
    ordered, ordinals = _in_order_of_days(known, at)
    days = [today - ordinal for ordinal in ordinals]
    reveals = _reveals(name)
    shown = [_shown(row, reveals, cut) for row in ordered] if reveals else ordered
    return Rows(lambda column: days if column == DAYS else _column(name, column)(shown, cut))


def _in_order_of_days(rows: list[Row], at: str) -> tuple[list[Row], list[int]]:
    """The rows and their days' ordinals, the latest day first."""
    ordinals = list(map(datetime.toordinal, map(itemgetter(at), rows)))
    ordered = sorted(ordinals)
    if ordinals != ordered:
        rows = [rows[place] for place in sorted(range(len(rows)), key=ordinals.__getitem__)]
    return rows[::-1], ordered[::-1]


@cache
def _reveals(name: str) -> tuple[Reveal, ...]:
    reveals = TABLES[name].reveals.items()
    return tuple((moment, arrival_of(moment), columns) for moment, columns in reveals)


def _shown(row: Row, reveals: Sequence[Reveal], cut: datetime) -> Row:
    """The row with None for what was not known yet."""
    hidden: dict[str, None] = {}
    for moment, arrival, columns in reveals:
        happened, arrived = row.get(moment), row.get(arrival)
        if happened is None or happened >= cut or (arrived is not None and arrived >= cut):
            hidden.update(dict.fromkeys(columns))
    return {**row, **hidden} if hidden else row


@cache
def _column(table: str, name: str) -> Callable[[Sequence[Row], datetime], list[Any]]:
    """How to read one of a table's own columns, or a derived one."""
    at = TABLES[table].at
    found = {elapsed.name: elapsed for elapsed in derived(table, at)}
    if name in found:
        return partial(_elapsed, found[name])
    own = TABLES[table][at if name == MOMENT else name]
    return partial(_own, own.name, own.if_empty)


def _own(name: str, if_empty: float | None, rows: Sequence[Row], cut: datetime) -> list[Any]:
    values = [row.get(name) for row in rows]
    return values if if_empty is None else [if_empty if v is None else v for v in values]


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
