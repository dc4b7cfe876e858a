"""Training sees nothing of the test, and the same data gives the same model."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from features.catalogue import CHURN
from features.errors import InsufficientData
from features.history import History
from tests.training.conftest import LABEL, NOW, PLAN
from training.calibrate import Platt
from training.fit import customer_folds
from training.gate import Change
from training.labels import ChurnLabel
from training.learnt import calibrated
from training.metrics import auc
from training.run import described, named, recipe_of
from training.snapshots import Split, as_of_dates, month_starts, snapshots, split
from training.train import Trained, digest_of, fit, train
from training.verdict import change_of

YEAR = month_starts(date(2024, 1, 1), date(2024, 12, 1))


def test_training_ends_where_its_labels_were_known_before_the_test_began():
    label = ChurnLabel(horizon_days=60, gap_days=14, lead_days=7, arrival_lag_days=3)
    windows = split(YEAR, label)
    assert windows.test == (date(2024, 10, 1), date(2024, 11, 1), date(2024, 12, 1))
    assert windows.train[-1] + timedelta(days=84) <= windows.test[0]
    assert windows.train[-1] == date(2024, 7, 1)


def test_a_history_too_short_for_the_embargo_says_what_to_shorten():
    with pytest.raises(InsufficientData, match="shorter horizon_days"):
        split(YEAR[:3], ChurnLabel(horizon_days=90))


def test_no_as_of_date_is_used_before_its_label_has_matured(history: History):
    dates = as_of_dates(history, LABEL, NOW)
    assert max(dates) + timedelta(days=LABEL.reach_days) <= NOW
    assert min(dates) >= date(2023, 1, 1) + timedelta(days=84)


def test_only_customers_active_on_a_date_are_snapshots_of_it(history: History):
    rows = snapshots(history, CHURN, LABEL, [date(2024, 3, 1)])
    left = rows.rows["churned_at"].dropna()
    assert len(rows.rows) + sum(rows.excluded.values()) == 300
    assert rows.excluded["ended"] > 0
    assert left.min().date() >= date(2024, 3, 1)


def test_a_customers_snapshots_are_never_on_both_sides_of_a_fold():
    customers = np.array(["a", "b", "c", "d", "e", "f"] * 4)
    folds = customer_folds(customers, 3)
    assert all(len(set(folds[customers == name])) == 1 for name in set(customers))
    assert set(folds) == {0, 1, 2}


def test_the_model_ranks_who_leaves_first_on_dates_it_has_not_seen(trained: Trained):
    told = trained.model.probability(trained.test)
    assert auc(trained.test["churned"].to_numpy(float), told) > 0.7


def test_probabilities_are_about_as_high_as_churn_is_frequent(trained: Trained):
    told = trained.model.probability(trained.test)
    assert told.mean() == pytest.approx(trained.test["churned"].mean(), rel=0.4)


def test_equal_data_and_seed_give_an_equal_model_and_equal_scores(history, trained: Trained):
    again = train(history, CHURN, LABEL, PLAN)
    about = {k: v for k, v in trained.model.about.items() if k != "version"}
    assert named(again.model, about).version == trained.model.version
    told, repeated = (each.model.probability(trained.test) for each in (trained, again))
    assert np.array_equal(told, repeated)


def test_another_seed_gives_another_version(trained: Trained):
    fewer = replace(trained.model, ensembles=tuple(e[:1] for e in trained.model.ensembles))
    assert named(fewer, trained.model.about).version != trained.model.version


def test_the_digest_is_of_the_rows_and_not_of_their_order(trained: Trained):
    rows = trained.snapshots.rows
    assert digest_of(rows.sample(frac=1, random_state=1)) == digest_of(rows)
    assert digest_of(rows.iloc[1:]) != digest_of(rows)


def test_a_calibration_that_does_not_help_on_later_dates_is_not_applied():
    draw = np.random.default_rng(5)
    margins = draw.normal(-2, 1, 4_000)
    churned = (draw.random(4_000) < 1 / (1 + np.exp(-margins))).astype(float)
    dates = np.repeat([1, 2], 2_000)
    # On the early dates the margins are off by 2; on the later ones they are right.
    told = calibrated(margins - 2 * (dates == 1), churned, dates)
    assert told == Platt()


def test_one_date_to_judge_on_is_enough_where_more_would_leave_none_to_train_on():
    label = ChurnLabel(horizon_days=30, gap_days=0, arrival_lag_days=0)
    assert split(YEAR[:3], label) == Split(train=(YEAR[0],), test=(YEAR[1], YEAR[2]))


def test_chosen_settings_reach_the_boosters_and_make_another_recipe(history, trained):
    few = replace(PLAN, booster={"num_leaves": 3}, seeds=(1,))
    other = fit(CHURN, LABEL, trained.snapshots, trained.split, few)
    model = replace(other.model, about={**other.model.about, **described(other)})
    assert model.boosters[0].params["num_leaves"] == 3
    assert recipe_of(other) != recipe_of(trained)
    assert change_of(model, trained.model) is Change.REDESIGN
