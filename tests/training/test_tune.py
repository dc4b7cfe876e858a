"""A search for settings looks ahead nowhere, can go on, and says whether it was worth it."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from features.catalogue import CHURN
from features.errors import InsufficientData, SettingsError
from features.settings import BoosterSettings
from tests.training.conftest import LABEL, PLAN
from training.bootstrap import Interval
from training.chosen import noted, worded, written
from training.fit import settings
from training.folds import blocks_of, folds_of
from training.gate import Comparison
from training.snapshots import Split, month_starts
from training.track import MODEL_VERSION, judged_on
from training.train import Trained, blank_model
from training.trials import SPACE, TREES, Search, Trial, default_settings, tried
from training.tune import Tuned, tuned_on

YEAR = tuple(month_starts(date(2024, 1, 1), date(2024, 12, 1)))
DEFAULT = default_settings(events=500)


def loss(chosen):
    """Lowest for few leaves and a learning rate of .05."""
    return abs(np.log(chosen["learning_rate"] / 0.05)) + chosen["num_leaves"] / 100


def searched(place, trials=8, seed=0):
    return tried(loss, DEFAULT, Search(trials=trials, seed=seed), place)


def tuned(*, low, trials=2):
    gain = Comparison(Interval(0.01, -0.01, 0.02), Interval(0.02, low, 0.03), 0.97)
    found = tuple(Trial(n, DEFAULT, 0.5 - n / 100) for n in range(trials))
    windows = Split(YEAR[:6], YEAR[-1:])
    return Tuned(found, windows, gain if trials > 1 else None, "abc", "the-test")


def test_the_first_trial_is_the_default_of_as_many_events(tmp_path):
    first = searched(tmp_path, trials=1)[0].settings
    usual = settings(500, (), seed=0)
    assert first.pop(TREES) == 300
    assert first == {name: usual[name] for name in first}


def test_the_settings_that_are_searched_are_those_that_a_business_may_set():
    assert set(SPACE) == set(BoosterSettings.model_fields)


def test_a_search_that_was_interrupted_ends_with_the_trials_of_one_that_was_not(tmp_path):
    whole = searched(tmp_path / "whole", trials=14)
    searched(tmp_path / "parts", trials=5)
    (tmp_path / "parts" / "0-0004.json").unlink()  # killed in the fifth
    again = searched(tmp_path / "parts", trials=14)
    assert [trial.settings for trial in again] == [trial.settings for trial in whole]
    assert [trial.again for trial in again] == [True] * 4 + [False] * 10


def test_another_seed_makes_other_trials_after_the_default(tmp_path):
    ours, theirs = searched(tmp_path, seed=0), searched(tmp_path, seed=1)
    assert ours[0].settings == theirs[0].settings
    assert all(a.settings != b.settings for a, b in zip(ours[1:], theirs[1:], strict=True))


def test_trials_learn_from_those_before_them(tmp_path):
    found = searched(tmp_path, trials=40)
    losses = [trial.log_loss for trial in found]
    assert np.median(losses[20:]) < np.median(losses[1:11])


def test_no_trial_begins_when_the_time_is_over(tmp_path):
    at_once = Search(trials=50, seconds=1e-9)
    assert len(tried(loss, DEFAULT, at_once, tmp_path)) == 1


def test_every_block_is_an_embargo_later_than_what_is_fitted_and_before_the_test():
    blocks = blocks_of(YEAR, LABEL, folds=3)
    assert [block.test for block in blocks] == [YEAR[6:8], YEAR[8:10], YEAR[10:12]]
    for block in blocks:
        assert block.train[-1] + timedelta(days=LABEL.reach_days) <= block.test[0]


def test_a_fold_is_judged_on_customers_that_it_was_not_fitted_on(trained: Trained):
    rows, windows = trained.snapshots, trained.split
    blank = blank_model(CHURN, LABEL, trained.train, PLAN)
    folds = folds_of(blank, LABEL, rows, windows, 2)
    assert len(folds) == 2
    for fold in folds:
        late = rows.on(fold.windows.test)
        asked = late.index.get_level_values("customer_id")
        held = set(asked) - set(fold.sample.customers)
        assert len(fold.churned) == asked.isin(list(held)).sum() > 0
        assert max(fold.windows.test) < windows.test[0]


def test_a_window_that_does_not_reach_over_its_own_embargo_has_nothing_to_choose_by(trained):
    blank = blank_model(CHURN, LABEL, trained.train, PLAN)
    short = replace(trained.split, train=trained.split.train[:2])
    with pytest.raises(InsufficientData, match="keep the default"):
        folds_of(blank, LABEL, trained.snapshots, short, 2)


def test_the_whole_search_goes_on_from_its_files_and_is_noted_once(trained, registry, tmp_path):
    plan = replace(PLAN, seeds=(1,))
    how = (CHURN, LABEL, trained.snapshots, trained.split, plan)
    first = tuned_on(*how, Search(trials=1, folds=2), folder=tmp_path)
    again = tuned_on(*how, Search(trials=3, folds=2), folder=tmp_path)
    assert [trial.again for trial in again.trials] == [True, False, False]
    assert again.default == replace(first.default, again=True)
    assert (again.gain is None) == (again.best == again.default)
    run = registry.client.get_run(noted(registry, again))
    assert run.data.params["num_leaves"] == str(again.best.settings["num_leaves"])
    assert len(registry.client.get_metric_history(run.info.run_id, "trial_log_loss")) == 3


def test_a_look_at_the_test_counts_as_a_use_of_it(registry):
    run = registry.client.get_run(noted(registry, tuned(low=0.01)))
    assert run.data.tags[MODEL_VERSION] in judged_on(registry, "the-test")


@pytest.mark.parametrize(
    ("found", "better", "words"),
    [
        (tuned(low=0.001), True, "better than the default"),
        (tuned(low=-0.001), False, "Keep the default: the interval"),
        (tuned(low=0.0, trials=1), False, "Keep the default: no trial"),
    ],
)
def test_only_an_interval_above_0_is_called_better(found, better, words):
    assert found.better is better
    assert words in worded(found)[-1]


BEFORE = """# ours
horizon_days = 60

[booster] # of last year
trees = 100
# why not
num_leaves = 9

# what an offer costs
[offer]
contact = 2.0
"""
AFTER = """# ours
horizon_days = 60

[booster]
trees = 200
learning_rate = 0.03123

# what an offer costs
[offer]
contact = 2.0
"""


def test_the_table_takes_the_place_of_the_one_before_and_leaves_all_else(tmp_path):
    file = tmp_path / "churn.toml"
    file.write_text(BEFORE)
    written({"trees": 200, "learning_rate": 0.0312345678}, file)
    assert file.read_text() == AFTER


@pytest.mark.parametrize("before", ["", "horizon_days = 60\n"])
def test_a_file_without_the_table_gets_it_at_its_end(tmp_path, before):
    file = tmp_path / "churn.toml"
    file.write_text(before)
    written({"trees": 200}, file)
    assert file.read_text() == before + ("\n" if before else "") + "[booster]\ntrees = 200\n"


def test_settings_written_in_another_form_are_left_for_a_person(tmp_path):
    file = tmp_path / "churn.toml"
    file.write_text("booster = {trees = 100}\n")
    with pytest.raises(SettingsError, match="by hand"):
        written({"trees": 200}, file)
    assert file.read_text() == "booster = {trees = 100}\n"
