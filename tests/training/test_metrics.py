"""The metrics against values worked by hand, and against scikit-learn on anything."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from training import metrics, reliability

CHURNED = np.array([1, 0, 1, 0, 0])
SCORES = np.array([0.9, 0.8, 0.5, 0.5, 0.1])


@st.composite
def judged(draw):
    """Rows with at least one of each kind, scores full of ties, and whole weights."""
    size = draw(st.integers(2, 40))
    rows = st.lists(
        st.tuples(st.booleans(), st.integers(1, 9), st.integers(1, 4)),
        min_size=size,
        max_size=size,
    )
    churned, score, weight = (np.array(column) for column in zip(*draw(rows), strict=True))
    churned[:2] = [True, False]
    return churned.astype(int), score / 10, weight


def test_auc_counts_a_tie_as_half_a_win():
    # The first churned row beats 3 of 3 stayed; the second ties with one and beats one.
    assert metrics.auc(CHURNED, SCORES) == pytest.approx((3 + 1.5) / 6)


def test_average_precision_is_the_mean_precision_at_the_churned_rows():
    # Precision is 1/1 at the first place and 2/4 at the tied third.
    assert metrics.average_precision(CHURNED, SCORES) == pytest.approx((1 + 0.5) / 2)


@given(judged())
def test_the_metrics_agree_with_scikit_learn(rows):
    churned, score, weight = rows
    oracles = [
        (metrics.auc, roc_auc_score),
        (metrics.average_precision, average_precision_score),
        (metrics.log_loss, log_loss),
        (metrics.brier, brier_score_loss),
    ]
    for ours, oracle in oracles:
        expected = oracle(churned, score, sample_weight=weight)
        assert ours(churned, score, weight) == pytest.approx(expected, abs=1e-12)


@given(judged())
def test_a_weight_of_two_is_the_row_twice(rows):
    churned, score, weight = rows
    twice = np.repeat(churned, weight), np.repeat(score, weight)
    for metric in (metrics.auc, metrics.average_precision, metrics.top_decile_lift):
        assert metric(churned, score, weight) == pytest.approx(metric(*twice), abs=1e-12)


def test_auc_of_one_kind_only_is_not_a_number():
    assert math.isnan(metrics.auc(np.zeros(3), np.arange(3)))


def test_a_missing_score_is_refused_by_name():
    with pytest.raises(ValueError, match="score is missing"):
        metrics.auc(CHURNED, np.array([0.9, np.nan, 0.1, 0.2, 0.3]))


def test_top_decile_lift_takes_the_rounded_tenth_of_the_rows():
    churned = np.zeros(26)
    churned[[0, 2, 20]] = 1  # 26 rows: three are looked at, two of them churned
    assert metrics.top_decile_lift(churned, -np.arange(26)) == pytest.approx((2 / 3) / (3 / 26))


def test_equal_scores_give_the_top_decile_their_fair_share_in_any_order():
    churned = np.array([1] * 5 + [0] * 15)
    for order in (np.arange(20), np.arange(20)[::-1]):
        assert metrics.top_decile_lift(churned[order], np.full(20, 0.3)) == pytest.approx(1.0)


def test_lift_and_recall_at_a_capacity_share_the_tied_place():
    # Two places: one sure churner, and half of the tie of one churned and one stayed is 0.
    assert metrics.recall_at(CHURNED, SCORES, 2) == pytest.approx(1 / 2)
    assert metrics.recall_at(CHURNED, SCORES, 3) == pytest.approx(1.5 / 2)
    assert metrics.lift_at(CHURNED, SCORES, 3) == pytest.approx((1.5 / 3) / (2 / 5))


def test_mrr_captured_weighs_each_churned_row_by_its_revenue():
    worth = np.array([10, 500, 30, 500, 500])
    assert metrics.recall_at(CHURNED, SCORES, 1, worth) == pytest.approx(10 / 40)


def test_the_skill_of_the_base_rate_is_zero_and_of_the_truth_one():
    assert metrics.brier_skill(CHURNED, np.full(5, 0.4)) == pytest.approx(0)
    assert metrics.brier_skill(CHURNED, CHURNED) == pytest.approx(1)


def test_log_loss_of_a_certain_mistake_stays_finite():
    assert math.isfinite(metrics.log_loss(np.array([1]), np.array([0.0])))


def test_observed_over_expected_is_above_one_when_more_churn_than_foreseen():
    assert metrics.observed_expected(CHURNED, np.full(5, 0.2)) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.6889), (10, 4.7954, 18.3904), (100, 81.3640, 121.6269)]
)
def test_the_poisson_interval_is_the_published_exact_one(count, low, high):
    assert metrics.poisson_interval(count) == pytest.approx((low, high), abs=1e-3)


def test_ece_is_the_mean_gap_over_bins_of_equal_count():
    probability = np.array([0.1, 0.1, 0.6, 0.6])
    churned = np.array([0, 0, 1, 0])
    found = reliability.expected_calibration_error(churned, probability, bins=2)
    assert found == pytest.approx((0.1 + 0.1) / 2)


def test_one_probability_for_all_is_one_bin():
    found = reliability.binned(np.array([1, 0, 0, 0]), np.full(4, 0.3), bins=10)
    assert (found.rows.tolist(), found.ece) == ([4.0], pytest.approx(0.05))


def test_the_noise_floor_is_what_a_perfect_model_shows():
    random = np.random.default_rng(11)
    probability = random.beta(2, 18, size=3_000)
    perfect = [
        reliability.expected_calibration_error(random.random(3_000) < probability, probability)
        for _ in range(100)
    ]
    floor = reliability.noise_floor(probability)
    assert floor.point == pytest.approx(np.mean(perfect), rel=0.1)
    assert floor.low < np.median(perfect) < floor.high


def test_probabilities_that_are_too_extreme_have_a_slope_below_one():
    random = np.random.default_rng(5)
    logit = random.normal(-1, 1, size=20_000)
    churned = random.random(20_000) < 1 / (1 + np.exp(-logit))
    slope, intercept = reliability.recalibration(churned, 1 / (1 + np.exp(-2 * logit - 0.5)))
    assert (slope, intercept) == pytest.approx((0.5, -0.25), abs=0.05)


def test_one_step_resamples_of_the_slope_are_close_to_refits():
    random = np.random.default_rng(6)
    logit = random.normal(-1, 1, size=2_000)
    probability = 1 / (1 + np.exp(-logit))
    churned = random.random(2_000) < probability
    times = random.multinomial(2_000, np.full(2_000, 1 / 2_000)).astype(float)
    step = reliability.recalibrations(churned, probability)(times[None])
    again = np.repeat(np.arange(2_000), times.astype(int))
    slope, intercept = reliability.recalibration(churned[again], probability[again])
    assert [step["slope"][0], step["intercept"][0]] == pytest.approx([slope, intercept], abs=0.01)
