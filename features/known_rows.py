"""What was known of one customer, in plain Python: the rules of `History.known` on lists of rows.

Both read the same declarations; a property test holds them equal.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache, partial
from itertools import compress
from operator import ge, gt, itemgetter, le, lt
from typing import Any, TypeAlias, TypeVar

from features.conditions import Condition
from features.derived import AS_OF, Elapsed, derived, midnight
from features.tables import TABLES, arrival_of

Row: TypeAlias = Mapping[str, Any]
Column: TypeAlias = Callable[[Sequence[Row], datetime], list[Any]]
Made = TypeVar("Made")
MOMENT = "moment"
DAYS = "days_ago"
ARRIVED = "known_at"
SECONDS_AN_HOUR, SECONDS_A_DAY = 3_600, 86_400
COMPARED = {"at_least": ge, "at_most": le, "above": gt, "below": lt}


class Rows(dict[str, list[Any]]):
    """Rows of one table, column by column as columns are asked for, the latest day first."""

    def __init__(self, made: Callable[[str], list[Any]]) -> None:
        self._made = made
        self._once: dict[str, Any] = {}

    def __missing__(self, name: str) -> list[Any]:
        found = self[name] = self._made(name)
        return found

    def once(self, work: Callable[[list[Any]], Made], name: str) -> Made:
        """What one kind of work makes of a column, made once."""
        if name not in self._once:
            self._once[name] = work(self[name])
        made: Made = self._once[name]
        return made

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
    given, cut = list(rows), midnight(as_of)
    days = _days_ago(_raw(given, TABLES[name].at), _raw(given, ARRIVED), cut)
    known = [day > 0 for day in days]
    found, days = _latest_day_first(list(compress(given, known)), list(compress(days, known)))
    return Rows(lambda column: days if column == DAYS else _column(name, column)(found, cut))


def _raw(rows: Sequence[Row], name: str) -> list[Any]:
    """A column as it was given."""
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:  # left out of some
        return [row.get(name) for row in rows]


def _days_ago(
    moments: Sequence[datetime | None], arrived: Sequence[datetime | None], cut: datetime
) -> list[int]:
    """Days before the date, 1 being yesterday; less than 1 where the row was not known yet."""
    today = cut.toordinal()
    return [
        0 if at is None or (known_at is not None and known_at >= cut) else today - at.toordinal()
        for at, known_at in zip(moments, arrived, strict=True)
    ]


def _latest_day_first(rows: list[Row], days: list[int]) -> tuple[list[Row], list[int]]:
    rows.reverse()  # most histories are kept in order of time
    days.reverse()
    ordered = sorted(days)
    if days != ordered:
        rows = [rows[place] for place in sorted(range(len(rows)), key=days.__getitem__)]
    return rows, ordered


@cache
def _column(table: str, name: str) -> Column:
    """How to read one of a table's own columns, or a derived one."""
    at = TABLES[table].at
    found = {elapsed.name: elapsed for elapsed in derived(table, at)}
    if name in found:
        return partial(_elapsed, table, found[name])
    own = TABLES[table][at if name == MOMENT else name]
    if own.revealed_by:
        return partial(_revealed, own.name, own.revealed_by, arrival_of(own.revealed_by))
    return partial(_own, own.name, own.if_empty)


def _own(name: str, if_empty: float | None, rows: Sequence[Row], cut: datetime) -> list[Any]:
    values = _raw(rows, name)
    return values if if_empty is None else [if_empty if v is None else v for v in values]


def _revealed(
    name: str, moment: str, arrival: str, rows: Sequence[Row], cut: datetime
) -> list[Any]:
    """A column with None for what was not known yet."""
    told = zip(_raw(rows, name), _raw(rows, moment), _raw(rows, arrival), strict=True)
    return [
        value if happened is not None and happened < cut and (a is None or a < cut) else None
        for value, happened, a in told
    ]


def _elapsed(
    table: str, elapsed: Elapsed, rows: Sequence[Row], cut: datetime
) -> list[float | None]:
    starts, ends = (_moments(table, name, rows, cut) for name in (elapsed.start, elapsed.end))
    number, unit = NUMBERED[elapsed.unit]
    return [
        None if start is None or end is None else (number(end) - number(start)) / unit
        for start, end in zip(starts, ends, strict=True)
    ]


def _moments(table: str, name: str, rows: Sequence[Row], cut: datetime) -> list[datetime | None]:
    return [cut] * len(rows) if name == AS_OF else _column(table, name)(rows, cut)


def _second(moment: datetime) -> int:
    """The number of the whole second that a moment lies in."""
    minutes = moment.hour * 60 + moment.minute
    return moment.toordinal() * SECONDS_A_DAY + minutes * 60 + moment.second


NUMBERED: Mapping[str, tuple[Callable[[datetime], int], int]] = {
    "days": (datetime.toordinal, 1),
    "hours": (_second, SECONDS_AN_HOUR),
}


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
