"""How numbers, money and days are written."""

from datetime import date

import pytest

from features.languages import ENGLISH
from serving.web import words

BLANK = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "unknown"),
        (0.0, "< 1 %"),
        (0.004, "< 1 %"),
        (0.006, "1 %"),
        (0.425, "42 %"),
        (0.994, "99 %"),
        (0.999, "> 99 %"),
        (1.0, "> 99 %"),
    ],
)
def test_nobody_is_written_as_certain_to_stay_or_to_leave(
    value: float | None, written: str
) -> None:
    assert words.share(ENGLISH, value).replace(BLANK, " ") == written


@pytest.mark.parametrize(
    ("value", "currency", "written"),
    [
        (None, "USD", "unknown"),
        (0, "USD", "$0"),
        (9_999.4, "USD", "$9,999"),
        (10_000, "EUR", "€10K"),
        (12_345, "USD", "$12.3K"),
        (999_499, "USD", "$999K"),
        (999_500, "USD", "$1M"),
        (123_456_789, "CHF", "CHF 123M"),
    ],
)
def test_a_sum_is_written_in_at_most_three_digits(
    value: float | None, currency: str, written: str
) -> None:
    assert words.short_money(ENGLISH, value, currency).replace(BLANK, " ") == written


@pytest.mark.parametrize(
    ("now", "before", "points"),
    [(0.5, None, None), (0.184, 0.176, 0), (0.186, 0.184, 1), (0.1, 0.35, -25)],
)
def test_a_change_is_that_of_what_is_written(
    now: float, before: float | None, points: int | None
) -> None:
    assert words.risen(now, before) == points


@pytest.mark.parametrize(
    ("count", "written"),
    [(0, "today"), (1, "in 1 day"), (30, "in 30 days"), (-1, "1 day ago"), (-40, "40 days ago")],
)
def test_a_day_is_so_far_away(count: int, written: str) -> None:
    assert words.days(ENGLISH, count).replace(BLANK, " ") == written


def test_a_date_is_written_with_its_month_in_letters() -> None:
    assert words.day(ENGLISH, date(2026, 11, 3)).replace(BLANK, " ") == "3 Nov 2026"


@pytest.mark.parametrize(
    ("points", "written"), [(1.04, "+1 point"), (-3.1, "\N{MINUS SIGN}3.1 points"), (0, "0 points")]
)
def test_a_reason_weighs_so_many_points(points: float, written: str) -> None:
    assert words.signed_points(ENGLISH, points).replace(BLANK, " ") == written
