"""A model is a folder of text that says what it was trained on, and why it says what it says."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.errors import ContractError, ModelMissing
from training.calibrate import Platt, log_odds
from training.model import loaded, typical_probability
from training.train import Trained


def test_a_model_that_was_saved_and_loaded_scores_the_same(trained: Trained, bundle):
    again = loaded(bundle)
    assert np.array_equal(again.probability(trained.test), trained.model.probability(trained.test))
    assert again.version == trained.model.version
    assert again.horizon_days == 60


def test_a_bundle_holds_text_and_nothing_else(bundle):
    names = {path.name for path in bundle.iterdir()}
    assert names == {"model.json", "booster_0_0.txt", "booster_0_1.txt", "seal.json"}
    assert all(path.read_text() for path in bundle.iterdir())


def test_contributions_add_up_to_the_calibrated_log_odds(trained: Trained):
    lines = [replace(each, calibration=Platt(1.3, -0.2)) for each in trained.model.components]
    model = replace(trained.model, components=tuple(lines))
    told = model.told(trained.test)
    sums = told.contributions.sum(axis=1) + told.typical
    assert np.abs(sums - log_odds(told.probability)).max() < 1e-9
    assert 0 < typical_probability(told) < 1


def test_columns_in_another_order_change_nothing(trained: Trained):
    shuffled = trained.test[list(reversed(trained.test.columns))]
    assert np.array_equal(
        trained.model.probability(shuffled), trained.model.probability(trained.test)
    )


def test_a_missing_column_is_named(trained: Trained):
    with pytest.raises(ContractError, match="no column events_28d"):
        trained.model.probability(trained.test.drop(columns="events_28d"))


def test_words_where_a_number_belongs_are_refused_by_name(trained: Trained):
    with pytest.raises(ContractError, match="'events_28d' holds something that is no number"):
        trained.model.probability(trained.test.assign(events_28d="many"))


def test_an_unseen_category_scores_as_an_unknown_one(trained: Trained):
    unseen, unknown = (trained.test.assign(plan=word) for word in ("platinum", None))
    assert np.array_equal(trained.model.probability(unseen), trained.model.probability(unknown))


def test_a_row_of_nothing_but_missing_values_gets_a_probability(trained: Trained):
    row = pd.DataFrame({name: [np.nan] for name in trained.model.features.names})
    assert 0 < trained.model.probability(row)[0] < 1


def test_more_of_what_lowers_risk_never_raises_the_score(trained: Trained):
    rows = trained.test.head(50)
    model = trained.model
    known = trained.test.notna().any()
    for feature in (f for f in model.features if f.risk and known[f.name]):
        spread = np.nanquantile(trained.test[feature.name].to_numpy(float), [0, 0.25, 0.5, 0.75, 1])
        swept = [model.probability(rows.assign(**{feature.name: value})) for value in spread]
        steps = np.diff(np.array(swept), axis=0) * int(feature.risk)
        assert steps.min() >= -1e-12, feature.name


def test_loading_beside_a_changed_definition_says_which_feature_and_what_was_and_is(
    bundle, tmp_path
):
    said = json.loads((bundle / "model.json").read_text())
    said["contract"]["events_28d"] = "rows of usage, last 30 days; risk falls; if none 0"
    for path in bundle.glob("*.txt"):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "model.json").write_text(json.dumps(said))
    with pytest.raises(
        ContractError, match=r"trained on events_28d = .*30 days.* declares .*28 days"
    ):
        loaded(tmp_path)


def test_no_model_says_how_to_make_one(tmp_path):
    with pytest.raises(ModelMissing, match="churn train"):
        loaded(tmp_path / "nothing")


def test_a_model_is_never_overwritten(trained: Trained, bundle):
    with pytest.raises(ContractError, match="never overwritten"):
        trained.model.save(bundle)
