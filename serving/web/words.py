"""How numbers, money and dates are written on the pages, in the language of the reader."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import floor, log10

from features.languages import NBSP, Language
from features.languages import marked as _

BANDS: Mapping[str, str] = {
    "critical": _("Critical"),
    "high": _("High"),
    "medium": _("Medium"),
    "low": _("Low"),
    "insufficient_data": _("No score"),
}
THEMES: Mapping[str, str] = {
    "usage": _("Usage"),
    "support": _("Support"),
    "billing": _("Billing"),
    "sentiment": _("Sentiment"),
    "onboarding": _("Onboarding"),
    "contract": _("Contract"),
    "relationship": _("Relationship"),
    "profile": _("Profile"),
}
SURE = 0.995
SHORT_FROM = 10_000
DIGITS = 3  # of a sum that is written short
MYRIADS = {"zh": 4}  # zeros by which large numbers are counted, where not by three


def band(language: Language, value: str) -> str:
    """A band as a person says it."""
    return language.say(BANDS[value]) if value in BANDS else value


def theme(language: Language, value: str) -> str:
    """A theme as a person says it."""
    return language.say(THEMES[value]) if value in THEMES else value


def share(language: Language, value: float | None) -> str:
    """A probability in whole percent; nobody is at 0 or 100."""
    if value is None:
        return language.say("unknown")
    if value < 1 - SURE:
        return _tight(f"< {language.percent(0.01)}")
    return _tight(f"> {language.percent(0.99)}" if value >= SURE else language.percent(value))


def risen(now: float, before: float | None) -> int | None:
    """By how many points a probability rose, as its two ends are written; None if it is new."""
    return None if before is None else round(now * 100) - round(before * 100)


def points(language: Language, change: float) -> str:
    """The size of a difference of probabilities, in percentage points."""
    return _tight(language.plural("{number} point", "{number} points", abs(change)))


def money(language: Language, value: float | None, currency: str) -> str:
    """An amount without its cents: $12,400."""
    return language.say("unknown") if value is None else language.money(value, currency)


def short_money(language: Language, value: float | None, currency: str) -> str:
    """An amount in at most three digits: $1.24M."""
    if value is None or abs(value) < SHORT_FROM:
        return money(language, value, currency)
    group = MYRIADS.get(language.code, 3)
    rounded = float(f"{value:.{DIGITS}g}")
    whole = floor(log10(abs(rounded))) % group + 1
    return language.short_money(rounded, currency, max(0, DIGITS - whole))


def day(language: Language, value: date | None) -> str:
    """A date: 3 Nov 2026."""
    return language.day(value) if value else language.say("unknown")


def written_day(language: Language, value: str) -> str:
    """A date that a scorecard or a chronicle has written down, 2026-11-03 or longer: 3 Nov 2026."""
    return language.day(date.fromisoformat(value[:10]))


def moment(language: Language, value: datetime) -> str:
    """A date and time, in UTC: 3 Nov 2026, 02:00 UTC."""
    time = language.clock(value)
    return language.say("{day}, {time} UTC", day=language.day(value), time=time)


def days(language: Language, count: int) -> str:
    """How far away a day is."""
    if count < 0:
        return _tight(language.plural("{number} day ago", "{number} days ago", -count))
    if count == 0:
        return language.say("today")
    return _tight(language.plural("in {number} day", "in {number} days", count))


def customers(language: Language, count: int) -> str:
    """So many customers."""
    return _tight(language.plural("{number} customer", "{number} customers", count))


def signed_points(language: Language, value: float) -> str:
    """How much a reason weighs, in percentage points of the score: +4.2 points."""
    size = round(abs(value), 1)
    sign = "+" if value > 0 else "\N{MINUS SIGN}" if value < 0 else ""
    number = language.number(size, digits=1)
    return _tight(sign + language.plural("{number} point", "{number} points", size, number=number))


def still_here(language: Language, outlook: Sequence[tuple[int, float]]) -> str:
    """Who is still there after so many days, for whoever does not see the curve."""
    said = [
        language.plural(
            "{share} after {number} day",
            "{share} after {number} days",
            days,
            share=share(language, 1 - chance),
        )
        for days, chance in outlook
    ]
    return language.say("Still here: {shares}", shares=language.listed(said))


def _tight(said: str) -> str:
    return said.replace(" ", NBSP)


def name(language: Language, given: str) -> str:
    """A name such as a model's version, isolated where words around it run from right to left."""
    return f"\u2066{given}\u2069" if language.direction == "rtl" else given
