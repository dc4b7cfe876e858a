"""Words for what rose or fell: a whole sentence for each way.

Languages turn a rise and a fall each in its own way, so nothing is put together of parts. `{what}`
is the feature's noun in the context "change" or "trend", inflected as those sentences need it.
"""

from features.feature import Change, Trend
from features.languages import Language
from features.periods import against, against_then, past

FOLD = 2  # a rise of so many times what was is told as a multiple


def changed(
    change: Change, share: float, before: float | None, now: float | None, language: Language
) -> str:
    """Both ends where they are known, only the change where they are not."""
    end = None if before is None else reached(share, before, now)
    what = {"what": _noun(change, "change", language), "against": _against(change, language)}
    if share == 0:
        return _steady(what, end, language)
    if share >= 1:
        return _from_none(what, end, language)
    if share <= -1:
        return _to_none(what, before, language)
    return _moved(what, share, before, end, language)


def trended(trend: Trend, share: float, language: Language) -> str:
    """How something rises or falls week by week over the window."""
    named = {
        "what": _noun(trend, "trend", language),
        "percent": language.size(share),
        "window": past(trend.days or 0, language),
    }
    if share == 0:
        return language.say("{what} steady from week to week {window}", **named)
    if share > 0:
        return language.say("{what} up {percent} a week, on average, {window}", **named)
    return language.say("{what} down {percent} a week, on average, {window}", **named)


def compared(feature: Change | Trend, language: Language) -> str:
    """What is compared with what, without a value."""
    if isinstance(feature, Trend):
        what = _noun(feature, "trend", language)
        window = past(feature.days or 0, language)
        return language.say("{what}: the trend {window}", what=what, window=window)
    what = _noun(feature, "trend", language)
    return language.say(
        "{what}: the change {against}", what=what, against=_against(feature, language)
    )


def reached(share: float, before: float, now: float | None) -> float | None:
    """What a change arrived at: (now - before) / (now + before) solved for now."""
    if now is not None:
        return now
    return before * (1 + share) / (1 - share) if share < 1 else None


def _steady(what: dict[str, str], end: float | None, language: Language) -> str:
    if end is None:
        return language.say("{what} steady {against}", **what)
    return language.say("{what} steady {against}, at {now}", **what, now=language.number(end))


def _from_none(what: dict[str, str], end: float | None, language: Language) -> str:
    if end is None:
        return language.say("{what} up from none {against}", **what)
    now = language.number(end)
    return language.say("{what} up from none to {now} {against}", **what, now=now)


def _to_none(what: dict[str, str], before: float | None, language: Language) -> str:
    if before is None:
        return language.say("{what} down to none {against}", **what)
    base = language.number(before)
    return language.say("{what} down from {before} to none {against}", **what, before=base)


def _moved(
    what: dict[str, str], share: float, before: float | None, end: float | None, language: Language
) -> str:
    grown = 2 * share / (1 - share)
    if grown >= FOLD:
        return _multiplied(what, 1 + grown, before, end, language)
    named = {**what, "percent": language.size(grown)}
    if before is None or end is None:
        if share > 0:
            return language.say("{what} up {percent} {against}", **named)
        return language.say("{what} down {percent} {against}", **named)
    named |= {"before": language.number(before), "now": language.number(end)}
    if share > 0:
        return language.say("{what} up {percent} {against}, from {before} to {now}", **named)
    return language.say("{what} down {percent} {against}, from {before} to {now}", **named)


def _multiplied(
    what: dict[str, str], times: float, before: float | None, end: float | None, language: Language
) -> str:
    times = round(times, 0 if times >= 10 else 1)
    if before is None or end is None:
        return language.plural(
            "{what} up {number}-fold {against}", "{what} up {number}-fold {against}", times, **what
        )
    ends = {"before": language.number(before), "now": language.number(end)}
    return language.plural(
        "{what} up {number}-fold {against}, from {before} to {now}",
        "{what} up {number}-fold {against}, from {before} to {now}",
        times,
        **what,
        **ends,
    )


def _noun(feature: Change | Trend, context: str, language: Language) -> str:
    return language.say_as(context, feature.what, called=feature.called)


def _against(change: Change, language: Language) -> str:
    return (against if change.counted else against_then)(change.days, language)
