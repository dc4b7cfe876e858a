"""How far each table reaches, beside how often it usually gets rows."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from features.history import History
from serving.monitor.finding import Check, Checked, Finding, Row, Severity

LOOKED_BACK_DAYS = 168
FEWEST_DAYS = 8  # days with rows, below which a table has no rhythm
LEAST_LIMIT = 4  # a long weekend is no fault
MUCH = 3  # times its own limit, and a table has stopped


def freshness(history: History, today: date, limits: Mapping[str, int]) -> Checked:
    """Each table's last row against its limit of days: the one set, else one from its own rhythm.

    By rhythm, a table may be silent twice as long as its longest silence of the half year before
    its last row. What is set in `limits` is critical when it is passed; the rhythm only warns,
    unless the table has been silent three times as long as it may.
    """
    days = _days_with_rows(history, today)
    rows = tuple(_row(name, each, limits.get(name)) for name, each in sorted(days.items()))
    found = (_found(row, today, is_set=row["table"] in limits) for row in rows)
    return Checked(rows, tuple(each for each in found if each))


def _days_with_rows(history: History, today: date) -> dict[str, list[int]]:
    """By table, how many days ago there were rows, the latest first."""
    known = history.known(today).tables
    return {
        name: sorted(rows.select("days_ago").distinct().to_pyarrow()["days_ago"].to_pylist())
        for name, rows in known.items()
    }


def _row(table: str, days: Sequence[int], limit: int | None) -> Row:
    gap = longest_silence(days)
    by_rhythm = None if gap is None else max(LEAST_LIMIT, 2 * gap + 1)
    return {
        "table": table,
        "days": days[0] if days else None,
        "silence": gap,
        "limit": by_rhythm if limit is None else limit,
    }


def longest_silence(days: Sequence[int]) -> int | None:
    """The most days from one day with rows to the next, in the half year before the last.

    None of a table that has too few days to have a rhythm.
    """
    recent = [day for day in days if day - days[0] <= LOOKED_BACK_DAYS]
    if len(recent) < FEWEST_DAYS:
        return None
    return max(later - earlier for earlier, later in pairwise(recent))


def _found(row: Row, today: date, is_set: bool) -> Finding | None:
    table, days, limit = row["table"], row["days"], row["limit"]
    if limit is None or (days is not None and days <= limit):
        return None
    if days is None:
        given = {"table": table, "limit": str(limit)}
        return Finding(Check.FRESHNESS, table, Severity.CRITICAL, "empty", given)
    severity = Severity.CRITICAL if is_set or days > MUCH * limit else Severity.WARNING
    last = str(today - timedelta(days=days))
    given = {"table": table, "last": last, "days": f"{days:,}", "limit": f"{limit:,}"}
    return Finding(Check.FRESHNESS, table, severity, "stale", given)
