"""How far a history reaches, and whether that is far enough."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any

from features.errors import StaleData
from features.history import History
from features.tables import TABLES

REMEMBERED = 100


class LastDays:
    """How far a history reaches, on dates that were asked for; each is looked up once an hour."""

    def __init__(self) -> None:
        self._found: dict[tuple[date, datetime], Mapping[str, date]] = {}

    def know(self, now: datetime, as_of: date) -> bool:
        """Whether it need not be looked up."""
        return _key(now, as_of) in self._found

    def of(
        self, history: History, as_of: date, now: datetime, reading: AbstractContextManager[Any]
    ) -> Mapping[str, date]:
        """By table, the last day with a row known on the date; `reading` is held while looking."""
        key = _key(now, as_of)
        if (known := self._found.get(key)) is not None:  # asked of health too, which does not wait
            return known
        with reading:
            return self._found.get(key) or self._looked_up(history, as_of, key)

    def _looked_up(
        self, history: History, as_of: date, key: tuple[date, datetime]
    ) -> Mapping[str, date]:
        if len(self._found) >= REMEMBERED:
            self._found.clear()
        self._found[key] = days = last_days(history, as_of)
        return days


def _key(now: datetime, as_of: date) -> tuple[date, datetime]:
    return as_of, now.replace(minute=0, second=0, microsecond=0)


def last_days(history: History, as_of: date) -> dict[str, date]:
    """By table, the last day with a row known on the as-of date; empty tables are left out."""
    known = history.known(as_of).tables
    ends = {name: rows[TABLES[name].at].max().to_pyarrow().as_py() for name, rows in known.items()}
    return {name: moment.date() for name, moment in ends.items() if moment is not None}


def latest(days: Mapping[str, date]) -> date | None:
    """The last day of all tables."""
    return max(days.values(), default=None)


def require_fresh(days: Mapping[str, date], limits: Mapping[str, int], as_of: date) -> None:
    """Refuses data that is too old to score on.

    Raises:
        StaleData: A table ends more than its limit of days before the as-of date, or is empty.
    """
    for table, limit in limits.items():
        end = days.get(table)
        if end is None or (as_of - end).days > limit:
            told = f"ends on {end}" if end else "has no row"
            raise StaleData(
                f"The table {table!r} {told}; its limit is {limit} days before {as_of}. Load it "
                f"first, score an earlier --as-of, or raise freshness_days.{table}."
            )


def stale(days: Mapping[str, date], limits: Mapping[str, int], today: date) -> str | None:
    """Which tables end longer ago than they may, in words; None where all are fresh."""
    old = {
        table: days.get(table) for table, limit in limits.items() if _old(days, table, limit, today)
    }
    told = [
        f"{table} ends on {end}" if end else f"{table} has no row" for table, end in old.items()
    ]
    return f"Older than it should be on {today}: {', '.join(told)}." if told else None


def _old(days: Mapping[str, date], table: str, limit: int, today: date) -> bool:
    return table not in days or (today - days[table]).days > limit
