"""The panels of a customer's year: each table as a chart, said in a sentence too."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from features.known_rows import Row
from features.languages import Language
from features.languages import marked as _
from serving.charts import Bar, Mark, Shape, bars, label, marks, steps
from serving.web import words
from serving.web.drawing import Drawing, Key, Panel, Writing
from serving.web.record import Record, Week

HIGH, LOW = 64, 44
MONTH_OF_WEEKS = 4
SCALES = {"NPS": 10.0, "CSAT": 5.0, "CES": 7.0}
SHAPES: dict[str, Shape] = {"NPS": "circle", "CSAT": "square", "CES": "triangle"}
INVOICES: dict[str, tuple[Shape, str]] = {
    "paid": ("circle", _("paid in time")),
    "late": ("triangle", _("paid late")),
    "open": ("ring", _("not yet due")),
    "overdue": ("ring", _("overdue")),
    "void": ("ring", _("withdrawn")),
    "failed": ("cross", _("failed payment")),
}
TOPS = (
    0.2,
    0.4,
    0.6,
    0.8,
    1.0,
)  # of the score's scale: from 1 % to 2 % is not to look like a cliff


def scores(drawing: Drawing, scores: Sequence[tuple[date, float]]) -> Panel:
    """The score in the runs of the time."""
    language = drawing.language
    inside = [(day, value) for day, value in scores if day >= drawing.span.start]
    top = next(top for top in TOPS if top >= max(value for _day, value in inside))
    dots = [
        Mark(day, "circle", "score", _on(words.share(language, value), day, language), value / top)
        for day, value in inside
    ]
    drawn = [label(language.percent(top)), marks(drawing.span, HIGH, dots, joined="score-line")]
    first, last = inside[0], inside[-1]
    now = words.share(language, last[1])
    sentence = language.say("{share} now", share=now)
    if len(inside) > 1:
        before = words.share(language, first[1])
        day = language.day(first[0])
        sentence = language.say("{share} now, {before} on {day}", share=now, before=before, day=day)
    return drawing.panel(language.say("Score"), sentence, HIGH, drawn)


def usage(drawing: Drawing, weeks: Sequence[Week]) -> Panel:
    """What was done, week by week."""
    language = drawing.language
    given = [Bar(w.start, 7, [("use", w.actions)], _week_words(w, language)) for w in weeks]
    now = sum(week.actions for week in weeks[-MONTH_OF_WEEKS:])
    before = sum(week.actions for week in weeks[-2 * MONTH_OF_WEEKS : -MONTH_OF_WEEKS])
    sentence = language.plural(
        "{number} action in the last 4 weeks, {before} in the 4 weeks before",
        "{number} actions in the last 4 weeks, {before} in the 4 weeks before",
        round(now),
        before=language.number(round(before)),
    )
    drawn = bars(drawing.span, HIGH, given, lambda most: _a_week(most, language))
    return drawing.panel(language.say("Usage"), sentence, HIGH, [drawn])


def _a_week(most: float, language: Language) -> str:
    return language.say("{number} a week", number=language.number(round(most)))


def _week_words(week: Week, language: Language) -> str:
    day, actions = language.day(week.start), round(week.actions)
    if not week.users:
        return language.plural(
            "Week of {day}: {number} action", "Week of {day}: {number} actions", actions, day=day
        )
    return language.plural(
        "Week of {day}: {number} action by {people}",
        "Week of {day}: {number} actions by {people}",
        actions,
        day=day,
        people=language.plural("{number} person", "{number} people", week.users),
    )


def tickets(drawing: Drawing, weeks: Sequence[Week]) -> Panel:
    """Tickets opened, week by week, and how many of them were pressing."""
    language = drawing.language
    given = [_tickets_bar(week, language) for week in weeks]
    recent = weeks[-3 * MONTH_OF_WEEKS :]
    opened, loud = sum(week.tickets for week in recent), sum(week.loud for week in recent)
    sentence = language.say("none opened in the last 12 weeks")
    if opened:
        sentence = language.plural(
            "{number} opened in the last 12 weeks, {loud} of them pressing or complaints",
            "{number} opened in the last 12 weeks, {loud} of them pressing or complaints",
            opened,
            loud=language.number(loud) if loud else language.say("none"),
        )
    key: Key = (
        ("square", "loud", language.say("pressing or complaint")),
        ("square", "calm", language.say("other")),
    )
    drawn = bars(drawing.span, LOW, given, language.number)
    return drawing.panel(language.say("Tickets"), sentence, LOW, [drawn], key)


def _tickets_bar(week: Week, language: Language) -> Bar:
    said = language.say(
        "Week of {day}: {opened} opened, {loud} of them pressing",
        day=language.day(week.start),
        opened=language.number(week.tickets),
        loud=language.number(week.loud),
    )
    return Bar(week.start, 7, [("loud", week.loud), ("calm", week.tickets - week.loud)], said)


def surveys(drawing: Drawing, surveys: Sequence[Row]) -> Panel:
    """Answers to surveys, on the scale of each kind."""
    language = drawing.language
    given = [_answer_mark(row, language) for row in surveys]
    sentence = language.say("no answer in this time")
    if surveys:
        last = surveys[-1]
        day = language.day(last["at"].date())
        answer = _answer(last, language)
        sentence = language.say("last answer {answer}, on {day}", answer=answer, day=day)
    kinds = dict.fromkeys(row["kind"] for row in surveys)
    key = tuple((SHAPES.get(kind, "ring"), "survey", kind) for kind in kinds)
    drawn = [marks(drawing.span, LOW, given)]
    return drawing.panel(language.say("Surveys"), sentence, LOW, drawn, key)


def _answer_mark(row: Row, language: Language) -> Mark:
    day, shape = row["at"].date(), SHAPES.get(row["kind"], "ring")
    height = min(row["score"] / _scale(row), 1.0)
    return Mark(day, shape, "survey", _on(_answer(row, language), day, language), height)


def _answer(row: Row, language: Language) -> str:
    score, scale = language.number(row["score"]), language.number(_scale(row))
    return language.say("{kind} {score} of {scale}", kind=row["kind"], score=score, scale=scale)


def _scale(row: Row) -> float:
    return float(row["scale"] or SCALES.get(row["kind"], 10.0))


def invoices(drawing: Drawing, record: Record) -> Panel:
    """What became of invoices, and payments that failed."""
    language = drawing.language
    given = [_invoice(row, record.as_of, drawing.writing) for row in record.invoices]
    failed = [_failed(row["at"].date(), language) for row in record.failed]
    kinds = Counter(mark.kind for mark in (*given, *failed))
    late = language.number(kinds["late"]) if kinds["late"] else language.say("none")
    counts = {"issued": language.number(len(given)), "late": late}
    sentence = language.say("{issued} issued, {late} paid late", **counts)
    if kinds["overdue"]:
        overdue = language.number(kinds["overdue"])
        sentence = language.say(
            "{issued} issued, {late} paid late, {overdue} overdue", **counts, overdue=overdue
        )
    key = tuple(
        (s, kind, language.say(said)) for kind, (s, said) in INVOICES.items() if kinds[kind]
    )
    drawn = [marks(drawing.span, LOW, [*given, *failed])]
    return drawing.panel(language.say("Invoices"), sentence, LOW, drawn, key)


def _invoice(row: Row, as_of: date, writing: Writing) -> Mark:
    issued, (kind, said) = row["issued_at"].date(), _paid(row, as_of, writing.language)
    told = writing.language.say(
        "{amount} of {day}: {what}",
        amount=writing.money(row["amount"]),
        day=writing.language.day(issued),
        what=said,
    )
    return Mark(issued, INVOICES[kind][0], kind, told, 0.25)


def _paid(row: Row, as_of: date, language: Language) -> tuple[str, str]:
    """What became of an invoice: its kind, and in words."""
    due, paid = row["due_at"], row["paid_at"]
    late = ((paid.date() if paid else as_of) - due.date()).days if due else 0
    if row["voided_at"] or late <= 0:
        kind = "void" if row["voided_at"] else "paid" if paid else "open"
        return kind, language.say(INVOICES[kind][1])
    if paid:
        return "late", language.plural("paid {number} day late", "paid {number} days late", late)
    return "overdue", language.plural("{number} day overdue", "{number} days overdue", late)


def _failed(day: date, language: Language) -> Mark:
    said = language.say("Payment failed on {day}", day=language.day(day))
    return Mark(day, "cross", "failed", said, 1)


def mrr(drawing: Drawing, changes: Sequence[tuple[date, float]]) -> Panel:
    """The recurring revenue over the time."""
    language, money = drawing.language, drawing.writing.money
    top = max((value for _day, value in changes), default=0)
    sentence = language.say("no subscription")
    if changes:
        now = money(changes[-1][1])
        sentence = language.say("{amount} a month", amount=now)
        if changes[0][1] != changes[-1][1]:
            before, day = money(changes[0][1]), language.day(changes[0][0])
            sentence = language.say(
                "{amount} a month, {before} on {day}", amount=now, before=before, day=day
            )
    drawn = [label(money(top)), steps(drawing.span, LOW, changes, top, "mrr-line")]
    return drawing.panel(language.say("MRR"), sentence, LOW, drawn)


def _on(what: str, day: date, language: Language) -> str:
    return language.say("{what} on {day}", what=what, day=language.day(day))
