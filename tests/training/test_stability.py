"""A model's likeness to itself and to the champion."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from training.stability import by_theme, months, seed_spread, seeds_of, theme_jaccard


def test_each_seed_alone_ranks_and_their_mean_is_the_model(trained):
    matrix = trained.model.matrix(trained.test)
    alone = [one.ensembles for one in seeds_of(trained.model)]
    assert len(alone) == 2
    raw = [np.mean([b.predict(matrix, raw_score=True) for b in e[0]], axis=0) for e in alone]
    whole = [b.predict(matrix, raw_score=True) for b in trained.model.ensembles[0]]
    assert np.allclose(np.mean(raw, axis=0), np.mean(whole, axis=0))
    assert 0 <= seed_spread(trained.model, trained.test) < 0.2


def test_a_single_seed_has_no_spread(trained):
    [first, _] = seeds_of(trained.model)
    assert np.isnan(seed_spread(first, trained.test))


def test_a_model_gives_its_own_reasons(trained):
    some = trained.test.head(50)
    assert theme_jaccard(trained.model, trained.model, some) == 1
    first, second = seeds_of(trained.model)
    assert 1 / 3 <= theme_jaccard(first, second, some) <= 1


def test_themes_share_out_all_that_features_contribute(trained):
    shares = np.random.default_rng(0).normal(size=(5, len(trained.model.features.names)))
    assert np.allclose(by_theme(trained.model.features, shares).sum(axis=1), shares.sum(axis=1))


def test_the_same_vectors_a_month_later_are_ranked_and_explained_alike(trained):
    first = trained.test.index.get_level_values("as_of").min()
    one = trained.test[trained.test.index.get_level_values("as_of") == first]
    again = one.rename(index={first: first + timedelta(days=31)}, level="as_of")
    later = months(trained.model, pd.concat([one, again.iloc[::-1]]))
    assert later.rank == pytest.approx(1)
    assert later.themes == 1
    assert np.isnan(months(trained.model, one).rank)


def test_customers_change_places_from_one_month_to_the_next_and_do_not_turn_round(trained):
    later = months(trained.model, trained.test)
    assert 0 < later.rank < 1
    assert 1 / 3 <= later.themes <= 1
