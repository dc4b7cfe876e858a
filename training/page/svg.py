"""Pictures as SVG: axes, lines, points and bands, coloured by the page's style sheet."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

WIDTH, HEIGHT = 420, 280
LEFT, RIGHT, TOP, BOTTOM = 56, 24, 12, 44
STYLE = Path(__file__).parent / "templates" / "charts.css"
Pairs = Iterable[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """One direction of a picture: from where to where, what it measures, how a tick is written.

    `ticks` are (value, words); where there are none they are placed at round numbers.
    """

    low: float
    high: float
    name: str
    written: Callable[[float], str] = "{:g}".format
    ticks: Sequence[tuple[float, str]] = ()

    @property
    def marks(self) -> list[tuple[float, str]]:
        """Where ticks stand, with their words."""
        return list(self.ticks) or [(v, self.written(v)) for v in rounded(self.low, self.high)]

    def share(self, value: float) -> float:
        """Where a value lies, from 0 at the low end to 1; never outside."""
        return min(max((value - self.low) / ((self.high - self.low) or 1), 0.0), 1.0)


@dataclass(frozen=True)
class Frame:
    """The two axes that everything in one picture is placed by."""

    across: Axis
    up: Axis

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The place of a point, from the picture's upper left corner."""
        right = LEFT + self.across.share(x) * (WIDTH - LEFT - RIGHT)
        down = HEIGHT - BOTTOM - self.up.share(y) * (HEIGHT - TOP - BOTTOM)
        return round(right, 1), round(down, 1)


def rounded(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between two values, at most `most` steps apart."""
    width = (high - low) / most
    if not (math.isfinite(width) and width > 0):
        return [low]
    size = 10.0 ** math.floor(math.log10(width))
    step = next(s * size for s in (1, 2, 2.5, 5, 10) if s * size >= width * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def chart(frame: Frame, words: str, *drawn: Markup) -> Markup:
    """A picture; `words` tell what it shows to whoever does not see it."""
    return Markup(
        '<svg class="plot" role="img" aria-label="{}" viewBox="0 0 {} {}">{}{}</svg>'
    ).format(words, WIDTH, HEIGHT, _axes(frame), Markup().join(drawn))


def alone(picture: Markup) -> str:
    """A picture as a file of its own, with the colours in it."""
    head, rest = str(picture).split(">", 1)
    space = f'xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}"'
    return f"{head} {space}><style>{STYLE.read_text()}</style>{rest}"


def line(frame: Frame, points: Pairs, kind: str) -> Markup:
    """A line through points; `kind` is its class in the style sheet."""
    path = " ".join(f"{x},{y}" for x, y in (frame.at(*point) for point in points))
    return Markup('<polyline class="{}" points="{}"/>').format(kind, path)


def area(frame: Frame, low: Sequence[tuple[float, float]], high: Pairs, kind: str) -> Markup:
    """The surface between two lines."""
    around = [frame.at(*point) for point in [*high, *reversed(low)]]
    path = " ".join(f"{x},{y}" for x, y in around)
    return Markup('<polygon class="{}" points="{}"/>').format(kind, path)


def points(frame: Frame, given: Iterable[tuple[float, float, str]], kind: str) -> Markup:
    """Dots, each with its words."""
    return Markup().join(
        Markup('<circle class="{}" cx="{}" cy="{}" r="4"><title>{}</title></circle>').format(
            kind, *frame.at(x, y), words
        )
        for x, y, words in given
    )


def whisker(frame: Frame, x: float, low: float, high: float, kind: str = "whisker") -> Markup:
    """The interval of a point."""
    (left, bottom), (_, top) = frame.at(x, low), frame.at(x, high)
    return Markup('<path class="{}" d="M{} {}V{}M{} {}h8M{} {}h8"/>').format(
        kind, left, bottom, top, left - 4, bottom, left - 4, top
    )


def note(frame: Frame, x: float, y: float, words: str, anchor: str = "start") -> Markup:
    """Words beside a place."""
    (left, top), gap = frame.at(x, y), {"start": 8, "end": -8}.get(anchor, 0)
    return Markup('<text class="note" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        round(left + gap, 1), round(top - 8, 1), anchor, words
    )


def _axes(frame: Frame) -> Markup:
    ups = Markup().join(_row(frame, *mark) for mark in frame.up.marks)
    across = Markup().join(_column(frame, *mark) for mark in frame.across.marks)
    middle, half = LEFT + (WIDTH - LEFT - RIGHT) / 2, TOP + (HEIGHT - TOP - BOTTOM) / 2
    names = Markup(
        '<text class="name" x="{}" y="{}" text-anchor="middle">{}</text>'
        '<text class="name" transform="translate(12 {}) rotate(-90)" text-anchor="middle">{}</text>'
    ).format(middle, HEIGHT - 4, frame.across.name, half, frame.up.name)
    return ups + across + names


def _row(frame: Frame, value: float, words: str) -> Markup:
    _, y = frame.at(frame.across.low, value)
    return Markup(
        '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>'
    ).format(LEFT, WIDTH - RIGHT, y, y, LEFT - 6, round(y + 4, 1), words)


def _column(frame: Frame, value: float, words: str) -> Markup:
    x, _ = frame.at(value, frame.up.low)
    return Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(
        x, HEIGHT - BOTTOM + 16, words
    )
