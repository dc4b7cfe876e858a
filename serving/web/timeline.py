"""The year of one customer as charts under each other: its score above what it did."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from serving.charts import Bar, Mark, Shape, Span, axis, bars, chart, label, marks, steps
from serving.web import words
from serving.web.record import Record, Row, Week

HIGH, LOW = 64, 44
MONTH_OF_WEEKS = 4
SCALES = {"NPS": 10.0, "CSAT": 5.0, "CES": 7.0}
SHAPES: dict[str, Shape] = {"NPS": "circle", "CSAT": "square", "CES": "triangle"}
INVOICES: dict[str, tuple[Shape, str]] = {
    "paid": ("circle", "paid in time"),
    "late": ("triangle", "paid late"),
    "open": ("ring", "not yet due"),
    "overdue": ("ring", "overdue"),
    "void": ("ring", "withdrawn"),
    "failed": ("cross", "failed payment"),
}
TOPS = (
    0.2,
    0.4,
    0.6,
    0.8,
    1.0,
)  # of the score's scale: from 1 % to 2 % is not to look like a cliff


@dataclass(frozen=True)
class Panel:
    """One chart with its title and what it says in a sentence; `key` explains its shapes."""

    title: str
    sentence: str
    drawn: Markup
    key: tuple[tuple[Shape, str, str], ...] = ()


@dataclass(frozen=True)
class Timeline:
    """Panels that share their time, and its axis."""

    panels: tuple[Panel, ...]
    axis: Markup


def timeline(record: Record, scores: Sequence[tuple[date, float]], currency: str) -> Timeline:
    """What there is to show of a year; a table that the history does not have has no panel."""
    span = Span(record.start, record.as_of)
    treated = [row["at"].date() for row in record.treatments]
    shown = [_scores(span, scores, treated)] if scores else []
    if "usage" in record.lasts:
        shown.append(_usage(span, record.weeks, treated))
    if "tickets" in record.lasts:
        shown.append(_tickets(span, record.weeks, treated))
    if "surveys" in record.lasts:
        shown.append(_surveys(span, record.surveys, treated))
    if "invoices" in record.lasts:
        shown.append(_invoices(span, record, treated, currency))
    if "subscriptions" in record.lasts:
        shown.append(_mrr(span, record.mrr, treated, currency))
    return Timeline(tuple(shown), axis(span))


def _panel(
    title: str,
    sentence: str,
    height: int,
    span: Span,
    drawn: Sequence[Markup],
    treated: Sequence[date],
    key: tuple[tuple[Shape, str, str], ...] = (),
) -> Panel:
    said = f"{title}: {sentence}"
    return Panel(title, sentence, chart(said, height, span, drawn, treated), key)


def _scores(span: Span, scores: Sequence[tuple[date, float]], treated: Sequence[date]) -> Panel:
    inside = [(day, value) for day, value in scores if day >= span.start]
    top = next(top for top in TOPS if top >= max(value for _, value in inside))
    dots = [
        Mark(day, "circle", "score", f"{words.share(value)} on {words.day(day)}", value / top)
        for day, value in inside
    ]
    drawn = [label(f"{top:.0%}"), marks(span, HIGH, dots, joined="score-line")]
    first, last = inside[0], inside[-1]
    sentence = f"{words.share(last[1])} now"
    if len(inside) > 1:
        sentence += f", {words.share(first[1])} on {words.day(first[0])}"
    return _panel("Score", sentence, HIGH, span, drawn, treated)


def _usage(span: Span, weeks: Sequence[Week], treated: Sequence[date]) -> Panel:
    given = [Bar(week.start, 7, [("use", week.actions)], _week_words(week)) for week in weeks]
    now = sum(week.actions for week in weeks[-MONTH_OF_WEEKS:])
    before = sum(week.actions for week in weeks[-2 * MONTH_OF_WEEKS : -MONTH_OF_WEEKS])
    sentence = f"{now:,.0f} actions in the last 4 weeks, {before:,.0f} in the 4 weeks before"
    return _panel("Usage", sentence, HIGH, span, [bars(span, HIGH, given, "a week")], treated)


def _week_words(week: Week) -> str:
    people = f" by {week.users} {'person' if week.users == 1 else 'people'}" if week.users else ""
    return f"Week of {words.day(week.start)}: {week.actions:,.0f} actions{people}"


def _tickets(span: Span, weeks: Sequence[Week], treated: Sequence[date]) -> Panel:
    given = [
        Bar(
            week.start,
            7,
            [("loud", week.loud), ("calm", week.tickets - week.loud)],
            f"Week of {words.day(week.start)}: {week.tickets} opened, {week.loud} of them pressing",
        )
        for week in weeks
    ]
    recent = weeks[-3 * MONTH_OF_WEEKS :]
    opened, loud = sum(week.tickets for week in recent), sum(week.loud for week in recent)
    sentence = f"{opened or 'none'} opened in the last 12 weeks"
    sentence += f", {loud or 'none'} of them pressing or complaints" if opened else ""
    key: tuple[tuple[Shape, str, str], ...] = (
        ("square", "loud", "pressing or complaint"),
        ("square", "calm", "other"),
    )
    return _panel("Tickets", sentence, LOW, span, [bars(span, LOW, given)], treated, key)


def _surveys(span: Span, surveys: Sequence[Row], treated: Sequence[date]) -> Panel:
    given = [
        Mark(
            row["at"].date(),
            SHAPES.get(row["kind"], "ring"),
            "survey",
            f"{_answer(row)} on {words.day(row['at'].date())}",
            min(row["score"] / _scale(row), 1.0),
        )
        for row in surveys
    ]
    sentence = "no answer in this time"
    if surveys:
        last = surveys[-1]
        sentence = f"last answer {_answer(last)}, on {words.day(last['at'].date())}"
    kinds = dict.fromkeys(row["kind"] for row in surveys)
    key = tuple((SHAPES.get(kind, "ring"), "survey", kind) for kind in kinds)
    return _panel("Surveys", sentence, LOW, span, [marks(span, LOW, given)], treated, key)


def _answer(row: Row) -> str:
    return f"{row['kind']} {row['score']:g} of {_scale(row):g}"


def _scale(row: Row) -> float:
    return float(row["scale"] or SCALES.get(row["kind"], 10.0))


def _invoices(span: Span, record: Record, treated: Sequence[date], currency: str) -> Panel:
    given = [_invoice(row, record.as_of, currency) for row in record.invoices]
    failed = [_failed(row["at"].date()) for row in record.failed]
    kinds = Counter(mark.kind for mark in (*given, *failed))
    sentence = f"{len(given)} issued, {kinds['late'] or 'none'} paid late"
    sentence += f", {kinds['overdue']} overdue" if kinds["overdue"] else ""
    key = tuple((shape, kind, said) for kind, (shape, said) in INVOICES.items() if kinds[kind])
    drawn = [marks(span, LOW, [*given, *failed])]
    return _panel("Invoices", sentence, LOW, span, drawn, treated, key)


def _invoice(row: Row, as_of: date, currency: str) -> Mark:
    issued, (kind, said) = row["issued_at"].date(), _paid(row, as_of)
    amount = f"{words.money(row['amount'], currency)} of {words.day(issued)}"
    return Mark(issued, INVOICES[kind][0], kind, f"{amount}: {said}", 0.25)


def _paid(row: Row, as_of: date) -> tuple[str, str]:
    """What became of an invoice: its kind, and in words."""
    due, paid = row["due_at"], row["paid_at"]
    if row["voided_at"]:
        return "void", "withdrawn"
    late = ((paid.date() if paid else as_of) - due.date()).days if due else 0
    if paid:
        return ("late", f"paid {late} days late") if late > 0 else ("paid", "paid in time")
    return ("overdue", f"{late} days overdue") if late > 0 else ("open", "not yet due")


def _failed(day: date) -> Mark:
    return Mark(day, "cross", "failed", f"Payment failed on {words.day(day)}", 1)


def _mrr(
    span: Span, changes: Sequence[tuple[date, float]], treated: Sequence[date], currency: str
) -> Panel:
    top = max((value for _, value in changes), default=0)
    sentence = "no subscription"
    if changes:
        sentence = f"{words.money(changes[-1][1], currency)} a month"
        if changes[0][1] != changes[-1][1]:
            sentence += f", {words.money(changes[0][1], currency)} on {words.day(changes[0][0])}"
    drawn = [
        label(words.money(top, currency)),
        steps(span, LOW, changes, top, "mrr-line"),
    ]
    return _panel("MRR", sentence, LOW, span, drawn, treated)
