"""The faults: each takes a sound training run, spoils one thing, and asks the guard that is there
for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from features.featureset import FeatureSet
from features.history import History
from features.sources.files import in_memory
from features.tables import TABLES, number
from features.vectors import spine, vectors
from training import guards, probes, replay
from training.ensemble import Ensemble
from training.fit import fitted
from training.guarded import Guarded
from training.labels import ChurnLabel
from training.membership import population
from training.model import ChurnModel
from training.parity import logged_parity
from training.snapshots import Snapshots, Split
from training.train import Trained

A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Sound:
    """A training run with nothing wrong, and some customers' tables in memory."""

    trained: Trained
    label: ChurnLabel
    frames: Mapping[str, pd.DataFrame]

    @property
    def features(self) -> FeatureSet:
        """The features it was trained on."""
        return self.trained.model.features

    @property
    def dates(self) -> list[date]:
        """Its as-of dates, oldest first."""
        return [*self.trained.split.train, *self.trained.split.test]

    @property
    def churned(self) -> np.ndarray[Any, Any]:
        """The labels it was trained on."""
        return self.trained.train["churned"].to_numpy(float)


def window_a_day_too_long(run: Sound) -> Guarded:
    """Every window reaches one day past the as-of date."""

    def build(features: FeatureSet, history: History, wanted: pd.DataFrame) -> pd.DataFrame:
        later = wanted.assign(as_of=[day + A_DAY for day in wanted["as_of"]])
        built = vectors(features, history, later)
        return built.set_index(pd.MultiIndex.from_frame(wanted))

    return replay.truncation_replay(run.features, run.frames, run.dates[-1:], build)


def tenure_from_the_end(run: Sound) -> Guarded:
    """Tenure is counted to the day the subscription ended."""

    def build(features: FeatureSet, history: History, wanted: pd.DataFrame) -> pd.DataFrame:
        states = history.tables["subscriptions"].to_pyarrow().to_pandas()
        ended = states.groupby("customer_id")["ended_at"].max().notna().astype(float)
        built = vectors(features, history, wanted)
        return built.assign(tenure=ended.reindex(wanted["customer_id"]).to_numpy())

    return replay.truncation_replay(run.features, run.frames, run.dates[-1:], build)


def late_row_by_event_time(run: Sound) -> Guarded:
    """Rows that arrived nine days late count from the day they happened."""

    def build(features: FeatureSet, history: History, wanted: pd.DataFrame) -> pd.DataFrame:
        tables = history.tables
        usage = tables["usage"].mutate(known_at=tables["usage"]["at"])
        return vectors(features, History({**tables, "usage": usage}), wanted)

    usage = run.frames["usage"].assign(known_at=run.frames["usage"]["at"] + pd.Timedelta(days=9))
    late = {**run.frames, "usage": usage}
    return replay.truncation_replay(run.features, late, run.dates[-1:], build)


def look_ahead(run: Sound) -> Guarded:
    """A feature counts rows of the month after the as-of date."""

    def build(features: FeatureSet, history: History, wanted: pd.DataFrame) -> pd.DataFrame:
        ahead = wanted.assign(as_of=[day + 28 * A_DAY for day in wanted["as_of"]])
        seen = vectors(features, history, ahead)["events_28d"].to_numpy()
        return vectors(features, history, wanted).assign(events_28d=seen)

    return replay.future_rows(run.features, run.frames, run.dates[-1:], build)


def overwritten_crm_field(run: Sound) -> Guarded:
    """The contract is given a health score that the CRM overwrites."""
    customers = TABLES["customers"]
    columns = (*customers.columns, number("health_score", "As the CRM says today."))
    tables = {**TABLES, "customers": replace(customers, columns=columns)}
    return replay.source_history(run.features, tables)


def logged_value_overwritten(run: Sound) -> Guarded:
    """Customers' segments are overwritten after their vectors were served."""
    asked = spine(sorted(run.frames["customers"]["customer_id"])[:30], [run.dates[-1]])
    log = vectors(run.features, in_memory(run.frames), asked)[run.features.names].reset_index()
    customers = run.frames["customers"].assign(segment="at risk")
    today = in_memory({**run.frames, "customers": customers})
    return logged_parity(run.features, today, log.assign(model_version="of then"))


def label_a_day_early(run: Sound) -> Guarded:
    """The last label is used one day before it has matured."""
    ripe = run.dates[-1] + timedelta(days=run.label.reach_days)
    return guards.maturity(run.trained, run.label, ripe - A_DAY)


def test_begins_inside_the_embargo(run: Sound) -> Guarded:
    """The test begins one day before the last training label was known."""
    last = run.trained.split.train[-1]
    first = last + timedelta(days=run.label.reach_days) - A_DAY
    return guards.embargo(replace(run.trained, split=Split((last,), (first,))), run.label)


def notice_a_day_before(run: Sound) -> Guarded:
    """A customer whose notice came the day before is a snapshot."""
    rows, day = run.trained.test, run.dates[-1]
    here = [c for c in run.frames["customers"]["customer_id"] if (c, day) in rows.index]
    states = run.frames["subscriptions"]
    given = pd.Timestamp(day) - pd.Timedelta(days=1)
    mine = states["customer_id"].eq(here[0]) & (states["at"] < given)
    told = states["cancel_requested_at"].mask(mine, given)
    known = states["cancel_requested_known_at"].mask(mine)
    spoiled = states.assign(cancel_requested_at=told, cancel_requested_known_at=known)
    return population(rows, {**run.frames, "subscriptions": spoiled}, run.label, [day])


def overwritten_field(run: Sound) -> Guarded:
    """A number that was written anew once the customer had left (AUC .97)."""
    noise = np.random.default_rng(0).normal(0, 0.37, len(run.churned))
    return probes.single_feature(_with(run, tenure=run.churned + noise))


def overwritten_word(run: Sound) -> Guarded:
    """The segment of those who left reads "lost"."""
    words = run.trained.train["segment"].mask(run.churned > 0, "lost")
    return probes.single_feature(_with(run, segment=words))


def answers_erased(run: Sound) -> Guarded:
    """Survey rows of those who left were erased."""
    draw = np.random.default_rng(0).random(len(run.churned))
    gone = np.where(run.churned > 0, draw < 0.8, draw < 0.15)
    return probes.missingness(_with(run, events_84d=run.trained.train["events_84d"].mask(gone)))


def notice_already_given(run: Sound) -> Guarded:
    """A feature knows of the notices of those who leave within the month."""
    rows = run.trained.train
    left = np.asarray(pd.to_datetime(rows["churned_at"]))
    moments = np.asarray(pd.to_datetime(rows.index.get_level_values("as_of")))
    draw = np.random.default_rng(2).random(len(rows))
    soon = (left - moments) / np.timedelta64(1, "D") < 30
    return guards.month_cliff(_with(run, tenure=np.where(soon, draw + 0.9, draw)))


def target_encoding_before_the_split(run: Sound) -> Guarded:
    """A column is made of the labels of all rows, those held out among them."""
    dates = np.asarray(pd.to_datetime(run.trained.train.index.get_level_values("as_of")))
    drawn = guards._drawn(run.churned, dates, np.random.default_rng(0))
    noise = np.random.default_rng(3).normal(0, 0.3, len(drawn))
    return guards.permuted_target(_with(run, tenure=drawn + noise))


def advanced_constraints(run: Sound) -> Guarded:
    """The constraint method that breaks its own constraint where values are missing."""
    model, draw = run.trained.model, np.random.default_rng(0)
    matrix = draw.integers(0, 12, (3_000, len(model.features.names))).astype(float)
    churned = (draw.random(3_000) < (np.sin(matrix[:, :12]).sum(axis=1) > 0)).astype(float)
    matrix[draw.random(matrix.shape) < 0.3] = np.nan
    how = {"num_leaves": 31, "min_child_samples": 2, "learning_rate": 0.2, "reg_lambda": 0.0}
    more = {**how, "monotone_constraints_method": "advanced"}
    boosters = fitted(model.features, matrix, churned, (1,), trees=40, more=more)
    rows = pd.DataFrame(matrix, columns=model.features.names)
    return guards.monotone_sweep(_one_component(model, boosters), rows)


def another_run(run: Sound) -> Guarded:
    """The rows are not those that the model was fitted on."""
    fewer = Snapshots(run.trained.snapshots.rows.drop(run.trained.train.index[-1]))
    return guards.determinism(replace(run.trained, snapshots=fewer), run.label)


def _one_component(model: ChurnModel, boosters: Ensemble) -> ChurnModel:
    """The model with these boosters for its whole horizon, and no words."""
    only = replace(model.components[0], month=1, ensemble=0)
    return replace(
        model, ensembles=(boosters,), components=(only,), days=model.days[-1:], categories={}
    )


def _with(run: Sound, **columns: Any) -> Trained:
    """The run with these features spoiled; a fault where no guard looks would prove nothing."""
    if strange := columns.keys() - set(run.features.names):
        raise ValueError(f"{', '.join(sorted(strange))} is no feature: nothing was planted.")
    return replace(run.trained, train=run.trained.train.assign(**columns))


FAULTS: tuple[Callable[[Sound], Guarded], ...] = (
    window_a_day_too_long,
    tenure_from_the_end,
    late_row_by_event_time,
    look_ahead,
    overwritten_crm_field,
    logged_value_overwritten,
    label_a_day_early,
    test_begins_inside_the_embargo,
    notice_a_day_before,
    overwritten_field,
    overwritten_word,
    answers_erased,
    notice_already_given,
    target_encoding_before_the_split,
    advanced_constraints,
    another_run,
)
