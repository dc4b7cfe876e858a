"""The gate: what is promoted, refused and held, and that every reason has its numbers."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.worlds import ABOUT, baselines, judged, world
from training.blocks import Given
from training.evaluate import judge
from training.gate import Candidate, Change, against_baselines, compare, decide
from training.money import Offer

LOGIT, CHURNED = world(4_000)
OFFER = Offer(clv=1_000, incentive=20, contact=2)
NOISE = np.random.default_rng(21).normal(size=len(LOGIT))


def candidate(said=LOGIT, *, logit=LOGIT, churned=CHURNED, about=ABOUT, **given):
    rows = judged(logit, churned, said=said)
    rivals = baselines(logit, churned)
    card = judge(rows, rivals, about, given=Given(**given), offer=OFFER, resamples=200)
    return Candidate(card, rows)


GOOD = candidate()
TOO_HIGH = candidate(LOGIT + 0.9)
BLURRED = candidate(LOGIT + 0.7 * NOISE)


def judgement(challenger=GOOD, champion=None, **settings):
    return decide(challenger, champion, resamples=300, **settings)


def test_a_true_model_passes_the_baselines_and_says_by_how_much():
    found = against_baselines(GOOD.scorecard)
    assert found.outcome == "promote"
    assert "it is surely above the best baseline's" in found.reasons[0]
    assert found.numbers["auc_low"] > found.numbers["logistic_auc"]


def test_noise_is_refused_with_every_reason():
    found = against_baselines(candidate(np.log(0.15 / 0.85) + NOISE).scorecard)
    assert found.outcome == "refuse"
    assert [reason.split()[0] for reason in found.reasons] == ["AUC", "Log-loss", "Log-loss"]
    assert "it is not surely above the best baseline's" in found.reasons[0]
    assert "it is not below the base rate's" in found.reasons[1]


def test_a_good_model_trained_on_few_churned_is_held():
    few = candidate(about=replace(ABOUT, trained_churned=99))
    found = against_baselines(few.scorecard)
    assert found.outcome == "hold"
    assert found.reasons[0] == "Churned customers to train on 99: it is not at least 100."


def test_a_bad_model_trained_on_few_churned_is_refused():
    bad = candidate(LOGIT + 2, about=replace(ABOUT, trained_churned=99))
    assert against_baselines(bad.scorecard).outcome == "refuse"


def test_a_test_of_few_churned_customers_is_held():
    logit, churned = world(200, base=-2.5)
    small = candidate(logit, logit=logit, churned=churned)
    assert small.scorecard.data.churned.value.point < 30
    assert against_baselines(small.scorecard).outcome == "hold"


def test_the_full_gate_asks_for_true_probabilities_too():
    assert against_baselines(candidate(LOGIT + 0.25).scorecard).outcome == "promote"
    found = judgement(TOO_HIGH)
    assert found.outcome == "refuse"
    assert any(reason.startswith("Observed/expected") for reason in found.reasons)


def test_a_retrained_model_as_good_as_the_champion_is_promoted():
    found = judgement(GOOD, candidate(LOGIT + 0.05 * NOISE))
    assert found.outcome == "promote"
    assert found.numbers["auc_gain_low"] > -0.01


def test_a_model_worse_than_the_champion_is_refused_with_the_loss():
    found = judgement(BLURRED, GOOD)
    assert found.outcome == "refuse"
    assert "AUC gain over the champion -" in " ".join(found.reasons)
    assert "its lower bound is not above -.010" in " ".join(found.reasons)


def test_a_loss_that_may_be_larger_than_allowed_is_refused_though_its_point_is_not():
    logit, churned = world(1_000)
    blurs = 0.6 * np.random.default_rng(2).normal(size=(2, 1_000))
    rivals = (candidate(logit + blur, logit=logit, churned=churned) for blur in blurs)
    found = judgement(*rivals)
    assert found.numbers["auc_gain"] > -0.01 > found.numbers["auc_gain_low"]
    assert any(reason.startswith("AUC gain over the champion") for reason in found.reasons)


def test_a_redesign_that_is_only_as_good_is_refused_and_a_better_one_is_not():
    equal = judgement(GOOD, GOOD, change=Change.REDESIGN)
    assert equal.outcome == "refuse"
    assert "Chance of a lower log-loss" in equal.reasons[0]
    rival = candidate(LOGIT + 0.3 * NOISE)
    assert rival.keeps_its_rules
    assert judgement(GOOD, rival, change=Change.REDESIGN).outcome == "promote"


def test_a_champion_that_fails_its_own_rules_gives_way_to_one_not_worse():
    fallen = replace(GOOD, scorecard=TOO_HIGH.scorecard)
    assert judgement(GOOD, fallen, change=Change.REDESIGN).outcome == "promote"


def test_few_churned_customers_widen_the_margin_for_auc():
    logit, churned = world(600, base=-2.2)
    assert judged(logit, churned).churned_customers < 100
    small = candidate(logit, logit=logit, churned=churned)
    found = judgement(small, small)
    assert any("its lower bound is above -.020" in reason for reason in found.reasons)


def test_a_test_set_used_too_often_asks_for_fresh_dates():
    assert judgement(test_uses=10).outcome == "promote"
    found = judgement(test_uses=11)
    assert found.outcome == "hold"
    assert "fresh as-of dates" in found.reasons[0]


def test_a_guard_that_fired_holds_the_model_in_its_own_words():
    words = "Missingness probe: AUC of nps being missing .84 is above .70."
    found = judgement(guards=[words])
    assert (found.outcome, found.reasons) == ("hold", (words,))


def test_a_figure_too_good_to_be_true_holds_the_model():
    found = judgement(candidate(single_feature_auc=("health", 0.974)))
    assert found.outcome == "hold"
    assert found.reasons[0].startswith("Held for leak review: AUC of health alone .974")


def test_a_model_that_takes_too_long_to_explain_is_held_and_says_what_to_do():
    assert judgement(candidate(explanation_cost=(240.0, 240.0))).outcome == "promote"
    found = judgement(candidate(explanation_cost=(850.0, 240.0)))
    assert found.outcome == "hold"
    assert found.reasons == (
        "Held for its cost: Microseconds of a core to explain a customer 850: it is not at most "
        "240. Grow fewer or smaller trees, or install the extra `fast`.",
    )


def test_refusing_comes_before_holding():
    assert judgement(TOO_HIGH, test_uses=11).outcome == "refuse"


def test_candidates_judged_on_other_rows_cannot_be_compared():
    logit, churned = world(4_000, seed=3)
    with pytest.raises(ValueError, match="not judged on the same rows: their lost differ"):
        compare(GOOD.rows, judged(logit, churned))


def test_the_comparison_is_paired():
    close = candidate(LOGIT + 0.05 * NOISE)
    gain = compare(GOOD.rows, close.rows, resamples=200).auc_gain
    alone = GOOD.scorecard.ranking.auc.value
    assert (gain.high - gain.low) < 0.3 * (alone.high - alone.low)
