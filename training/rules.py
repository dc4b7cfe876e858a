"""The rules that a figure of the scorecard can be held to."""

import math
from collections.abc import Callable

from training.bootstrap import Interval
from training.figures import Measure


def held(name: str, value: Interval, rule: str, keeps: Callable[[Interval], bool]) -> Measure:
    """A measure under a rule; what could not be measured neither passes nor fails."""
    return Measure(name, value, rule, None if math.isnan(value.point) else keeps(value))


def at_most(name: str, value: float, limit: float) -> Measure:
    """A figure that must not pass a limit."""
    return held(name, Interval(value), f"it is at most {_limit(limit)}", lambda v: v.point <= limit)


def at_least(name: str, value: Interval, limit: float) -> Measure:
    """A figure that must reach a limit."""
    return held(name, value, f"it is at least {_limit(limit)}", lambda v: v.point >= limit)


def _limit(limit: float) -> str:
    return f"{limit:,.0f}" if limit >= 1_000 else f"{limit:.3g}".removeprefix("0") or "0"


def near_one(name: str, value: Interval) -> Measure:
    """A ratio that must lie in .8 to 1.25."""
    return held(name, value, "it is within .8 to 1.25", lambda v: 0.8 <= v.point <= 1.25)
