"""Published data through the pipeline: the rows as published, and a gate that says what it sees."""

from pathlib import Path

import pytest

from experiments.real_data import fightchurn_socialnet7, oulad_usage, ravenstack
from experiments.real_data.case import ran, said

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the published sets are not here")


def figures(module):
    return said(ran(module.case(DATA), seeds=1, resamples=100))


def test_learners_who_withdraw_are_ranked_above_those_who_stay():
    found = figures(oulad_usage)
    assert (found["churned_to_train_on"], found["positives"]) == (444, 320)
    assert found["rows"]["test"] == 12_526
    assert found["auc"] > 0.64
    assert found["promoted"] is False


def test_lapsing_members_of_a_network_are_ranked_above_those_who_stay():
    found = figures(fightchurn_socialnet7)
    assert found["auc"] > 0.62
    assert found["log_loss"] < found["base_log_loss"]


def test_a_model_of_random_data_is_refused_and_its_impossible_rows_are_accounted_for():
    found = figures(ravenstack)
    assert found["decision"] == "refuse"
    assert found["reasons"]
    assert found["set_aside"]["usage"]["before_sign_up"] == 13_198
    assert found["set_aside"]["tickets"] == {"before_sign_up": 1_077}
