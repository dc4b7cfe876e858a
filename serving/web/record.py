"""One customer's record of the last year, as it was known on the date of the score."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis.expr.types as ir

from features.history import History, Known
from serving.web import words

WEEKS = 52
FEWEST_WEEKS = 8
SILENT_DAYS = 14
UNANSWERED_DAYS = 182
LOUD = ("urgent", "high")


@dataclass(frozen=True)
class Week:
    """Seven days: what was done in the product, by how many, and the tickets opened."""

    start: date
    actions: float
    users: int
    tickets: int
    loud: int  # complaints and urgent or high priority among them


@dataclass(frozen=True)
class Record:
    """What happened between `start` and `as_of`; `lasts` is each table's newest day, None if never.

    A table that the history does not have at all is not among `lasts`.
    """

    start: date
    as_of: date
    weeks: tuple[Week, ...]
    invoices: tuple[dict[str, Any], ...]
    failed: tuple[dict[str, Any], ...]
    surveys: tuple[dict[str, Any], ...]
    treatments: tuple[dict[str, Any], ...]
    mrr: tuple[tuple[date, float], ...]
    lasts: dict[str, date | None]


def record(history: History, customer_id: str, as_of: date) -> Record:
    """A customer's last 52 weeks, or the weeks since sign-up where those are fewer."""
    known = history.of([customer_id]).known(as_of)
    start = as_of - timedelta(weeks=_weeks(known, as_of))
    days = (as_of - start).days
    return Record(
        start=start,
        as_of=as_of,
        weeks=_by_week(known, as_of, days // 7),
        invoices=_rows(known, "invoices", days),
        failed=tuple(r for r in _rows(known, "payments", days) if r["status"] == "failed"),
        surveys=_rows(known, "surveys", days),
        treatments=_rows(known, "treatments", days),
        mrr=_mrr(_rows(known, "subscriptions"), start, as_of),
        lasts={name: _last(known.tables[name]) for name in known.tables},
    )


def gaps(record: Record) -> list[str]:
    """What the record does not know, in words; a score leans on what is there."""
    return [
        *_gap(record, "usage", "No use recorded", SILENT_DAYS),
        *_gap(record, "tickets", "No ticket", None),
        *_gap(record, "invoices", "No invoice", None),
        *_gap(record, "surveys", "No survey answered", UNANSWERED_DAYS),
    ]


def _gap(record: Record, table: str, said: str, days: int | None) -> list[str]:
    if table not in record.lasts:
        return [f"This business keeps no {table} here"]
    last = record.lasts[table]
    if last is None:
        return [f"{said}, ever"]
    ago = (record.as_of - last).days
    return [f"{said} since {words.day(last)} ({ago} days)"] if days and ago > days else []


def _weeks(known: Known, as_of: date) -> int:
    customers = known.tables["customers"].select("created_at").to_pyarrow().to_pylist()
    born = [row["created_at"].date() for row in customers if row["created_at"]]
    weeks = -(-(as_of - min(born, default=as_of)).days // 7)
    return min(max(weeks, FEWEST_WEEKS), WEEKS)


def _by_week(known: Known, as_of: date, weeks: int) -> tuple[Week, ...]:
    used = {row["week"]: row for row in _weekly_usage(known, weeks)}
    tickets = _rows(known, "tickets", weeks * 7)
    return tuple(_week(n, as_of, used.get(n, {}), tickets) for n in reversed(range(weeks)))


def _week(n: int, as_of: date, used: dict[str, Any], tickets: Sequence[dict[str, Any]]) -> Week:
    opened = [t for t in tickets if (t["days_ago"] - 1) // 7 == n]
    loud = [t for t in opened if t["complaint"] or t["priority"] in LOUD]
    start = as_of - timedelta(weeks=n + 1)
    return Week(start, used.get("actions") or 0, used.get("users") or 0, len(opened), len(loud))


def _weekly_usage(known: Known, weeks: int) -> list[dict[str, Any]]:
    if "usage" not in known.tables:
        return []
    usage = known.tables["usage"].filter(lambda rows: rows["days_ago"] <= weeks * 7)
    week = ((usage["days_ago"] - 1) / 7).floor().cast("int64")
    by_week = usage.mutate(week=week).group_by("week")
    sums = by_week.aggregate(actions=usage["quantity"].sum(), users=usage["user_id"].nunique())
    found: list[dict[str, Any]] = sums.to_pyarrow().to_pylist()
    return found


def _rows(known: Known, name: str, days: int | None = None) -> tuple[dict[str, Any], ...]:
    """A table's rows of so many days, oldest first; none where there is no such table."""
    if name not in known.tables:
        return ()
    rows = known.tables[name]
    rows = rows.filter(rows["days_ago"] <= days) if days else rows
    return tuple(rows.order_by("moment").to_pyarrow().to_pylist())


def _last(rows: ir.Table) -> date | None:
    last = rows["moment"].max().to_pyarrow().as_py()
    return last.date() if last else None


def _mrr(
    changes: Sequence[dict[str, Any]], start: date, as_of: date
) -> tuple[tuple[date, float], ...]:
    """The MRR over time, as the days on which it changed with what it was from then on."""
    moments = {row["at"] for row in changes} | {row["ended_at"] for row in changes} - {None}
    days = sorted({max(moment.date(), start) for moment in moments if moment.date() < as_of})
    steps = [(day, _mrr_on(changes, day)) for day in days]
    return (*steps, (as_of, steps[-1][1])) if steps else ()


def _mrr_on(changes: Sequence[dict[str, Any]], day: date) -> float:
    states = {
        r["subscription_id"]: r for r in changes if r["at"].date() <= day
    }  # the last one holds
    running = [r for r in states.values() if not (r["ended_at"] and r["ended_at"].date() <= day)]
    return sum(row["mrr"] or 0 for row in running)
