"""Derived columns: time elapsed inside a row or up to the as-of date, as data for every engine."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

AS_OF = "as_of"


def midnight(as_of: date) -> datetime:
    """The moment an as-of date stands for: its first, in UTC."""
    return datetime(as_of.year, as_of.month, as_of.day)


@dataclass(frozen=True)
class Elapsed:
    """Time from one column to another, or to the as-of date; missing where either is.

    Days are whole calendar days in UTC, as `days_ago` counts them; hours are exact to the second.
    """

    name: str
    start: str
    end: str
    unit: Literal["days", "hours"]


DERIVED: dict[str, tuple[Elapsed, ...]] = {
    "subscriptions": (Elapsed("days_to_term_end", AS_OF, "term_ends_at", "days"),),
    "tickets": (
        Elapsed("hours_to_first_response", "opened_at", "first_response_at", "hours"),
        Elapsed("hours_to_resolve", "opened_at", "resolved_at", "hours"),
    ),
    "invoices": (
        Elapsed("days_overdue", "due_at", AS_OF, "days"),
        Elapsed("days_late", "due_at", "paid_at", "days"),
    ),
}


def derived(table: str, at: str) -> tuple[Elapsed, ...]:
    """The derived columns of a table; every table has `days_ago`, 1 being yesterday."""
    return (Elapsed("days_ago", at, AS_OF, "days"), *DERIVED.get(table, ()))
