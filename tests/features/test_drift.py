"""Drift is told from shares by bin, and not where chance alone explains it."""

import json
from math import log, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.drift import Reference, drift, numbers, psi, reference_of, words

RANDOM = np.random.default_rng(3)
USUAL = RANDOM.normal(size=5_000)


def test_psi_of_shares_worked_by_hand():
    assert psi([0.5, 0.5], [0.7, 0.3]) == pytest.approx(0.2 * log(0.7 / 0.5) - 0.2 * log(0.3 / 0.5))


def test_what_has_not_moved_has_no_index():
    assert psi([0.1] * 10, [0.1] * 10) == 0


def test_a_bin_that_empties_is_far_and_not_infinite():
    assert 0.5 < psi([1.0, 0.0], [0.9, 0.1]) < 1


def test_a_shift_warns_and_a_second_sample_does_not():
    reference = numbers(USUAL)
    assert not drift("logins", reference, RANDOM.normal(size=5_000)).warns
    assert drift("logins", reference, RANDOM.normal(0.6, size=5_000)).warns


def test_few_customers_do_not_warn_by_chance():
    reference = numbers(USUAL)
    told = [drift("logins", reference, RANDOM.normal(size=60)) for _ in range(200)]
    assert sum(each.psi >= each.bound for each in told) > 20  # the bound alone would
    assert sum(each.warns for each in told) < 10


def test_missing_values_are_a_bin_of_their_own():
    was = np.arange(100.0)
    assert 1 < drift("csat", numbers(was), np.where(was < 50, nan, was)).psi < 10


def test_a_word_never_seen_before_is_a_bin_of_its_own():
    reference = words(["basic"] * 50 + ["team"] * 40 + [None] * 10)
    assert reference.shares == (0.5, 0.4, 0.0, 0.1)
    assert reference.of_same_bins(np.array(["basic", "gold", nan, None], dtype=object)).shares == (
        0.25,
        0.0,
        0.25,
        0.5,
    )


def test_nobody_to_compare_has_no_verdict():
    told = drift("logins", numbers(USUAL), [])
    assert np.isnan(told.psi)
    assert not told.warns


@settings(max_examples=50)
@given(st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9), st.just(7.0)), min_size=1))
def test_a_column_has_not_moved_from_itself(values):
    column = np.array(values, dtype=float)
    reference = numbers(column)
    assert sum(reference.shares) == pytest.approx(1)
    told = drift("mrr", reference, column)
    assert told.psi == 0
    assert not told.warns


def test_a_reference_is_kept_as_text_and_tells_the_furthest_feature_first():
    vectors = {"logins": USUAL, "mrr": USUAL, "plan": np.array(["basic", "team"] * 2_500)}
    made = reference_of(vectors, ["plan"], ["logins", "mrr", "plan"], USUAL)
    kept = Reference.of(json.loads(json.dumps(made.said())))
    assert kept == made
    moved = vectors | {"mrr": USUAL + 1, "plan": np.array(["team"] * 5_000)}
    told = kept.drifts(moved, USUAL)
    assert [each.name for each in told] == ["score", "plan", "mrr", "logins"]
    assert [each.warns for each in told] == [False, True, True, False]
