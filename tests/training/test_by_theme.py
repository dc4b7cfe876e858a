"""Contributions of whole themes add up as the features' do, to the same score."""

from dataclasses import replace

import numpy as np
import pytest

from features.errors import ContractError
from training.by_theme import theme_explainer, themes_of, told_by_theme
from training.train import Trained


def test_themes_contributions_add_up_to_the_score(trained: Trained):
    model, rows = trained.model, trained.test.head(50)
    whole, single = told_by_theme(model, rows), model.told(rows)
    assert whole.contributions.shape == (50, len(themes_of(model)))
    assert whole.margin == pytest.approx(single.margin, abs=1e-9)
    assert whole.contributions.sum(axis=1) + whole.typical == pytest.approx(whole.margin, abs=1e-9)


def test_a_theme_that_plays_alone_is_given_what_its_features_are_given(trained: Trained):
    model, rows = trained.model, trained.test.head(50)
    alone = replace(theme_explainer(model), players=[0] * len(model.features.names))
    told = told_by_theme(model, rows, alone)
    features = model.told(rows).contributions.sum(axis=1)
    assert told.contributions[:, 0] == pytest.approx(features, abs=1e-9)


def test_a_kept_explainer_tells_the_same(trained: Trained):
    kept, rows = theme_explainer(trained.model), trained.test.head(3)
    again = told_by_theme(trained.model, rows, kept).contributions
    assert np.array_equal(told_by_theme(trained.model, rows, kept).contributions, again)


def test_a_model_that_tells_nobody_apart_has_no_themes(trained: Trained):
    blank = replace(trained.model, about={**trained.model.about, "insufficient": "Too few left."})
    with pytest.raises(ContractError, match="Too few left"):
        theme_explainer(blank)
