"""Hazards compound to one probability that never falls, and one attribution adds up to it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.calibrate import Platt, log_odds, sigmoid
from training.hazards import Cause, Component, compounded, outlook, rates

WILLING, UNPAID = Cause.VOLUNTARY, Cause.INVOLUNTARY
APART = [(WILLING, 1), (UNPAID, 1), (WILLING, 2), (UNPAID, 2), (WILLING, 3), (UNPAID, 3)]
DAYS = (30, 60, 90)


def components(parts=APART):
    return [Component(cause, month, 0, Platt()) for cause, month in parts]


def odds(*hazards):
    return log_odds(np.array([hazards]))


def test_survival_is_the_product_of_the_chances_to_stay():
    ahead = outlook(components(), DAYS, odds(0.1, 0.5, 0.2, 0.0, 0.0, 0.25))
    assert ahead.survival == pytest.approx(np.array([[0.45, 0.36, 0.27]]))
    assert ahead.leaving == pytest.approx(np.array([[0.55, 0.64, 0.73]]))


def test_want_of_payment_is_asked_only_of_those_who_did_not_leave_of_their_own_will():
    ahead = outlook(components(), DAYS, odds(0.1, 0.5, 0.2, 0.0, 0.0, 0.25))
    assert ahead.by_cause[WILLING] == pytest.approx(np.array([[0.1, 0.19, 0.19]]))
    assert ahead.by_cause[UNPAID] == pytest.approx(np.array([[0.45, 0.45, 0.54]]))


def test_days_to_be_expected_fall_in_a_straight_line_inside_a_month():
    sure = outlook(components(), DAYS, odds(0, 0, 0, 0, 0, 0))
    assert sure.expected_days == pytest.approx([90.0])
    ahead = outlook(components(), DAYS, odds(0.1, 0.5, 0.2, 0.0, 0.0, 0.25))
    trapezes = 30 * (1 + 0.45) / 2 + 30 * (0.45 + 0.36) / 2 + 30 * (0.36 + 0.27) / 2
    assert ahead.expected_days == pytest.approx([trapezes])


def test_an_unequal_last_month_counts_by_its_own_length():
    parts = components([(Cause.ANY, 1), (Cause.ANY, 2)])
    ahead = outlook(parts, (30, 50), odds(0.5, 0.0))
    assert ahead.expected_days == pytest.approx([30 * 0.75 + 20 * 0.5])


numbers = st.floats(-30, 30)
rows = st.lists(st.lists(numbers, min_size=6, max_size=6), min_size=1, max_size=5).map(np.array)
usual = st.lists(st.floats(-9, 3), min_size=6, max_size=6).map(np.array)


@given(rows)
def test_a_later_day_is_never_less_likely_and_the_causes_add_up(given_odds):
    ahead = outlook(components(), DAYS, given_odds)
    assert (np.diff(ahead.leaving, axis=1) >= 0).all()
    both = ahead.by_cause[WILLING] + ahead.by_cause[UNPAID]
    assert both == pytest.approx(ahead.leaving, abs=1e-12)
    assert sigmoid(compounded(given_odds)) == pytest.approx(ahead.leaving[:, -1], abs=1e-12)


@given(rows, usual)
def test_the_attribution_adds_up_to_the_log_odds_of_leaving_for_every_horizon(given_odds, typical):
    for used in (2, 4, 6):
        some, start = given_odds[:, :used], typical[None, :used]
        moved = (rates(some, start) * (some - start)).sum(axis=1)
        assert moved == pytest.approx(compounded(some) - compounded(start), abs=1e-9, rel=1e-9)


@given(rows, usual)
def test_nothing_that_raises_a_hazard_lowers_the_whole(given_odds, typical):
    assert (rates(given_odds, typical[None]) > 0).all()


def test_who_is_the_typical_customer_gets_the_slope_at_that_point():
    at = np.array([[-3.0, -2.0]])
    step = 1e-5
    slope = [
        (compounded(at + step * unit) - compounded(at - step * unit))[0] / (2 * step)
        for unit in np.eye(2)
    ]
    assert rates(at, at)[0] == pytest.approx(slope, rel=1e-6)


def test_one_hazard_alone_is_told_as_it_is():
    assert compounded(np.array([[-1.25]]))[0] == -1.25
    assert rates(np.array([[-1.25]]), np.array([[-2.0]])) == 1.0
