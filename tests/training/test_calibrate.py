"""Platt's line: the truth comes back, few events move only the level, harm is refused."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from training.calibrate import Platt, choose_calibration, fit_line, fit_platt, log_odds, sigmoid


def world(rows, seed=0, slope=0.6, intercept=-1.0):
    """Margins, and churn that follows them by a known line in log-odds."""
    random = np.random.default_rng(seed)
    margins = random.normal(-1, 1.5, size=rows)
    return margins, random.random(rows) < sigmoid(slope * margins + intercept)


def test_the_line_that_made_the_data_is_found():
    found = fit_platt(*world(50_000))
    assert (found.slope, found.intercept) == pytest.approx((0.6, -1.0), abs=0.04)


def test_the_fit_is_that_of_an_unpenalised_logistic_regression():
    margins, churned = world(2_000)
    oracle = LogisticRegression(C=np.inf, tol=1e-10).fit(margins[:, None], churned)
    assert fit_line(margins, churned) == pytest.approx(
        (oracle.coef_.item(), oracle.intercept_.item()), abs=1e-4
    )


def test_below_a_hundred_churned_only_the_level_moves():
    margins, churned = world(300)
    assert churned.sum() < 100
    found = fit_platt(margins, churned)
    assert found.slope == 1.0
    assert found.probability(margins).sum() == pytest.approx(churned.sum(), abs=1.5)


def test_margins_that_separate_the_rows_give_a_finite_line():
    margins = np.linspace(-3, 3, 400)
    found = fit_platt(margins, margins > 0)
    assert 1 < found.slope < 1_000


def test_nobody_churned_gives_a_low_but_possible_probability():
    found = fit_platt(np.zeros(50), np.zeros(50)).probability(np.zeros(1))
    assert 0 < found[0] < 0.05


def test_a_ranking_that_points_the_wrong_way_is_not_turned_round():
    margins, churned = world(5_000, slope=-0.5)
    assert fit_platt(margins, churned).slope == 1.0


def test_weights_count_as_copies():
    margins, churned = world(1_000)
    times = np.random.default_rng(2).integers(1, 4, size=1_000)
    copied = fit_platt(np.repeat(margins, times), np.repeat(churned, times))
    weighed = fit_platt(margins, churned, times)
    assert (weighed.slope, weighed.intercept) == pytest.approx((copied.slope, copied.intercept))


def test_a_line_that_helps_later_is_kept_and_one_that_harms_is_not():
    margins, churned = world(5_000, seed=9)
    fitted = fit_platt(*world(5_000))
    kept = choose_calibration(fitted, margins, churned)
    assert kept.calibration == fitted
    assert kept.log_loss < kept.log_loss_as_is
    assert choose_calibration(Platt(3.0, 2.0), margins, churned).calibration == Platt()


def test_the_identity_is_the_sigmoid_and_extremes_stay_probabilities():
    assert Platt().probability(np.array([0.0]))[0] == 0.5
    assert Platt().probability(np.array([-1e4, 1e4])).tolist() == [0.0, 1.0]
    assert log_odds(sigmoid(np.array([-30.0, 2.0]))) == pytest.approx([-30.0, 2.0])


@pytest.mark.parametrize("slope", [0.0, -1.0, np.nan])
def test_a_slope_that_is_not_positive_cannot_be_made(slope):
    with pytest.raises(ValueError, match="slope must be positive"):
        Platt(slope, 0.0)
