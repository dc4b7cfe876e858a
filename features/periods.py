"""Windows as a person says them: 28 days are the last 4 weeks."""

from features.measures import DAYS_A_WEEK

SPOKEN = {7: "week", 364: "year"}


def past(days: int) -> str:
    """The window that ends at the as-of date: `the last 4 weeks`."""
    return f"the last {_length(days)}"


def before(days: int) -> str:
    """The window that a change is measured against: `the 4 weeks before`."""
    return f"the {_length(days)} before"


def _length(days: int) -> str:
    return SPOKEN.get(days, f"{days // DAYS_A_WEEK} weeks")
