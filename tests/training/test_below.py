"""Where too few have left, training says so: a churn rate with its interval, and no more."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.catalogue import CHURN
from features.sources.files import in_memory
from tests.training.conftest import LABEL, PLAN, small_world
from training.below import Minimum, decision_below, rate_interval, shortfall
from training.model import loaded
from training.money import Offer
from training.run import Business, Outcome, run
from training.track import Registry
from training.train import Trained


def rows(customers: int, churned: int) -> pd.DataFrame:
    """Two snapshots of every customer; the first ones leave after both."""
    left = np.arange(customers) < churned
    index = pd.MultiIndex.from_product(
        [[1, 2], range(customers)], names=["as_of", "customer_id"]
    ).swaplevel()
    return pd.DataFrame({"churned": np.tile(left, 2).astype(int)}, index=index)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    home = tmp_path_factory.mktemp("registry")
    return Registry(f"sqlite:///{home}/mlflow.db", "churn", home / "artifacts")


@pytest.fixture(scope="module")
def tiny(registry: Registry) -> Outcome:
    history = in_memory(small_world(customers=40))
    business = Business(Offer(), 5, {"key_events": [], "milestones": []})
    plan = replace(PLAN, least=Minimum())
    return run(history, CHURN, LABEL, plan, registry, business)


def test_a_hundred_to_learn_from_and_thirty_to_judge_by_are_enough_and_one_less_is_not():
    assert shortfall(rows(900, 100), rows(900, 30), Minimum()) == ""
    assert "99 on the dates to train on" in shortfall(rows(900, 99), rows(900, 30), Minimum())
    assert "29 on those to judge by" in shortfall(rows(900, 100), rows(900, 29), Minimum())


def test_the_interval_counts_customers_and_not_their_snapshots():
    # Wilson's limits are the rates from which 5 in 50 is 1.645 standard errors away.
    for limit in rate_interval(rows(50, 5)):
        assert abs(0.1 - limit) / np.sqrt(limit * (1 - limit) / 50) == pytest.approx(1.645)
    assert rate_interval(rows(50, 0)) == pytest.approx((0.0, 0.0513), abs=0.0002)


def test_of_a_tiny_history_nothing_is_said_but_the_churn_rate_and_its_interval(tiny: Outcome):
    model = tiny.trained.model
    told = model.told(tiny.trained.test)
    assert model.boosters == ()
    assert len(set(told.probability)) == 1
    assert told.probability[0] == pytest.approx(tiny.trained.train["churned"].mean(), rel=0.1)
    assert np.abs(told.contributions).max() == 0.0
    low, high = model.about["base_rate_interval"]
    assert high - low > 0.03


def test_training_on_too_little_says_the_counts_and_the_minima(tiny: Outcome):
    said = tiny.trained.model.insufficient
    assert said is not None
    assert "100 and 30 are needed" in said
    assert "leave within 60 days" in said


def test_the_rate_is_published_where_there_is_nothing_better(tiny: Outcome):
    assert tiny.verdict.decision.outcome == "promote"
    assert tiny.verdict.scorecard.grade.letter == "insufficient data"


def test_it_never_takes_the_place_of_a_model_that_has_learnt(tiny: Outcome, trained: Trained):
    assert decision_below(tiny.trained.model, trained.model, []).outcome == "refuse"
    assert decision_below(tiny.trained.model, tiny.trained.model, []).outcome == "promote"
    assert decision_below(tiny.trained.model, None, ["a guard fired"]).outcome == "hold"


def test_it_is_kept_and_read_like_any_other(tiny: Outcome, tmp_path):
    tiny.trained.model.save(tmp_path / "bundle")
    again = loaded(tmp_path / "bundle")
    assert again.insufficient == tiny.trained.model.insufficient
    test = tiny.trained.test
    assert np.array_equal(again.probability(test), tiny.trained.model.probability(test))


def test_nobody_having_left_is_no_error(registry: Registry):
    world = small_world(customers=30)
    world["subscriptions"]["ended_at"] = pd.Series(pd.NaT, range(30), dtype="datetime64[us]")
    world["subscriptions"]["end_reason"] = None
    history = in_memory(world)
    business = Business(Offer(), 5, {"key_events": [], "milestones": []})
    plan = replace(PLAN, least=Minimum())
    made = run(history, CHURN, LABEL, plan, registry, business)
    assert made.promoted
    assert "0 on the dates to train on" in (made.trained.model.insufficient or "")
    assert 0 < made.trained.model.probability(made.trained.test)[0] < 0.05
