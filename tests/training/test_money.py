"""Profit against golden values, against `empulse`, and against sums worked by hand."""

import numpy as np
import pytest
from empulse.metrics import empc_score, mpc_score, savings_score
from hypothesis import given, settings
from hypothesis import strategies as st

from training.money import Offer, cut_offs, empc, mpc, savings, threshold

GOLDEN = np.array([0, 1, 0, 1, 0, 1, 0, 1]), np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])
OFFER = Offer(clv=100, incentive=10, contact=2, accept=0.5)  # gains 43, wastes 12


def test_the_golden_values_of_expected_and_maximum_profit():
    assert empc(*GOLDEN) == pytest.approx(23.875593418, abs=1e-8)
    assert mpc(*GOLDEN) == pytest.approx(23.875, abs=1e-12)


@settings(max_examples=50)
@given(
    st.integers(2, 200),
    st.integers(0, 10_000),
    st.floats(20, 500),
    st.floats(1, 15),
    st.floats(0, 3),
)
def test_expected_profit_agrees_with_empulse(rows, seed, clv, incentive, contact):
    random = np.random.default_rng(seed)
    churned = (random.random(rows) < 0.3).astype(int)
    churned[:2] = [0, 1]
    score = np.round(0.3 * churned + 0.7 * random.random(rows), 2)
    offer = Offer(clv=clv, incentive=incentive, contact=contact)
    terms = {"clv": clv, "incentive_cost": incentive, "contact_cost": contact}
    expected = empc_score(churned, score, **terms)
    assert empc(churned, score, offer) == pytest.approx(expected, abs=1e-8)
    assert mpc(churned, score, offer) == pytest.approx(mpc_score(churned, score, **terms))


def test_a_customer_worth_less_than_the_offer_brings_no_profit():
    assert empc(*GOLDEN, Offer(clv=5)) == 0
    assert mpc(*GOLDEN, Offer(clv=5)) == 0


def test_contacting_pays_above_the_threshold_and_not_below():
    chance = float(threshold(OFFER))
    assert chance == pytest.approx(12 / 55)
    assert chance * OFFER.gain == pytest.approx((1 - chance) * OFFER.waste)


def test_each_customer_has_the_threshold_of_its_own_value():
    each = threshold(Offer(clv=np.array([5.0, 100.0, 1_000.0]), accept=0.5))
    assert each[0] == np.inf
    assert each[1] > each[2]


def test_savings_are_measured_against_the_better_simple_policy():
    churned, probability = np.array([1, 0, 0, 0]), np.array([0.9, 0.3, 0.1, 0.1])
    # Nobody: 100. All: 100 - 43 + 3 x 12 = 93. By threshold two: 100 - 43 + 12 = 69.
    assert savings(churned, probability, OFFER) == pytest.approx(1 - 69 / 93)


def test_contacting_nobody_saves_nothing():
    assert savings(np.array([1, 0, 0, 0, 0]), np.full(5, 0.01), OFFER) == 0


def test_savings_agree_with_empulse():
    random = np.random.default_rng(4)
    probability, clv = random.beta(1, 8, size=500), random.uniform(20, 400, size=500)
    churned = (random.random(500) < probability).astype(int)
    offer = Offer(clv=clv, incentive=8, contact=1, accept=0.4)
    expected = savings_score(
        churned,
        (probability > threshold(offer)).astype(float),
        tp_cost=1 + 0.4 * 8 + 0.6 * clv,
        fp_cost=9.0,
        fn_cost=clv,
        tn_cost=0.0,
        baseline="zero_one",
    )
    assert savings(churned, probability, offer) == pytest.approx(expected)


def test_the_cut_offs_count_churners_caught_false_alarms_and_money():
    churned, scores = np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.5, 0.5])
    found = cut_offs(churned, scores, OFFER, points=3)
    assert found.contacted.tolist() == [0, 1, 4]
    assert found.caught.tolist() == [0, 1, 2]
    assert found.false_alarms.tolist() == [0, 0, 2]
    assert found.profit.tolist() == [0, 43, 62]
    assert found.lowest.tolist() == [np.inf, 0.9, 0.5]
    assert found.best == 2


def test_equal_scores_are_contacted_by_their_share():
    found = cut_offs(np.array([1, 0, 1, 0]), np.array([0.5] * 4), OFFER, points=3)
    assert found.caught.tolist() == [0, 0.5, 2]


def test_each_date_has_its_own_riskiest_customers():
    churned, scores = np.array([1, 0, 0, 0] * 2), np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1])
    dates = np.repeat(["2026-01-01", "2026-02-01"], 4)
    apart = cut_offs(churned, scores, OFFER, dates, points=3)
    assert (apart.contacted[1], apart.caught[1], apart.profit[1]) == (1, 1, 43)
    assert cut_offs(churned, scores, OFFER, points=3).caught[1] == 1  # of two contacted, of eight


@pytest.mark.parametrize("wrong", [{"accept": 0.0}, {"accept": 1.2}, {"contact": -1.0}])
def test_terms_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="cannot be"):
        Offer(**wrong)
