"""The study's figures have the sign and the size that they say they have."""

import numpy as np
import pytest

from experiments.choices.arms import Hazard, Said, always_platt, as_shipped, isotonic, raw
from experiments.choices.judging import calibration_error, contradictions, figures
from experiments.choices.plot import picture
from training.calibrate import sigmoid
from training.hazards import Cause

DRAW = np.random.default_rng(0)
TRUTH = DRAW.normal(-1.0, 1.0, 4_000)
CHURNED = (DRAW.random(4_000) < sigmoid(TRUTH)).astype(float)
DATES = np.repeat(["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"], 1_000)
TOO_SURE = Hazard(Cause.ANY, 1, CHURNED, DATES, 2 * TRUTH, 2 * TRUTH)


@pytest.mark.parametrize("line", [as_shipped, always_platt, isotonic])
def test_a_calibration_makes_boosters_that_are_too_sure_truer(line):
    error = {
        each: calibration_error(CHURNED, sigmoid(each(TOO_SURE)))(np.ones((1, 4_000)))[0]
        for each in (raw, line)
    }
    assert error[line] < error[raw] / 2


def test_the_calibration_error_of_resamples_is_that_of_the_rows_drawn():
    chance = sigmoid(2 * TRUTH)
    weight = DRAW.integers(0, 3, (2, 4_000)).astype(float)
    found = calibration_error(CHURNED, chance)(weight)
    edges = np.quantile(chance, np.linspace(0, 1, 13)[1:-1])
    bins = np.searchsorted(edges, chance, side="left")
    gaps = [np.bincount(bins, w * (chance - CHURNED)) for w in weight]
    assert found == pytest.approx(
        [np.abs(g).sum() / w.sum() for g, w in zip(gaps, weight, strict=True)]
    )


def test_a_truer_model_has_the_lower_log_loss_and_the_same_order_the_same_auc():
    everybody = np.ones((1, 4_000))
    true = figures(CHURNED, TRUTH, sigmoid(TRUTH))(everybody)
    sure = figures(CHURNED, 2 * TRUTH, sigmoid(2 * TRUTH))(everybody)
    assert true["auc"] == sure["auc"]
    assert true["log_loss"] < sure["log_loss"]


def test_a_later_horizon_that_is_less_likely_contradicts_the_earlier():
    leaving = np.array([[0.1, 0.2, 0.3], [0.1, 0.2, 0.15]])
    assert contradictions(Said(leaving[:, -1], leaving)) == 0.5


def test_the_same_figures_give_the_same_picture():
    gain = {"point": 0.01, "low": -0.3, "high": 0.02}
    told = {"demo": {"choices": {"small trees": {"auc_gain": gain, "log_loss_gain": gain}}}}
    assert picture(told) == picture(told)
    assert "small trees" not in picture({"demo": {"choices": {}}})
