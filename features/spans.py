"""Days cut into spans where a window of some as-of date begins or ends.

What many dates ask of use is summed up by span once, and each date's windows are sums of spans.
Days are counted from 1970 on.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from features.derived import midnight
from features.engine import BITS
from features.measures import EVER, Atom, Window
from features.partials import EPOCH, ON, ordinal

SPAN, STEP, NEXT = "span", "step", "next"


@dataclass(frozen=True)
class Spans:
    """Span i holds the days from `edges[i]` until `edges[i + 1]`; `dates` are in order."""

    edges: tuple[int, ...]
    dates: tuple[date, ...]

    @property
    def first(self) -> date:
        """The first day that a window looks at."""
        return date.fromordinal(EPOCH.toordinal() + self.edges[0])

    def within(self, window: Window, as_of: date) -> range:
        """The spans that make up a window of a date."""
        today = ordinal(as_of)
        start, stop = today - window.last, today - window.first + 1
        return range(*(bisect_right(self.edges, day) - 1 for day in (start, stop)))


def spans_of(atoms: Sequence[Atom], dates: Sequence[date]) -> Spans:
    """The spans of some dates' windows; the days of each are bits of a number."""
    windows = {atom.window for atom in atoms if atom.window.last < EVER}
    days = [ordinal(as_of) for as_of in dates]
    edges = {day - ago for day in days for w in windows for ago in (w.last, w.first - 1)}
    found = sorted(edges | set(days))
    more = {day for start, stop in pairwise(found) for day in range(start, stop, BITS)}
    return Spans((*sorted(more), found[-1]), tuple(dates))


def in_spans(rows: ir.Table, spans: Spans) -> ir.Table:
    """The rows of use of all spans, as known on the last date, with `span` and `step`.

    A row that was known on the first date after it happened has step 0; one that arrived later that
    of the first date that knew it.
    """
    recent = rows.filter(rows["at"] >= ibis.literal(midnight(spans.first), "timestamp"))
    days = recent.mutate(**{ON: _day(recent)})
    placed = days.inner_join(_calendar(spans), ON)
    late = ibis.coalesce(placed["known_at"] >= placed[NEXT], False)
    return placed.mutate(**{STEP: late.ifelse(_step(placed, spans), 0).cast("int32")})


def before_spans(rows: ir.Table, spans: Spans) -> ir.Table:
    """The rows of use before all spans, as known on the last date, with the `step` of each."""
    old = rows.filter(rows["at"] < ibis.literal(midnight(spans.first), "timestamp"))
    late = old["known_at"].notnull()
    step = late.ifelse(_step(old, spans), 0).cast("int32")
    return old.mutate(**{ON: _day(old), STEP: step})


def _calendar(spans: Spans) -> ir.Table:
    """Each day's span, and the first date that may know of it: joined, since it has many cases."""
    days = range(spans.edges[0], spans.edges[-1])
    dates = [ordinal(as_of) for as_of in spans.dates]
    nexts = [midnight(spans.dates[bisect_right(dates, day)]) for day in days]
    told = {
        ON: pa.array(days, pa.int32()),
        SPAN: pa.array([bisect_right(spans.edges, day) - 1 for day in days], pa.int32()),
        NEXT: pa.array(nexts, pa.timestamp("us")),
    }
    return ibis.memtable(pa.table(told))


def _step(rows: ir.Table, spans: Spans) -> ir.IntegerValue:
    """The place of the first date that knew a row which arrived after it happened."""
    arrived = rows["known_at"]
    cuts = [ibis.literal(midnight(as_of), "timestamp") for as_of in spans.dates]
    cases = [(arrived < cut, place) for place, cut in enumerate(cuts)]
    return ibis.cases(*cases, else_=len(cuts))


def _day(rows: ir.Table) -> ir.IntegerValue:
    return rows["at"].date().delta(ibis.literal(EPOCH, "date"), unit="day").cast("int32")
