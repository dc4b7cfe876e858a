"""Intervals that count customers, not rows."""

import math

import numpy as np
import pytest

from training.bootstrap import Interval, interval, measure, resample, weights
from training.metrics import Ranking, auc, auc_of

RANDOM = np.random.default_rng(1)
CUSTOMERS = np.repeat([f"customer-{i}" for i in range(200)], 5)
CHURNED = np.repeat(RANDOM.random(200) < 0.3, 5).astype(float)
SCORES = np.round(CHURNED + RANDOM.normal(0, 1.5, size=1_000), 1)


def mean(column):
    return lambda weight: {"mean": weight @ column / weight.sum(1)}


def test_a_resample_takes_all_rows_of_a_customer_or_none():
    for block in weights(CUSTOMERS, 20, seed=0):
        by_customer = block.reshape(len(block), 200, 5)
        assert (by_customer == by_customer[:, :, :1]).all()
        assert (by_customer[:, :, 0].sum(1) == 200).all()


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    first, same, other = (
        measure(mean(CHURNED), CUSTOMERS, 200, seed=seed)["mean"] for seed in (7, 7, 8)
    )
    assert first == same
    assert first != other


def test_a_resampled_auc_is_the_auc_of_the_rows_drawn():
    ranking = Ranking.of(SCORES)

    def statistics(weight):
        lost, stayed = ranking.sums(weight * CHURNED), ranking.sums(weight * (1 - CHURNED))
        return {"auc": auc_of(lost, stayed)}

    drawn = np.concatenate(list(weights(CUSTOMERS, 10, seed=3))).astype(int)
    found = resample(statistics, CUSTOMERS, 10, seed=3)["auc"]
    copies = [auc(np.repeat(CHURNED, n), np.repeat(SCORES, n)) for n in drawn]
    assert found == pytest.approx(copies, abs=1e-12)


def test_five_equal_rows_of_a_customer_do_not_narrow_the_interval():
    many = measure(mean(CHURNED), CUSTOMERS)["mean"]
    once = measure(mean(CHURNED[::5]), CUSTOMERS[::5])["mean"]
    by_row = measure(mean(CHURNED), np.arange(1_000))["mean"]
    assert many == once
    assert many.high - many.low > 2 * (by_row.high - by_row.low)


def test_the_interval_of_a_mean_has_the_textbook_width():
    found = measure(mean(CHURNED[::5]), CUSTOMERS[::5], 2_000)["mean"]
    width = 2 * 1.645 * CHURNED.std() / math.sqrt(200)
    assert found.high - found.low == pytest.approx(width, rel=0.1)


def test_a_paired_difference_is_narrower_than_the_two_intervals():
    better = CHURNED + 0.1
    both = resample(
        lambda weight: {"a": weight @ CHURNED, "b": weight @ better}, CUSTOMERS, 200, seed=0
    )
    gap = both["b"] - both["a"]
    assert gap.std() < 1e-6 < both["a"].std()


def test_resamples_without_an_answer_do_not_count():
    assert interval(0.5, np.array([math.nan, 0.4, 0.4])) == Interval(0.5, 0.4, 0.4)
    assert math.isnan(interval(math.nan, np.full(3, math.nan)).low)
