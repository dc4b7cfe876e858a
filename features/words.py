"""Words: a feature's value as the sentence that a customer success manager reads.

A reason's stable code is its feature's name; the sentence may be rephrased, the code may not.
"""

from math import inf, isnan, sqrt
from typing import TypeAlias

from features.feature import Change, Declaration

Value: TypeAlias = float | str | None
LARGER = {"hours": (48, 24, "days", "day"), "days": (730, 365.25, "years", "year")}
FOLD = 2
NOISE = 2


def sentence(feature: Declaration, value: Value, before: Value = None, now: Value = None) -> str:
    """What a value says, in one sentence without a full stop.

    `before` is a change's baseline and `now` what it is measured on; a sentence about a change
    leaves out what is not given.
    """
    if value is None or _nothing(feature, value):
        return _opened(feature.reason_if_none or f"nothing known about {_plain(feature.name)}")
    if isinstance(value, str):
        return _opened(feature.reason.format(value=value))
    if isinstance(feature, Change):
        return _opened(_changed(feature, value, _known(before), _known(now)))
    return _opened(_said(feature.reason, feature, value))


def within_noise(feature: Declaration, value: Value, before: Value, now: Value = None) -> bool:
    """Whether chance alone explains a change: two Poisson counts differ by so much all the time.

    The test is |now - before| < 2 sqrt(now + before). A change from none to nobody knows how many
    is noise; what is agreed, not counted, never is.
    """
    share, base = _known(value), _known(before)
    if not isinstance(feature, Change) or not feature.counted or share is None or base is None:
        return False
    reached = _now(share, base, _known(now))
    return reached is None or abs(reached - base) < NOISE * sqrt(reached + base)


def number(value: float) -> str:
    """A number as a person says it: 1,204, 41, 3.5, 0.04."""
    size = abs(value)
    digits = 0 if size >= 10 else 1 if size >= 1 else 2
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text


def percent(share: float) -> str:
    """A share in whole percent: 62 %."""
    size = abs(share) * 100
    return "less than 1 %" if 0 < size < 1 else f"{size:,.0f} %"


def counted(feature: Declaration, value: float) -> str:
    """A number with its unit: 41 logins, 1 login, no logins."""
    from_on, size, unit, one = LARGER.get(feature.unit, (inf, 1, "", ""))
    if abs(value) < from_on:
        size, unit, one = 1, feature.unit, feature.singular
    text = number(value / size)
    return f"no {unit}" if text == "0" else f"{text} {one if text == '1' else unit}"


def _said(reason: str, feature: Declaration, value: float) -> str:
    return " ".join(
        reason.format(
            value=number(value),
            count=counted(feature, value),
            percent="" if value == 0 and "{direction}" in reason else percent(value),
            direction=_direction(value),
        ).split()
    )


def _changed(change: Change, share: float, before: float | None, now: float | None) -> str:
    """Both clauses where both ends are known, the first one where only the change is."""
    reached = None if before is None else _now(share, before, now)
    clauses = change.reason if reached is not None else change.reason.partition(", from ")[0]
    return " ".join(
        clauses.format(
            value=number(share),
            count=counted(change, share),
            percent=_grown(share, reached),
            direction=_direction(share),
            before=_end(before),
            now=_end(reached),
        ).split()
    )


def _grown(share: float, reached: float | None) -> str:
    """How much a change is of what was before: 62 %, 3-fold, or from none."""
    if share == 0:
        return ""
    if share >= 1:
        return "from none" if reached is None else ""
    grown = 2 * share / (1 - share)
    return f"{number(1 + grown)}-fold" if grown >= FOLD else percent(grown)


def _now(share: float, before: float, now: float | None) -> float | None:
    """What a change arrived at: (now - before) / (now + before) solved for now."""
    if now is not None:
        return now
    return before * (1 + share) / (1 - share) if share < 1 else None


def _direction(value: float) -> str:
    return "steady" if value == 0 else "up" if value > 0 else "down"


def _end(value: float | None) -> str:
    return "unknown" if value is None else number(value) if value else "none"


def _nothing(feature: Declaration, value: float | str) -> bool:
    if isinstance(value, str):
        return value == feature.if_none
    return isnan(value) or value == feature.if_none


def _known(value: Value) -> float | None:
    return None if value is None or isinstance(value, str) or isnan(value) else value


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _opened(text: str) -> str:
    return text[:1].upper() + text[1:]
