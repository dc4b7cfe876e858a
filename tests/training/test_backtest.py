"""A backtest knows at each date only what was known then, and goes on where it stopped."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from features.catalogue import CHURN
from features.errors import InsufficientData
from tests.training.conftest import LABEL, PLAN
from training.backtest import TOO_EARLY, Stop, Walk, backtest, key_of, split_at
from training.below import Minimum
from training.money import Offer
from training.snapshots import Snapshots, month_starts
from training.walked import leave, lines, table

QUICK = replace(PLAN, seeds=(1,), trees=10, train_dates=4, least=Minimum(20, 5))
WALK = Walk(label=LABEL, plan=QUICK, offer=Offer(), capacity=20, dates=5, every=3, resamples=20)
YEAR = month_starts(date(2024, 1, 1), date(2024, 12, 1))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("backtest")


@pytest.fixture(scope="module")
def stops(history, place):
    return backtest(history, CHURN, WALK, place)


def test_every_date_is_an_embargo_later_than_what_its_model_learnt_from():
    for day in YEAR[4:]:
        stop = split_at(YEAR, day, WALK)
        assert stop is not None
        assert stop.test == (day,)
        assert stop.train[-1] + timedelta(days=LABEL.reach_days) <= day
        following = next(d for d in YEAR if d > stop.train[-1])
        assert following + timedelta(days=LABEL.reach_days) > day


def test_a_date_before_which_no_label_was_known_has_nothing_to_learn_from():
    assert split_at(YEAR, YEAR[1], WALK) is None


def test_a_history_without_any_date_beyond_the_embargo_says_what_to_shorten(history):
    early = replace(WALK, plan=replace(QUICK, now=date(2023, 6, 20)))
    with pytest.raises(InsufficientData, match="shorter horizon_days"):
        backtest(history, CHURN, early, Path("nowhere"))


def test_each_date_is_judged_on_its_own_customers_or_says_why_not(stops):
    assert [stop.as_of for stop in stops] == [
        *("2023-04-01", "2023-07-01", "2023-10-01"),
        *("2024-01-01", "2024-04-01"),
    ]
    assert [bool(stop.card) for stop in stops] == [False, False, True, True, True]
    assert stops[0].why == TOO_EARLY
    assert "Too few customers have left" in stops[1].why
    assert all(stop.card["data"]["as_of"] == [stop.as_of] for stop in stops if stop.card)


def test_an_interrupted_walk_does_again_only_what_it_had_not_finished(history, stops, place):
    [lost, *_] = sorted(place.rglob(f"{stops[-1].as_of}.json"))
    before = lost.read_text()
    lost.unlink()
    again = backtest(history, CHURN, WALK, place)
    assert [stop.again for stop in again] == [False, True, True, True, False]
    assert [stop.said for stop in again] == [stop.said for stop in stops]
    assert lost.read_text() == before


def test_what_was_done_is_kept_apart_by_data_settings_and_terms():
    rows = {"customer_id": ["a"], "as_of": ["2024-01-01"], "churned": [0], "churned_at": [None]}
    one = Snapshots(pd.DataFrame(rows).set_index(["customer_id", "as_of"]))
    other = Snapshots(one.rows.assign(churned=1))
    chosen = replace(QUICK, booster={"num_leaves": 3})
    keys = [
        key_of(one, CHURN, WALK),
        key_of(other, CHURN, WALK),
        key_of(one, CHURN, replace(WALK, capacity=5)),
        key_of(one, CHURN, replace(WALK, plan=chosen)),
    ]
    assert len(set(keys)) == 4
    assert key_of(one, CHURN, replace(WALK, dates=1)) == keys[0]  # more dates of the same walk


def test_every_measure_of_every_date_is_a_row_of_the_table(stops):
    rows = table(stops)
    judged = [stop for stop in stops if stop.card]
    auc = rows[rows["measure"] == "AUC"]
    assert auc["as_of"].tolist() == [stop.as_of for stop in judged]
    assert (auc["low"] < auc["point"]).all()
    assert {"Log-loss", "Savings", "Calibration slope"} <= set(rows["measure"])


def test_the_files_and_the_page_name_the_dates_that_were_not_judged(stops, tmp_path):
    paths = leave(stops, tmp_path, {"now": "2024-07-01", "seeds": 1, "trees": 10})
    page = paths["html"].read_text()
    assert f"Not judged: {stops[1].as_of}. {stops[1].why}" in page
    assert len(pd.read_parquet(paths["parquet"])) == len(table(stops))
    assert not list(tmp_path.glob(".*"))


def test_a_walk_on_which_nothing_was_judged_has_a_page_too(tmp_path):
    only = [Stop("2024-01-01", ("2023-06-01",), "nobody churned")]
    assert "Not judged: 2024-01-01. nobody churned" in lines(only)[-1]
    leave(only, tmp_path, {"now": "2024-07-01", "seeds": 1, "trees": 10})
