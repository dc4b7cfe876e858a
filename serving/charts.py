"""Small charts over time as SVG: places in percent of the width, so that they fit any screen.

Colours and sizes of text come from the page's style sheet, by class; every mark says in words what
it stands for.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal, TypeAlias

from markupsafe import Markup

from features.languages import Language

Shape: TypeAlias = Literal["circle", "ring", "triangle", "cross", "square"]

TOP = 14  # pixels left free above, for the largest value's label
MARGIN = 8
GAP = 0.15  # of a bar's width
PATHS = {"triangle": "M0-5 5 4H-5Z", "cross": "M-4-4 4 4M-4 4 4-4", "square": "M-4-4H4V4H-4Z"}
NEWEST_LABEL = 97  # percent: a month that begins later would be cut at the edge


@dataclass(frozen=True)
class Span:
    """The time that charts of one page share, from `start` to midnight of `end`."""

    start: date
    end: date

    def at(self, day: date) -> float:
        """Where a day is, in percent of the width."""
        share = (day - self.start).days / max((self.end - self.start).days, 1)
        return round(min(max(share, 0.0), 1.0) * 100, 2)

    @property
    def months(self) -> list[date]:
        """The first days of months inside."""
        firsts = [date(n // 12, n % 12 + 1, 1) for n in range(*self._month_numbers)]
        return [first for first in firsts if self.start < first < self.end]

    @property
    def _month_numbers(self) -> tuple[int, int]:
        start, end = self.start, self.end
        return start.year * 12 + start.month - 1, end.year * 12 + end.month


@dataclass(frozen=True)
class Bar:
    """One bar: from which day on, how much of each kind (a class of the style sheet), in words."""

    start: date
    days: int
    parts: Sequence[tuple[str, float]]
    words: str


@dataclass(frozen=True)
class Mark:
    """One thing that happened: `height` from 0, the bottom, to 1."""

    day: date
    shape: Shape
    kind: str
    words: str
    height: float = 0.5


def chart(
    words: str, height: int, span: Span, drawn: Iterable[Markup], events: Iterable[date] = ()
) -> Markup:
    """One chart; `words` are for whoever does not see it; `events` cross it as lines."""
    grid = Markup().join(_upright("grid", span.at(month)) for month in span.months)
    crossed = Markup().join(_upright("event", span.at(day)) for day in events)
    return Markup(
        '<svg class="chart" role="img" aria-label="{}" width="100%" height="{}">{}{}{}'
        '<line class="base" x1="0" x2="100%" y1="{}" y2="{}"/></svg>'
    ).format(words, height, grid, crossed, Markup().join(drawn), height - 0.5, height - 0.5)


def axis(span: Span, language: Language) -> Markup:
    """The names of the months, every other one marked to be left out where there is little room."""
    labels = [
        Markup('<text class="{}" x="{}%" y="12">{}</text>').format(
            "tick odd" if n % 2 else "tick", span.at(month), language.month(month)
        )
        for n, month in enumerate(span.months)
        if span.at(month) < NEWEST_LABEL
    ]
    return Markup('<svg class="axis" aria-hidden="true" width="100%" height="18">{}</svg>').format(
        Markup().join(labels)
    )


def bars(span: Span, height: int, given: Sequence[Bar], written: Callable[[float], str]) -> Markup:
    """Stacked bars, the largest as high as there is room; its value is `written`."""
    sums = [sum(value for _, value in bar.parts) for bar in given]
    largest = max(sums, default=0)
    drawn = Markup().join(_bar(span, height, bar, largest) for bar in given if largest)
    return drawn + (_largest(written(largest)) if largest else Markup())


def steps(
    span: Span, height: int, points: Sequence[tuple[date, float]], top: float, kind: str
) -> Markup:
    """A value that holds until the next point; 0 is the bottom and `top` the top."""
    at = [(span.at(day), _y(value, top, height)) for day, value in points]
    flat = [_line(kind, x1, y1, x2, y1) for (x1, y1), (x2, _) in pairwise(at)]
    risers = [_line(kind, x2, y1, x2, y2) for (_, y1), (x2, y2) in pairwise(at)]
    return Markup().join(flat + risers)


def marks(span: Span, height: int, given: Iterable[Mark], joined: str = "") -> Markup:
    """Things that happened, each by its shape; `joined` is the class of a line through them."""
    at = list(given)
    pairs = pairwise(at) if joined else ()
    lines = [_line(joined, *_place(span, height, a), *_place(span, height, b)) for a, b in pairs]
    return Markup().join([*lines, *(_mark(span, height, mark) for mark in at)])


def label(text: str) -> Markup:
    """What the top of a chart stands for."""
    return _largest(text)


def _y(value: float, top: float, height: int) -> float:
    share = value / top if top else 0
    return round(height - 1 - share * (height - 1 - TOP), 1)


def _bar(span: Span, height: int, bar: Bar, largest: float) -> Markup:
    left, right = span.at(bar.start), span.at(bar.start + timedelta(days=bar.days))
    width, bottom = (right - left) * (1 - GAP), float(height - 1)
    parts = []
    for kind, value in bar.parts:
        size = value / largest * (height - 1 - TOP)
        bottom -= size
        parts.append(_rect(kind, left, bottom, width, size))
    # The whole column tells its words, also where the bar is low.
    hit = _rect("hit", left, 0, right - left, height)
    return Markup("<g><title>{}</title>{}{}</g>").format(bar.words, hit, Markup().join(parts))


def _rect(kind: str, x: float, y: float, width: float, height: float) -> Markup:
    return Markup('<rect class="{}" x="{}%" y="{:.1f}" width="{:.2f}%" height="{:.1f}"/>').format(
        kind, x, y, width, height
    )


def _mark(span: Span, height: int, mark: Mark) -> Markup:
    x, y = _place(span, height, mark)
    if mark.shape in PATHS:
        body = Markup('<path d="{}"/>').format(PATHS[mark.shape])
    else:
        body = Markup('<circle r="4"/>')
    return Markup(
        '<svg class="mark {} {}" x="{}%" y="{}" overflow="visible"><title>{}</title>{}</svg>'
    ).format(mark.shape, mark.kind, x, y, mark.words, body)


def _place(span: Span, height: int, mark: Mark) -> tuple[float, float]:
    """Percent from the left, pixels from above; a margin keeps shapes inside."""
    return span.at(mark.day), round(height - MARGIN - mark.height * (height - 2 * MARGIN), 1)


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup('<line class="{}" x1="{}%" y1="{}" x2="{}%" y2="{}"/>').format(
        kind, x1, y1, x2, y2
    )


def _upright(kind: str, x: float) -> Markup:
    return Markup('<line class="{}" x1="{}%" x2="{}%" y1="0" y2="100%"/>').format(kind, x, x)


def _largest(text: str) -> Markup:
    return Markup('<text class="tick" x="0" y="10">{}</text>').format(text)
