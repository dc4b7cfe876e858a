"""Windows as a person says them: 28 days are the last 4 weeks."""

from functools import cache

from features.languages import Language
from features.measures import DAYS_A_WEEK

WEEK, YEAR = 7, 364


@cache
def past(days: int, language: Language) -> str:
    """When a window was that ends at the as-of date: `in the last 4 weeks`."""
    if days == WEEK:
        return language.say("in the last week")
    if days == YEAR:
        return language.say("in the last year")
    return language.plural(
        "in the last {number} week", "in the last {number} weeks", days // DAYS_A_WEEK
    )


@cache
def against(days: int, language: Language) -> str:
    """The window that a change is measured against: `against the 4 weeks before`."""
    if days == WEEK:
        return language.say("against the week before")
    return language.plural(
        "against the {number} week before",
        "against the {number} weeks before",
        days // DAYS_A_WEEK,
    )


@cache
def against_then(days: int, language: Language) -> str:
    """The moment that a state is measured against: `against 12 weeks ago`."""
    return language.plural(
        "against {number} week ago", "against {number} weeks ago", days // DAYS_A_WEEK
    )
