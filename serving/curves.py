"""Curves as SVG: who is still there day by day, and what was predicted against what came."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

from markupsafe import Markup

from features.languages import Language

SIZE, LEFT, BELOW = 300, 42, 30
Z = 1.645  # of a 90 % interval
TICKS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


class Point(NamedTuple):
    """One bin: customers, what was predicted, what came, and the interval of that."""

    rows: int
    predicted: float
    observed: float
    low: float
    high: float


def points_of(bins: Mapping[str, Sequence[float]]) -> list[Point]:
    """The bins of a reliability curve with Wilson's intervals."""
    given = zip(bins["rows"], bins["predicted"], bins["observed"], strict=True)
    return [Point(int(n), p, o, *wilson(o, n)) for n, p, o in given]


def wilson(share: float, count: float) -> tuple[float, float]:
    """Wilson's 90 % interval of a share that was counted (1927)."""
    if not count:
        return 0.0, 1.0
    spread = Z * sqrt(share * (1 - share) / count + Z * Z / (4 * count * count))
    middle, scale = share + Z * Z / (2 * count), 1 + Z * Z / count
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def reliability(points: Sequence[Point], language: Language) -> Markup:
    """Points on a square, with the diagonal on which probabilities are true."""
    words = "; ".join(_said(point, language) for point in points)
    highest = max((max(p.predicted, p.high) for p in points), default=1.0)
    top = next((tick for tick in TICKS if tick >= highest), 1.0)
    drawn = Markup().join(_point(point, top, language) for point in points)
    grid = Markup().join(_tick(share * top, top, language) for share in (0, 0.5, 1))
    line = _line("diagonal", 0, 0, top, top, top)
    box = f"0 0 {LEFT + SIZE + 12} {SIZE + BELOW + 12}"
    return Markup('<svg class="curve" viewBox="{}" role="img" aria-label="{}">{}{}{}</svg>').format(
        box, words, grid, line, drawn
    )


def _said(point: Point, language: Language) -> str:
    return language.say(
        "predicted {predicted}, came {observed} of {rows}",
        predicted=language.percent(point.predicted, 1),
        observed=language.percent(point.observed, 1),
        rows=language.number(point.rows),
    )


def _at(x: float, y: float, top: float) -> tuple[float, float]:
    return round(LEFT + x / top * SIZE, 1), round(8 + SIZE - y / top * SIZE, 1)


def _line(kind: str, x1: float, y1: float, x2: float, y2: float, top: float) -> Markup:
    a, b = _at(x1, y1, top), _at(x2, y2, top)
    return Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(kind, *a, *b)


def _tick(value: float, top: float, language: Language) -> Markup:
    x, y = _at(value, value, top)
    return Markup(
        '<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>'
        '<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>{}{}'
    ).format(
        LEFT - 6,
        y + 4,
        language.percent(value),
        x,
        SIZE + BELOW,
        language.percent(value),
        _line("grid", 0, value, top, value, top),
        _line("grid", value, 0, value, top, top),
    )


def _point(point: Point, top: float, language: Language) -> Markup:
    x, y = _at(point.predicted, point.observed, top)
    said = _said(point, language)
    return Markup(
        '<g>{}<circle class="reliable" cx="{}" cy="{}" r="4.5"/><title>{}</title></g>'
    ).format(
        _line("whisker", point.predicted, point.low, point.predicted, point.high, top), x, y, said
    )


def survival(outlook: Sequence[tuple[int, float]], words: str, language: Language) -> Markup:
    """The share still there, from today over the days for which a probability is told."""
    ends = [(0, 0.0), *outlook]
    last = ends[-1][0] or 1
    at = [(round(8 + day / last * 84, 1), round(8 + 52 * chance, 1)) for day, chance in ends]
    lines = Markup().join(
        Markup('<line class="score-line" x1="{}%" y1="{}" x2="{}%" y2="{}"/>').format(*a, *b)
        for a, b in pairwise(at)
    )
    told = Markup().join(
        _left(x, y, language.number(end[0])) for (x, y), end in zip(at, ends, strict=True)
    )
    return Markup(
        '<svg class="chart survival" role="img" aria-label="{}" width="100%" height="84">'
        '<line class="grid" x1="8%" x2="92%" y1="8" y2="8"/>'
        '<line class="base" x1="8%" x2="92%" y1="60.5" y2="60.5"/>{}{}</svg>'
    ).format(words, lines, told)


def _left(x: float, y: float, day: str) -> Markup:
    return Markup(
        '<svg class="mark score" x="{}%" y="{}" overflow="visible"><circle r="4"/></svg>'
        '<text class="tick" x="{}%" y="78" text-anchor="middle">{}</text>'
    ).format(x, y, x, day)
