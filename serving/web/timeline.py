"""The year of one customer as charts under each other: its score above what it did."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from serving.charts import Span, axis
from serving.web import panels
from serving.web.drawing import Drawing, Panel, Writing
from serving.web.record import Record


@dataclass(frozen=True)
class Timeline:
    """Panels that share their time, and its axis."""

    panels: tuple[Panel, ...]
    axis: Markup


def timeline(record: Record, scores: Sequence[tuple[date, float]], writing: Writing) -> Timeline:
    """What there is to show of a year; a table that the history does not have has no panel."""
    span = Span(record.start, record.as_of)
    treated = [row["at"].date() for row in record.treatments]
    drawing = Drawing(span, treated, writing)
    shown = [panels.scores(drawing, scores)] if scores else []
    made: dict[str, Callable[[], Panel]] = {
        "usage": lambda: panels.usage(drawing, record.weeks),
        "tickets": lambda: panels.tickets(drawing, record.weeks),
        "surveys": lambda: panels.surveys(drawing, record.surveys),
        "invoices": lambda: panels.invoices(drawing, record),
        "subscriptions": lambda: panels.mrr(drawing, record.mrr),
    }
    shown += [make() for table, make in made.items() if table in record.lasts]
    return Timeline(tuple(shown), axis(span, writing.language))
