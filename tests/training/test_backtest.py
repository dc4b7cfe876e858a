"""A backtest knows at each date only what was known then, and goes on where it stopped."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from features.catalogue import CHURN
from features.errors import InsufficientData
from tests.training.conftest import LABEL, PLAN
from training.backtest import Stop, Walk, backtest, stops_of
from training.money import Offer
from training.snapshots import month_starts
from training.walked import leave, lines, table

QUICK = replace(PLAN, seeds=(1,), trees=10)
WALK = Walk(label=LABEL, plan=QUICK, offer=Offer(), capacity=20, dates=4, every=3, resamples=20)
YEAR = month_starts(date(2024, 1, 1), date(2024, 12, 1))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("backtest")


@pytest.fixture(scope="module")
def stops(history, place):
    return backtest(history, CHURN, WALK, place)


def test_every_date_is_an_embargo_later_than_what_its_model_learnt_from():
    for stop in stops_of(YEAR, replace(WALK, dates=None, every=1)):
        assert stop.train[-1] + timedelta(days=LABEL.reach_days) <= stop.test[0]
        following = next(d for d in YEAR if d > stop.train[-1])
        assert following + timedelta(days=LABEL.reach_days) > stop.test[0]


def test_the_newest_dates_are_taken_every_so_many_months():
    days = [stop.test[0] for stop in stops_of(YEAR, replace(WALK, dates=3, every=2))]
    assert days == [date(2024, 8, 1), date(2024, 10, 1), date(2024, 12, 1)]


def test_without_a_date_beyond_the_embargo_it_says_what_to_shorten():
    with pytest.raises(InsufficientData, match="shorter horizon_days"):
        stops_of(YEAR[:2], WALK)


def test_each_date_is_judged_on_its_own_customers_or_says_why_not(stops):
    assert [stop.as_of for stop in stops] == sorted(stop.as_of for stop in stops)
    for stop in stops:
        assert bool(stop.card) != bool(stop.why)
        if stop.card:
            assert stop.card["data"]["as_of"] == [stop.as_of]
    assert any(stop.card for stop in stops)
    assert "churned customers to train on; at least 30" in stops[0].why


def test_an_interrupted_walk_does_again_only_what_it_had_not_finished(history, stops, place):
    [lost, *_] = sorted(place.rglob(f"{stops[-1].as_of}.json"))
    before = lost.read_text()
    lost.unlink()
    again = backtest(history, CHURN, WALK, place)
    assert [stop.again for stop in again] == [True, True, True, False]
    assert [stop.said for stop in again] == [stop.said for stop in stops]
    assert lost.read_text() == before


def test_other_settings_do_not_take_over_what_was_done_under_these(history, place, stops):
    other = backtest(history, CHURN, replace(WALK, dates=1, capacity=5), place)
    assert [stop.again for stop in other] == [False]


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
    assert f"{stops[0].as_of} was not judged: {stops[0].why}" in page
    assert len(pd.read_parquet(paths["parquet"])) == len(table(stops))
    assert not list(tmp_path.glob(".*"))


def test_a_walk_on_which_nothing_was_judged_has_a_page_too(tmp_path):
    only = [Stop("2024-01-01", ("2023-06-01",), "nobody churned")]
    assert "was not judged: nobody churned" in lines(only)[-1]
    leave(only, tmp_path, {"now": "2024-07-01", "seeds": 1, "trees": 10})
