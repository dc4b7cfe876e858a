"""Charts over time: what stands where, and in which words."""

import re
from datetime import date

import pytest
from markupsafe import Markup

from features.languages import ENGLISH
from serving.charts import Bar, Mark, Span, axis, bars, chart, marks, steps

YEAR = Span(date(2025, 11, 1), date(2026, 11, 1))
DAYS = Span(date(2026, 1, 1), date(2026, 1, 11))


@pytest.mark.parametrize(
    ("day", "percent"),
    [
        (date(2026, 1, 1), 0),
        (date(2026, 1, 6), 50),
        (date(2026, 1, 11), 100),
        (date(2025, 1, 1), 0),
        (date(2027, 1, 1), 100),
    ],
)
def test_a_day_stands_where_it_belongs_and_never_outside(day: date, percent: float) -> None:
    assert DAYS.at(day) == percent


def test_the_months_inside_are_named_and_january_has_its_year() -> None:
    named = re.findall(r">([^<]+)</text>", axis(YEAR, ENGLISH))
    assert named[:3] == ["Dec", "Jan\N{NO-BREAK SPACE}2026", "Feb"]
    assert named[-1] == "Oct"


def test_bars_are_as_high_as_their_share_of_the_largest() -> None:
    given = [Bar(date(2026, 1, n), 1, [("use", value)], "") for n, value in ((1, 10.0), (2, 5.0))]
    heights = [
        float(h)
        for h in re.findall(
            r'class="use"[^>]* height="([0-9.]+)"', bars(DAYS, 65, given, ENGLISH.number)
        )
    ]
    assert heights == [50.0, 25.0]


def test_bars_of_nothing_are_not_drawn() -> None:
    assert bars(DAYS, 65, [Bar(date(2026, 1, 1), 7, [("use", 0.0)], "none")], str) == ""


def test_a_step_holds_until_the_next() -> None:
    drawn = steps(DAYS, 45, [(date(2026, 1, 1), 1.0), (date(2026, 1, 6), 2.0)], 2.0, "mrr")
    lines = re.findall(r'x1="([0-9.]+)%" y1="([0-9.]+)" x2="([0-9.]+)%" y2="([0-9.]+)"', drawn)
    assert lines == [("0.0", "29.0", "50.0", "29.0"), ("50.0", "29.0", "50.0", "14.0")]


def test_what_is_told_is_text() -> None:
    mark = Mark(date(2026, 1, 2), "circle", "paid", "<b>")
    drawn = chart("<i>", 40, DAYS, [marks(DAYS, 40, [mark])])
    assert isinstance(drawn, Markup)
    assert "<b>" not in drawn
    assert "<i>" not in drawn
    assert "<title>&lt;b&gt;</title>" in drawn
