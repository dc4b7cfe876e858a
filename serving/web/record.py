"""One customer's record of the last year, as it was known on the date of the score."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from features.known_rows import Row, known_rows
from features.languages import Language
from features.languages import marked as _
from features.languages import marked_plural as _either
from features.tables import TABLES
from serving.lookup import RowsOf

WEEKS = 52
FEWEST_WEEKS = 8
SILENT_DAYS = 14
UNANSWERED_DAYS = 182
LOUD = ("urgent", "high")
NOT_KEPT = {
    "usage": _("This business keeps no usage here"),
    "tickets": _("This business keeps no tickets here"),
    "invoices": _("This business keeps no invoices here"),
    "surveys": _("This business keeps no surveys here"),
}
NEVER = {
    "usage": _("No use has ever been recorded"),
    "tickets": _("No ticket has ever been opened"),
    "invoices": _("No invoice has ever been issued"),
    "surveys": _("No survey has ever been answered"),
}
SINCE = {
    "usage": _either(
        "No use has been recorded since {day} ({number} day)",
        "No use has been recorded since {day} ({number} days)",
    ),
    "surveys": _either(
        "No survey has been answered since {day} ({number} day)",
        "No survey has been answered since {day} ({number} days)",
    ),
}


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
    invoices: tuple[Row, ...]
    failed: tuple[Row, ...]
    surveys: tuple[Row, ...]
    treatments: tuple[Row, ...]
    mrr: tuple[tuple[date, float], ...]
    lasts: dict[str, date | None]


def record(rows: RowsOf, as_of: date) -> Record:
    """A customer's last 52 weeks, or the weeks since sign-up where those are fewer, of its rows."""
    known = {name: tuple(_cut(name, found, as_of)) for name, found in rows.items()}
    days = 7 * _weeks(known["customers"], as_of)
    recent = {
        name: tuple(row for row in rows if row["days_ago"] <= days) for name, rows in known.items()
    }
    start = as_of - timedelta(days=days)
    return Record(
        start=start,
        as_of=as_of,
        weeks=_by_week(recent.get("usage", ()), recent.get("tickets", ()), as_of, days // 7),
        invoices=recent.get("invoices", ()),
        failed=tuple(r for r in recent.get("payments", ()) if r["status"] == "failed"),
        surveys=recent.get("surveys", ()),
        treatments=recent.get("treatments", ()),
        mrr=_mrr(known.get("subscriptions", ()), start, as_of),
        lasts={
            name: rows[-1][TABLES[name].at].date() if rows else None for name, rows in known.items()
        },
    )


def gaps(record: Record, language: Language) -> list[str]:
    """What the record does not know, in words; a score leans on what is there."""
    tables = {"usage": SILENT_DAYS, "tickets": None, "invoices": None, "surveys": UNANSWERED_DAYS}
    found = (_gap(record, table, days, language) for table, days in tables.items())
    return [gap for gap in found if gap]


def _gap(record: Record, table: str, days: int | None, language: Language) -> str | None:
    if table not in record.lasts:
        return language.say(NOT_KEPT[table])
    last = record.lasts[table]
    if last is None:
        return language.say(NEVER[table])
    ago = (record.as_of - last).days
    if not days or ago <= days:
        return None
    return language.plural(*SINCE[table], ago, day=language.day(last))


def _cut(name: str, rows: Sequence[Row], as_of: date) -> Iterator[Row]:
    """One table's rows as known on the date, oldest first."""
    known = known_rows(name, rows, as_of)
    names = (*TABLES[name].names, "days_ago")
    columns = [known[column] for column in names]
    for values in sorted(zip(*columns, strict=True), key=lambda v: v[names.index(TABLES[name].at)]):
        yield dict(zip(names, values, strict=True))


def _weeks(customers: Sequence[Row], as_of: date) -> int:
    born = [row["created_at"].date() for row in customers]
    weeks = -(-(as_of - min(born, default=as_of)).days // 7)
    return min(max(weeks, FEWEST_WEEKS), WEEKS)


def _by_week(
    usage: Sequence[Row], tickets: Sequence[Row], as_of: date, weeks: int
) -> tuple[Week, ...]:
    used, opened = _weekly(usage), _weekly(tickets)
    return tuple(
        _week(as_of - timedelta(weeks=n + 1), used.get(n, ()), opened.get(n, ()))
        for n in reversed(range(weeks))
    )


def _weekly(rows: Sequence[Row]) -> dict[int, list[Row]]:
    """Rows by how many whole weeks ago they were; 0 is the last week."""
    weeks: dict[int, list[Row]] = {}
    for row in rows:
        weeks.setdefault((row["days_ago"] - 1) // 7, []).append(row)
    return weeks


def _week(start: date, usage: Sequence[Row], tickets: Sequence[Row]) -> Week:
    return Week(
        start,
        actions=sum(row["quantity"] for row in usage),
        users=len({row["user_id"] for row in usage} - {None}),
        tickets=len(tickets),
        loud=sum(bool(row["complaint"]) or row["priority"] in LOUD for row in tickets),
    )


def _mrr(changes: Sequence[Row], start: date, as_of: date) -> tuple[tuple[date, float], ...]:
    """The MRR over time, as the days on which it changed with what it was from then on."""
    moments = {row["at"] for row in changes} | {row["ended_at"] for row in changes} - {None}
    days = sorted({max(moment.date(), start) for moment in moments if moment.date() < as_of})
    steps = [(day, _mrr_on(changes, day)) for day in days]
    moved = [step for n, step in enumerate(steps) if n == 0 or step[1] != steps[n - 1][1]]
    return (*moved, (as_of, moved[-1][1])) if moved else ()


def _mrr_on(changes: Sequence[Row], day: date) -> float:
    states = {
        r["subscription_id"]: r for r in changes if r["at"].date() <= day
    }  # the last one holds
    running = [r for r in states.values() if not (r["ended_at"] and r["ended_at"].date() <= day)]
    return sum(row["mrr"] or 0 for row in running)
