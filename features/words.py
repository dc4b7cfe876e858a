"""Words: a feature's value as the sentence that a customer success manager reads.

A reason's stable code is its feature's name; the sentence may be rephrased, the code may not. It is
made where it is read, in the reader's language.
"""

from functools import lru_cache
from math import isnan
from typing import TypeAlias

from features.changed_words import changed, compared, reached, trended
from features.feature import Change, Declaration, Trend
from features.languages import ENGLISH, REMEMBERED, Language
from features.periods import past

Value: TypeAlias = float | str | None
NOISE = 2


def sentence(
    feature: Declaration,
    value: Value,
    before: Value = None,
    now: Value = None,
    language: Language = ENGLISH,
) -> str:
    """What a value says, in one sentence without a full stop.

    `before` is a change's baseline and `now` what it is measured on; a sentence about a change
    leaves out what is not given.
    """
    if value is None or is_nothing(feature, value):
        return _opened(_filled(feature, feature.reason_if_none, language))
    if isinstance(value, str):
        word = language.country(value) if feature.place else value.replace("_", " ")
        return _opened(_filled(feature, feature.reason, language, value=word))
    if isinstance(feature, Change):
        return _opened(changed(feature, value, _known(before), _known(now), language))
    if isinstance(feature, Trend):
        return _opened(trended(feature, value, language))
    return _opened(_level(feature, value, language))


def told(
    feature: Declaration,
    value: Value,
    before: Value = None,
    now: Value = None,
    peers: float | None = None,
    language: Language = ENGLISH,
) -> str:
    """The sentence of a value and what is usual among peers, where that reads differently."""
    said = sentence(feature, value, before, now, language)
    if peers is None or not isinstance(value, float):
        return said
    own, usual = _amount(feature, value, language), _amount(feature, peers, language)
    if own == usual:
        return said
    return language.say("{said} (usual: {usual})", said=said, usual=usual)


def label(feature: Declaration, language: Language = ENGLISH) -> str:
    """What a feature looks at, as its sentence with an ellipsis in the place of the value."""
    if isinstance(feature, Change | Trend):
        return _opened(compared(feature, language))
    blank = "…"
    unit = _unit(feature, 5, language).replace(language.number(5), blank)
    said = _filled(feature, feature.reason, language, value=blank, count=unit, percent=f"{blank} %")
    return _opened(said)


def within_noise(feature: Declaration, value: Value, before: Value, now: Value = None) -> bool:
    """Whether chance alone explains a change: two Poisson counts differ by so much all the time.

    The test is |now - before| < 2 sqrt(now + before). A change from none to nobody knows how many
    is noise; what is agreed, not counted, never is.
    """
    share, base = _known(value), _known(before)
    if not isinstance(feature, Change) or not feature.counted or share is None or base is None:
        return False
    end = reached(share, base, _known(now))
    return end is None or abs(end - base) < NOISE * (end + base) ** 0.5


def counted(feature: Declaration, value: float, language: Language = ENGLISH) -> str:
    """A number with its unit: 41 logins, 1 login; long times in days and years."""
    if feature.unit == "hours":
        return _hours(value, language)
    if feature.unit == "days" and abs(value) >= 730:
        years = _rounded(value / 365.25)
        return language.plural("{number} year", "{number} years", years)
    return _unit(feature, _rounded(value), language)


def is_nothing(feature: Declaration, value: Value) -> bool:
    """Whether a value says that there is nothing to count."""
    if value is None or isinstance(value, str):
        return value is None or value == feature.if_none
    return isnan(value) or value == feature.if_none


def _hours(value: float, language: Language) -> str:
    if abs(value) < 1 and value:
        minutes = max(1, round(abs(value) * 60))
        return language.plural("{number} minute", "{number} minutes", minutes)
    if abs(value) >= 48:
        return language.plural("{number} day", "{number} days", _rounded(value / 24))
    return language.plural("{number} hour", "{number} hours", _rounded(value))


def _unit(feature: Declaration, value: float, language: Language) -> str:
    return _counted(feature.singular, feature.unit, value, language)


@lru_cache(REMEMBERED)
def _counted(one: str, many: str, value: float, language: Language) -> str:
    return language.plural(f"{{number}} {one}", f"{{number}} {many}", value)


def _rounded(value: float) -> float:
    """As it is written, so that 0.96 days are 1 day."""
    size = abs(value)
    return round(value, 0 if size >= 10 else 1 if size >= 1 else 2)


def _level(feature: Declaration, value: float, language: Language) -> str:
    return _filled(
        feature,
        feature.reason,
        language,
        value=language.number(value),
        count=counted(feature, value, language),
        percent=language.size(value),
    )


def _filled(feature: Declaration, message: str, language: Language, **named: str) -> str:
    days = getattr(feature, "days", None)
    window = past(days, language) if days and "{window}" in message else ""
    return language.say(message, window=window, called=feature.called, **named)


def _amount(feature: Declaration, value: float, language: Language) -> str:
    """A value in the way of the feature's own sentence; nothing where it shows none."""
    if "{percent}" in feature.reason:
        return language.size(value)
    if "{value}" in feature.reason:
        return language.number(value)
    if "{count}" not in feature.reason:
        return ""
    if feature.unit in ("days", "hours") and value:
        return counted(feature, value, language)
    return language.number(value) if value else language.say("none")


def _known(value: Value) -> float | None:
    return None if value is None or isinstance(value, str) or isnan(value) else float(value)


def _opened(text: str) -> str:
    return text[:1].upper() + text[1:]
