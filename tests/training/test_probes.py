"""Features that know too much alone, members of a snapshot, and tables without a history."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from features.catalogue import CHURN
from features.sources.files import in_memory
from features.tables import KNOWN_AT, TABLES, number
from tests.training.conftest import LABEL, small_world
from training import probes
from training.fit import fitted
from training.labels import ChurnLabel
from training.measured import given
from training.membership import population
from training.replay import sampled, source_history
from training.snapshots import snapshots
from training.train import Trained

DATES = [date(2023, 9, 1), date(2023, 10, 1)]


def with_column(trained: Trained, **columns) -> Trained:
    return replace(trained, train=trained.train.assign(**columns))


@pytest.fixture(scope="module")
def blurred(trained: Trained) -> Trained:
    """The small world, which is too easy to be true, with two labels in three drawn by lot."""
    draw, churned = np.random.default_rng(5), trained.train["churned"].to_numpy(float)
    by_lot = draw.random(len(churned)) < 0.67
    labels = np.where(by_lot, draw.random(len(churned)) < churned.mean(), churned).astype(float)
    matrix = trained.model.matrix(trained.train)
    boosters = fitted(trained.model.features, matrix, labels, (1,), trees=60)
    model = replace(trained.model, ensembles=(boosters,))
    return replace(trained, model=model, train=trained.train.assign(churned=labels))


def test_where_no_feature_knows_too_much_no_probe_fires(blurred: Trained):
    assert [each.sentence for each in probes.probes(blurred) if each.fired] == []


def test_a_world_that_is_too_easy_is_held_by_every_probe_that_it_breaks(trained: Trained):
    found = {each.name: each for each in probes.probes(trained)}
    assert found[probes.SINGLE].fired
    assert found[probes.SINGLE].figure > 0.9


def test_a_number_overwritten_after_the_customer_left_is_caught_by_name(trained: Trained):
    churned = trained.train["churned"].to_numpy(float)
    noise = np.random.default_rng(0).normal(0, 0.35, len(churned))
    found = probes.single_feature(with_column(trained, tenure=churned + noise))
    assert (found.fired, found.subject) == (True, "tenure")
    assert found.figure > 0.95


def test_a_word_overwritten_after_the_customer_left_is_caught_by_name(trained: Trained):
    left = trained.train["churned"] == 1
    found = probes.single_feature(
        with_column(trained, segment=trained.train["segment"].mask(left, "lost"))
    )
    assert (found.fired, found.subject) == (True, "segment")


def test_answers_erased_after_the_customer_left_are_caught_by_name(trained: Trained):
    draw = np.random.default_rng(0).random(len(trained.train))
    left = trained.train["churned"] == 1
    kept = trained.train["events_84d"].mask((left & (draw < 0.8)) | (~left & (draw < 0.15)))
    found = probes.missingness(with_column(trained, events_84d=kept))
    assert (found.fired, found.subject) == (True, "events_84d")
    assert found.figure == pytest.approx(0.82, abs=0.03)


def test_a_feature_that_carries_the_model_alone_is_caught_by_name(blurred: Trained):
    told = blurred.train["churned"].to_numpy(float)
    rows = blurred.train.assign(mrr=told + np.random.default_rng(1).normal(0, 0.3, len(told)))
    matrix = blurred.model.matrix(rows)
    boosters = fitted(blurred.model.features, matrix, told, (1,), trees=60)
    leaky = replace(blurred, model=replace(blurred.model, ensembles=(boosters,)), train=rows)
    found = probes.gain_share(leaky)
    assert (found.fired, found.subject) == (True, "mrr")


def test_the_card_shows_what_the_guards_found_and_measures_it_where_they_did_not(trained: Trained):
    made = tuple(replace(each, figure=0.42) for each in probes.probes(trained))
    assert given(trained, made).missingness_auc[1] == 0.42
    assert given(trained).single_feature_auc[1] == probes.single_feature(trained).figure


def noted(days: int) -> dict[str, pd.DataFrame]:
    """The small world, where a customer who stays gave notice so many days after an as-of date."""
    tables = small_world()
    subscriptions = tables["subscriptions"]
    stays = subscriptions.index[subscriptions["ended_at"].isna()][0]
    moment = pd.Timestamp(DATES[1]) + pd.Timedelta(days=days)
    given = pd.Series(pd.NaT, subscriptions.index, dtype="datetime64[us]")
    given[stays] = moment
    return tables | {"subscriptions": subscriptions.assign(cancel_requested_at=given)}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """The snapshots of the world in which nobody gave notice."""
    return snapshots(in_memory(small_world()), CHURN, LABEL, DATES).rows


def members(rows: pd.DataFrame, tables: dict[str, pd.DataFrame]):
    frames = sampled(in_memory(tables), tables["customers"]["customer_id"].head(90))
    return population(rows, frames, LABEL, DATES)


def test_notice_given_a_day_before_the_date_is_caught_and_a_day_after_is_not(rows: pd.DataFrame):
    assert not members(rows, small_world()).fired
    assert not members(rows, noted(days=1)).fired
    assert not members(rows, noted(days=0)).fired
    found = members(rows, noted(days=-1))
    assert (found.fired, found.figure) == (True, 1)
    assert found.subject.endswith("on 2023-10-01")


def test_a_customer_left_out_for_a_notice_of_the_day_after_is_caught(rows: pd.DataFrame):
    tables = noted(days=1)
    who = tables["subscriptions"].set_index("customer_id")["cancel_requested_at"].dropna().index[0]
    fewer = rows.drop([(who, DATES[1])])
    found = members(fewer, tables)
    assert (found.fired, found.subject) == (True, f"{who} on 2023-10-01")


def test_a_snapshot_of_a_customer_who_had_left_is_caught(rows: pd.DataFrame):
    gone = rows.assign(churned_at=pd.Timestamp(DATES[0]) - pd.Timedelta(days=1))
    assert members(gone, small_world()).figure >= len(rows)


def test_a_lead_leaves_out_who_could_not_be_reached_any_more():
    label = ChurnLabel(horizon_days=60, gap_days=14, lead_days=30, arrival_lag_days=0)
    tables = small_world()
    frames = sampled(in_memory(tables), tables["customers"]["customer_id"].head(90))
    kept = snapshots(in_memory(tables), CHURN, label, DATES).rows
    assert not population(kept, frames, label, DATES).fired


def test_a_field_that_is_overwritten_is_caught_by_name():
    customers = TABLES["customers"]
    with_health = replace(
        customers, columns=(*customers.columns, number("health_score", "As the CRM says today."))
    )
    found = source_history(CHURN, {**TABLES, "customers": with_health})
    assert (found.fired, found.subject) == (True, "customers.health_score")
    assert not source_history(CHURN).fired


def test_a_table_that_does_not_say_when_its_rows_were_known_is_caught_by_name():
    usage = TABLES["usage"]
    without = replace(usage, columns=tuple(c for c in usage.columns if c is not KNOWN_AT))
    found = source_history(CHURN, {**TABLES, "usage": without})
    assert (found.fired, found.subject, found.figure) == (True, "usage", 1)
