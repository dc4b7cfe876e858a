"""How numbers, money and dates are written on the pages."""

from collections.abc import Sequence
from datetime import date, datetime

NBSP = "\N{NO-BREAK SPACE}"
UNKNOWN = "unknown"
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "THB": "฿"}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
BANDS = {
    "critical": "Critical",
    "high": "High",
    "medium": "Medium",
    "low": "Low",
    "insufficient_data": "No score",
}
SURE = 0.995


def band(value: str) -> str:
    """A band as a person says it."""
    return BANDS.get(value, value)


def share(value: float | None) -> str:
    """A probability in whole percent; nobody is at 0 or 100."""
    if value is None:
        return UNKNOWN
    if value < 1 - SURE or value >= SURE:
        return f"<{NBSP}1{NBSP}%" if value < SURE else f">{NBSP}99{NBSP}%"
    return f"{value * 100:.0f}{NBSP}%"


def risen(now: float, before: float | None) -> int | None:
    """By how many points a probability rose, as its two ends are written; None if it is new."""
    return None if before is None else round(now * 100) - round(before * 100)


def points(change: int) -> str:
    """The size of a difference of probabilities, in percentage points."""
    return f"{abs(change)}{NBSP}{'point' if abs(change) == 1 else 'points'}"


def money(value: float | None, currency: str) -> str:
    """An amount without its cents: $12,400."""
    if value is None:
        return UNKNOWN
    return f"{SYMBOLS.get(currency, currency + NBSP)}{value:,.0f}"


def short_money(value: float | None, currency: str) -> str:
    """An amount in three digits: $1.24 M."""
    if value is None or abs(value) < 10_000:
        return money(value, currency)
    size, unit = (1e6, "M") if abs(value) >= 999_500 else (1e3, "k")
    number = value / size
    digits = 0 if abs(number) >= 99.95 else 1 if abs(number) >= 9.995 else 2
    return f"{SYMBOLS.get(currency, currency + NBSP)}{number:,.{digits}f}{NBSP}{unit}"


def day(value: date | None) -> str:
    """A date: 3 Nov 2026."""
    return f"{value.day}{NBSP}{MONTHS[value.month - 1]}{NBSP}{value.year}" if value else UNKNOWN


def written_day(value: str) -> str:
    """A date that a scorecard or a chronicle has written down, 2026-11-03 or longer: 3 Nov 2026."""
    return day(date.fromisoformat(value[:10]))


def moment(value: datetime) -> str:
    """A date and time, in UTC: 3 Nov 2026, 02:00 UTC."""
    return f"{day(value)}, {value:%H:%M}{NBSP}UTC"


def days(count: int) -> str:
    """How far away a day is."""
    if count < 0:
        return f"{days(-count).removeprefix('in ')} ago"
    return "today" if count == 0 else f"in {count:,}{NBSP}{'day' if count == 1 else 'days'}"


def customers(count: int) -> str:
    """So many customers."""
    return f"{count:,}{NBSP}{'customer' if count == 1 else 'customers'}"


def signed_points(value: float) -> str:
    """How much a reason weighs, in percentage points of the score: +4.2 points."""
    size = f"{abs(value):.1f}".removesuffix(".0")
    sign = "+" if value > 0 else "\N{MINUS SIGN}" if value < 0 else ""
    return f"{sign}{size}{NBSP}{'point' if size == '1' else 'points'}"


def still_here(outlook: Sequence[tuple[int, float]]) -> str:
    """Who is still there after so many days, for whoever does not see the curve."""
    return ", ".join(f"{share(1 - chance)} after {days} days" for days, chance in outlook)
