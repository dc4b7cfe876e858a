"""The oracle is asked for the very snapshots that the model is judged on."""

import numpy as np
import pandas as pd
import pytest

from experiments import oracle
from experiments.oracle import both_know, kept, statistics
from training.bootstrap import Interval, measure
from training.judged import Judged

ROWS = Judged(
    customer=np.array(["a", "b", "a", "b"]),
    as_of=np.array(["2026-05-01", "2026-05-01", "2026-06-01", "2026-06-01"]),
    churned=np.array([0, 1, 1, 0]),
    margin=np.array([1.0, -1.0, 0.0, 0.0]),
    probability=np.array([0.5, 0.5, 0.5, 0.5]),
    mrr=np.ones(4),
)
TRUTH = pd.DataFrame(
    {
        "customer_id": ["b", "a", "b", "a"],
        "month": pd.to_datetime(["2026-06-01", "2026-06-01", "2026-05-01", "2026-05-01"]),
        "hazard_90d": [0.1, 0.8, 0.9, 0.2],
    }
)


def test_each_row_gets_the_hazard_of_its_customer_and_date():
    assert both_know(ROWS, TRUTH)[1].probability.tolist() == [0.2, 0.9, 0.8, 0.1]


def test_the_truth_of_another_company_is_refused():
    with pytest.raises(ValueError, match="2 of 4"):
        both_know(ROWS, TRUTH[TRUTH["customer_id"] == "a"])


def test_a_row_whose_end_was_only_recorded_late_is_left_out(monkeypatch):
    monkeypatch.setattr(oracle, "MOSTLY", 0.5)
    ours, theirs = both_know(ROWS, TRUTH[1:])
    assert ours.dates == theirs.dates == ("2026-05-01", "2026-05-01", "2026-06-01")


def test_the_gap_is_what_the_oracle_ranks_better():
    found = measure(statistics(*both_know(ROWS, TRUTH)), ROWS.customer, resamples=5)
    assert found["oracle_auc"].point == 1.0
    assert found["gap"].point == 1.0 - found["model_auc"].point > 0


@pytest.mark.parametrize(("gap", "slope", "kept_all"), [(0.03, 1.0, True), (0.05, 0.7, False)])
def test_a_model_is_near_enough_by_its_gap_and_true_enough_by_its_slope(gap, slope, kept_all):
    figures = {"gap": gap, "model_observed_expected": 1.0, "model_slope": slope}
    rules = kept({name: Interval(value) for name, value in figures.items()})
    assert [so for rule, so in rules.items() if "O/E" not in rule] == [kept_all, kept_all]
