"""The scorecard: a good model passes, each fault breaks the rule made for it."""

import json
import math

import numpy as np
import pytest

from tests.training.worlds import ABOUT, baselines, judged, world
from training.blocks import Given
from training.calibrate import sigmoid
from training.evaluate import judge
from training.money import Offer
from training.slices import holm

LOGIT, CHURNED = world()
OFFER = Offer(clv=1_000, incentive=20, contact=2)
ALL_WELL = Given(
    horizon_violations=0, additivity_error=1e-9, without_reason=0, monotone_violations=0
)


def card_of(rows=None, *, about=ABOUT, given=ALL_WELL, rivals=None, **settings):
    rows = judged(LOGIT, CHURNED) if rows is None else rows
    rivals = baselines(LOGIT, CHURNED) if rivals is None else rivals
    return judge(rows, rivals, about, given=given, offer=OFFER, resamples=200, **settings)


def test_a_true_model_gets_the_best_grade():
    card = card_of()
    assert card.grade.letter == "A"
    assert not card.failures("data", "ranking", "probability", "money", "baselines")


def test_the_data_block_counts_customers_and_rows():
    data = card_of().data
    assert (data.as_of, data.customers, data.rows) == (("2026-01-01", "2026-02-01"), 1_500, 3_000)
    assert data.churned_rows == CHURNED.sum()
    assert data.churned.value.point == (CHURNED.reshape(2, -1).max(0)).sum()


def test_probabilities_too_high_break_calibration_and_not_ranking():
    card = card_of(judged(LOGIT, CHURNED, said=LOGIT + 0.4))
    assert card.ranking.auc.passed
    assert card.probability.observed_expected.passed is False
    assert card.grade.letter == "C"
    assert "Observed/expected" in card.grade.rule


def test_probabilities_too_extreme_break_the_slope():
    card = card_of(judged(LOGIT, CHURNED, said=LOGIT.mean() + 1.6 * (LOGIT - LOGIT.mean())))
    assert card.probability.slope.value.point == pytest.approx(1 / 1.6, abs=0.1)
    assert card.probability.slope.passed is False


def test_a_model_below_one_feature_says_which():
    blurred = LOGIT + 3 * np.random.default_rng(5).normal(size=len(LOGIT))
    card = card_of(
        judged(LOGIT, CHURNED, said=blurred), rivals=baselines(LOGIT, CHURNED, feature=0.1)
    )
    assert card.grade.letter == "D"
    assert "it is not surely above the best baseline's" in card.ranking.auc.sentence
    assert "(days_since_last_use_180d; paired gain" in card.ranking.auc.sentence


def test_a_gain_over_a_baseline_that_may_be_chance_is_not_enough():
    noise = np.random.default_rng(6).normal(size=(2, len(LOGIT)))
    mine, theirs = LOGIT + 0.4 * noise
    rivals = baselines(LOGIT, CHURNED) | {"logistic": sigmoid(theirs)}
    auc = card_of(judged(LOGIT, CHURNED, said=mine), rivals=rivals).ranking.auc
    gain = card_of(judged(LOGIT, CHURNED, said=mine), rivals=rivals).baselines[-1].auc_gain
    assert gain.low < 0 < gain.high
    assert auc.passed is False


def test_a_gain_seen_on_the_same_customers_is_enough_where_the_two_intervals_overlap():
    theirs = LOGIT + 0.3 * np.random.default_rng(6).normal(size=len(LOGIT))
    card = card_of(rivals=baselines(LOGIT, CHURNED) | {"logistic": sigmoid(theirs)})
    auc = card.ranking.auc
    assert auc.value.low < card.baselines[-1].auc.point < auc.value.point
    assert auc.passed


def test_few_churned_customers_are_insufficient_data():
    assert card_of(about=type(ABOUT)(trained_churned=99, horizon_days=90)).grade.letter == (
        "insufficient data"
    )


def test_a_model_that_knows_the_answer_is_held_for_leak_review():
    card = card_of(judged(LOGIT, CHURNED, said=LOGIT + 5 * CHURNED))
    assert card.grade.letter == "leak review"


def test_a_feature_that_alone_tells_nearly_all_is_named():
    card = card_of(given=Given(single_feature_auc=("health_score", 0.974)))
    assert card.too_good.single_feature_auc.sentence == (
        "AUC of health_score alone .974: it is not at most .9."
    )


def test_inexact_reasons_break_their_rule():
    card = card_of(given=Given(additivity_error=1e-4))
    assert card.explanation.additivity_error.passed is False
    assert card.explanation.without_reason.passed is None


def test_a_slice_the_model_is_wrong_about_fails_and_the_others_pass():
    plan = np.tile(np.array(["free", "pro", "team"]), 1_000)
    said = LOGIT - 1.5 * (plan == "pro")
    card = card_of(judged(LOGIT, CHURNED, said=said, slices={"plan": plan}))
    assert [row.verdict for row in card.slices] == ["passes", "fails", "passes"]
    assert "plan = pro" in card.slices[1].observed_expected.sentence


def test_a_slice_with_few_churned_says_so():
    card = card_of(
        judged(LOGIT, CHURNED, slices={"plan": np.where(np.arange(3_000) < 20, "a", "b")})
    )
    assert card.slices[0].verdict == "too few"
    assert card.slices[0].observed_expected.passed is None


def test_many_good_slices_seldom_fail():
    random = np.random.default_rng(8)
    columns = {f"c{i}": random.integers(0, 4, size=len(LOGIT)) for i in range(10)}
    card = card_of(judged(LOGIT, CHURNED, slices=columns))
    assert {row.verdict for row in card.slices} == {"passes"}


def test_holm_multiplies_the_smallest_most_and_keeps_the_order():
    found = holm(np.array([0.01, 0.04, 0.03, 0.9]))
    assert found == pytest.approx([0.04, 0.09, 0.09, 0.9])


def test_capacity_is_counted_on_each_date():
    card = card_of(capacity=30)
    margin, dates = LOGIT.reshape(2, -1), CHURNED.reshape(2, -1)
    caught = sum(
        churned[np.argsort(-row)[:30]].sum() for row, churned in zip(margin, dates, strict=True)
    )
    assert card.ranking.recall_at_capacity.value.point == pytest.approx(caught / CHURNED.sum())


def test_the_own_list_is_the_champions_list_and_a_random_one_is_not():
    rivals = baselines(LOGIT, CHURNED)
    same = card_of(rivals=rivals | {"champion": sigmoid(LOGIT)}).stability.list_overlap
    random = np.random.default_rng(1).random(len(LOGIT))
    other = card_of(rivals=rivals | {"champion": random}).stability.list_overlap
    assert (same.value.point, same.passed) == (1.0, True)
    assert other.value.point < 0.3
    assert other.passed is False


def test_intervals_hold_the_point_and_the_gain_is_the_difference():
    card = card_of()
    logistic = card.baselines[-1]
    gain = card.ranking.auc.value.point - logistic.auc.point
    assert logistic.auc_gain.point == pytest.approx(gain)
    assert logistic.auc_gain.low < gain < logistic.auc_gain.high
    left = card.probability.log_loss.value.point / logistic.log_loss.point
    assert logistic.log_loss_gain.point == pytest.approx(1 - left)
    empc = card.money.empc.value
    assert empc.low < empc.point < empc.high


def test_months_add_up_to_the_rows():
    months = card_of().probability.months
    assert sum(month.observed for month in months) == CHURNED.sum()
    assert all(month.ratio.low < month.ratio.point < month.ratio.high for month in months)


def test_the_same_seed_gives_the_same_card():
    assert card_of(seed=4).to_dict() == card_of(seed=4).to_dict()


def test_the_card_is_json_and_unknown_figures_are_null():
    rows = judged(LOGIT, CHURNED)
    card = judge(rows, baselines(LOGIT, CHURNED), ABOUT, resamples=20).to_dict()
    assert json.loads(json.dumps(card, allow_nan=False)) == card
    assert card["horizons"]["value"]["point"] is None
    assert card["ranking"]["auc"]["value"]["low"] < card["ranking"]["auc"]["value"]["point"]


def test_rows_where_nobody_churned_are_judged_without_a_figure():
    rows = judged(LOGIT, np.zeros_like(CHURNED))
    card = judge(rows, baselines(LOGIT, CHURNED), ABOUT, resamples=20)
    assert math.isnan(card.ranking.auc.value.point)
    assert card.grade.letter == "insufficient data"


def test_a_missing_baseline_is_named():
    rivals = baselines(LOGIT, CHURNED)
    del rivals["logistic"]
    with pytest.raises(ValueError, match="'logistic' is missing"):
        card_of(rivals=rivals)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("probability", np.full(3_000, 1.2), "3000 probabilities"),
        ("churned", np.full(3_000, 2), "censored"),
        ("mrr", np.ones(7), "mrr does not have one entry"),
    ],
)
def test_rows_that_cannot_be_judged_are_refused(column, value, message):
    columns = {**vars(judged(LOGIT, CHURNED)), column: value}
    with pytest.raises(ValueError, match=message):
        type(judged(LOGIT, CHURNED))(**columns)
