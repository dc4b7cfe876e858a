"""Each guard sees the fault it is there for, and passes a clean run."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from features.catalogue import CHURN
from features.feature import Risk
from features.history import History
from features.vectors import vectors
from tests.training.conftest import LABEL, NOW
from training import guards, replay
from training.ensemble import Ensemble
from training.fit import fitted
from training.model import ChurnModel
from training.probes import PROBES
from training.snapshots import Snapshots, Split
from training.train import Trained

DATES = [date(2023, 9, 1), date(2024, 2, 2)]


@pytest.fixture(scope="module")
def frames(history: History, trained: Trained):
    return replay.sampled(history, trained.train.index.get_level_values("customer_id"))


def a_day_late(features, history, wanted):
    """A builder whose windows end a day too late."""
    later = wanted.assign(as_of=[d + timedelta(days=1) for d in wanted["as_of"]])
    built = vectors(features, history, later)
    return built.set_index(pd.MultiIndex.from_frame(wanted))


def with_tenure_at_the_end(features, history, wanted):
    """A builder that lets the day of the end into a feature."""
    built = vectors(features, history, wanted)
    ends = history.tables["subscriptions"].to_pyarrow().to_pandas()
    ended = ends.set_index("customer_id")["ended_at"].notna()
    return built.assign(tenure=ended.reindex(wanted["customer_id"]).to_numpy(float))


def test_a_clean_run_passes_every_guard(history, trained: Trained):
    found = guards.guarded(history, LABEL, trained, NOW)
    # The small world is too easy to be true, and the probes rightly say so: see test_probes.
    assert [e.sentence for e in found if e.fired and e.name not in PROBES] == []
    assert {each.name for each in found} == {
        *("source history", "truncation replay", "future rows", "embargo", "maturity"),
        *("population", "single-feature probe", "gain share", "missingness probe"),
        *("month-of-event cliff", "permuted target", "customer-constant label"),
        *("score parity", "online parity", "determinism", "monotone sweep"),
    }


def test_a_window_that_is_a_day_too_long_is_caught_by_replay_and_by_future_rows(frames):
    cut = replay.truncation_replay(CHURN, frames, DATES, a_day_late)
    poured = replay.future_rows(CHURN, frames, DATES, a_day_late)
    assert cut.fired
    assert poured.fired
    assert poured.figure > 0


def test_a_tenure_that_knows_the_end_is_caught_by_name(frames):
    found = replay.truncation_replay(CHURN, frames, DATES, with_tenure_at_the_end)
    assert (found.fired, found.subject) == (True, "tenure")


def test_a_late_row_counted_by_its_event_time_is_caught(frames):
    def by_event_time(features, history, wanted):
        forgetful = {n: t.mutate(known_at=t[table_at(n)]) for n, t in history.tables.items()}
        return vectors(features, History(forgetful), wanted)

    late = dict(frames)
    arrived = late["usage"]["at"] + pd.Timedelta(days=9)
    late["usage"] = late["usage"].assign(known_at=arrived)
    assert replay.truncation_replay(CHURN, late, DATES, by_event_time).fired
    assert not replay.truncation_replay(CHURN, late, DATES).fired


def table_at(name: str) -> str:
    return {"customers": "created_at"}.get(name, "at")


def test_a_test_that_begins_a_day_inside_the_embargo_is_caught(trained: Trained):
    days = timedelta(days=LABEL.reach_days)
    early, right = (
        replace(trained, split=Split((date(2024, 1, 1),), (date(2024, 1, 1) + days - late,)))
        for late in (timedelta(days=1), timedelta(0))
    )
    assert guards.embargo(early, LABEL).fired
    assert not guards.embargo(right, LABEL).fired


def test_a_label_used_a_day_before_it_matured_is_caught(trained: Trained):
    ripe = max(trained.split.test) + timedelta(days=LABEL.reach_days)
    assert not guards.maturity(trained, LABEL, ripe).fired
    assert guards.maturity(trained, LABEL, ripe - timedelta(days=1)).fired


def test_a_notice_already_given_is_caught_as_a_cliff_and_named(trained: Trained):
    rows = trained.train
    left = np.asarray(pd.to_datetime(rows["churned_at"]))
    days = (left - guards._moments(rows)) / np.timedelta64(1, "D")
    draw = np.random.default_rng(2)
    notice = np.where(days < 30, draw.random(len(rows)) + 0.7, draw.random(len(rows)))
    leaky = replace(trained, train=rows.assign(tenure=notice))
    found = guards.month_cliff(leaky)
    assert (found.fired, found.subject) == (True, "tenure")


def test_a_target_encoding_fitted_before_the_folds_is_caught(trained: Trained):
    def encoded(given: np.ndarray) -> Trained:
        return replace(trained, train=trained.train.assign(tenure=given))

    clean = guards.permuted_target(trained)
    draw = np.random.default_rng(0)
    churned = trained.train["churned"].to_numpy(float)
    dates = guards._moments(trained.train)
    drawn = guards._drawn(churned, dates, draw)
    # What an encoder that saw the drawn labels of all rows would hand over.
    leaky = guards.permuted_target(encoded(drawn + draw.normal(0, 0.3, len(churned))))
    assert not clean.fired
    assert leaky.fired


def test_folds_that_share_customers_are_caught(trained: Trained, monkeypatch):
    monkeypatch.setattr(
        "training.fit.customer_folds", lambda rows, folds: np.arange(len(rows)) % folds
    )
    assert guards.constant_label(trained).fired


def test_a_booster_that_cannot_be_made_again_is_caught(trained: Trained):
    fewer = Snapshots(trained.snapshots.rows.drop(trained.train.index[-1]))
    assert not guards.determinism(trained, LABEL).fired
    assert guards.determinism(replace(trained, snapshots=fewer), LABEL).fired


def test_a_direction_that_the_boosters_break_is_caught_and_named(trained: Trained):
    assert not guards.monotone_sweep(trained.model, trained.test).fired
    turned = replace(CHURN["events_28d"], risk=Risk.RISES)
    declared = tuple(turned if f.name == "events_28d" else f for f in trained.model.features)
    wrong = replace(trained.model, features=replace(trained.model.features, features=declared))
    found = guards.monotone_sweep(wrong, trained.test)
    assert (found.fired, found.subject) == (True, "events_28d")


def one_component(model: ChurnModel, boosters: Ensemble) -> ChurnModel:
    """The model with these boosters for its whole horizon, and no words."""
    only = replace(model.components[0], month=1, ensemble=0)
    return replace(
        model, ensembles=(boosters,), components=(only,), days=model.days[-1:], categories={}
    )


@pytest.mark.parametrize(("method", "fires"), [("basic", False), ("advanced", True)])
def test_the_constraint_method_that_breaks_its_own_constraint_is_caught(
    trained: Trained, method: str, fires: bool
):
    # LightGBM 4.7's `advanced` lets a score move the wrong way where values are missing.
    model, draw = trained.model, np.random.default_rng(0)
    matrix = draw.integers(0, 12, (3_000, len(model.features.names))).astype(float)
    churned = (draw.random(3_000) < (np.sin(matrix[:, :12]).sum(axis=1) > 0)).astype(float)
    matrix[draw.random(matrix.shape) < 0.3] = np.nan
    eager = {"num_leaves": 31, "min_child_samples": 2, "learning_rate": 0.2, "reg_lambda": 0.0}
    how = eager | {"monotone_constraints_method": method}
    boosters = fitted(model.features, matrix, churned, (1,), trees=40, more=how)
    rows = pd.DataFrame(matrix, columns=model.features.names)
    found = guards.monotone_sweep(one_component(model, boosters), rows)
    assert found.fired is fires
