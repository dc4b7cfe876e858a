"""Windows as a person says them: 28 days are the last 4 weeks."""

from features.measures import DAYS_A_WEEK

WHOLE = {7: "week", 364: "year"}


def past(days: int) -> str:
    """The window that ends at the as-of date: `the last 4 weeks`."""
    return f"the last {WHOLE.get(days, _weeks(days))}"


def before(days: int) -> str:
    """The window that a change is measured against: `the 4 weeks before`."""
    return f"the {WHOLE.get(days, _weeks(days))} before"


def ago(days: int) -> str:
    """The moment that a state is measured against: `12 weeks ago`."""
    return f"{_weeks(days)} ago"


def _weeks(days: int) -> str:
    return f"{days // DAYS_A_WEEK} weeks"
