"""How far a history reaches, and whether that is far enough."""

from collections.abc import Mapping
from datetime import date

from features.errors import StaleData
from features.history import History
from features.tables import TABLES


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
