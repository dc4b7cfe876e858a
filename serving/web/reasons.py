"""A score's reasons as a person reads them: by theme, and what changed since the run before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Said: TypeAlias = Mapping[str, Any]

SMALLEST = 0.5  # percentage points: less is not worth a line
MOST = 4


@dataclass(frozen=True)
class ThemeReasons:
    """What one theme adds to the score in percentage points, and its reasons in words."""

    theme: str
    points: float
    reasons: tuple[Said, ...]


@dataclass(frozen=True)
class Difference:
    """How much more one theme adds than in the run before, and what was said of it then and now."""

    theme: str
    points: float
    now: tuple[str, ...]
    before: tuple[str, ...]


def by_theme(told: Said) -> list[ThemeReasons]:
    """What raises a score, under its themes, the strongest first."""
    points = _points(told)
    names = dict.fromkeys(reason["theme"] for reason in told["reasons"])
    strongest = sorted(names, key=lambda name: -points.get(name, 0.0))
    return [ThemeReasons(n, points.get(n, 0.0), _of(told["reasons"], n)) for n in strongest]


def differences(now: Said, before: Said) -> list[Difference]:
    """By theme, what the change of a score comes from, the largest first.

    Points of themes are exact, and add up to the change; which single reason is the strongest of a
    theme may differ from run to run for less.
    """
    current, earlier = _points(now), _points(before)
    changes = {name: current.get(name, 0.0) - earlier.get(name, 0.0) for name in current | earlier}
    weighty = sorted(
        (n for n, c in changes.items() if abs(c) >= SMALLEST), key=lambda n: -abs(changes[n])
    )
    return [
        Difference(name, changes[name], _texts(now, name), _texts(before, name))
        for name in weighty[:MOST]
    ]


def _points(told: Said) -> dict[str, float]:
    return {theme["theme"]: theme["points"] for theme in told["themes"]}


def _texts(told: Said, theme: str) -> tuple[str, ...]:
    listed = [*told["reasons"], *told["protective"], *told["context"]]
    return tuple(reason["text"] for reason in _of(listed, theme))


def _of(reasons: Iterable[Said], theme: str) -> tuple[Said, ...]:
    return tuple(reason for reason in reasons if reason["theme"] == theme)
