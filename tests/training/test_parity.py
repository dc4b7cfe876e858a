"""One model and one history give one score, and what was served is what the history gives."""

from dataclasses import fields
from datetime import date

import numpy as np
import pandas as pd
import pytest

from features.catalogue import CHURN
from features.errors import SourceError
from features.history import History
from features.logged import read_log
from features.sources.files import in_memory
from features.vectors import spine, vectors
from tests.training.conftest import small_world
from training.contract import matrix_of
from training.guarded import Guarded
from training.model import ChurnModel
from training.parity import logged_parity, online_parity, score_parity
from training.replay import sampled
from training.train import Trained

SERVED = date(2024, 3, 1)


class ByPosition(ChurnModel):
    """Takes the columns as they come, whatever they are called."""

    def matrix(self, vectors):
        super().matrix(vectors)  # one that is not there is refused, as it should be
        names = [name for name in vectors if name in self.features.names]
        return matrix_of(vectors, names, self.categories)


class Forgiving(ChurnModel):
    """Takes a column that is not there for missing values."""

    def matrix(self, vectors):
        blank = np.full(len(vectors[self.features.names[0]]), np.nan)
        there = {name: vectors.get(name, blank) for name in self.features.names}
        return super().matrix(there)


class Surprised(ChurnModel):
    """Looks up a word it has not seen, and finds nothing."""

    def matrix(self, vectors):
        for name, known in self.categories.items():
            places = {word: place for place, word in enumerate(known)}
            [places[word] for word in vectors[name] if word is not None]
        return super().matrix(vectors)


class Speechless(ChurnModel):
    """Has no answer for a customer of whom nothing is known."""

    def probability(self, vectors):
        told = super().probability(vectors)
        return np.where(np.isnan(self.matrix(vectors)).all(axis=1), np.nan, told)


class Moody(ChurnModel):
    """Says something else while it is in memory than once it is written down."""

    def probability(self, vectors):
        return super().probability(vectors) + 1e-6


def as_a(kind: type[ChurnModel], model: ChurnModel) -> ChurnModel:
    return kind(**{field.name: getattr(model, field.name) for field in fields(model)})


@pytest.mark.parametrize(
    ("kind", "case"),
    [
        (ByPosition, "shuffled columns"),
        (Forgiving, "missing column"),
        (Surprised, "unseen category"),
        (Speechless, "all-missing row"),
        (Moody, "reloaded model"),
    ],
)
def test_each_way_of_scoring_otherwise_is_caught_by_name(trained: Trained, kind, case):
    found = score_parity(as_a(kind, trained.model), trained.test[trained.model.features.names])
    assert found.fired
    assert case in found.subject.split(", ")


def test_a_true_model_scores_the_same_whichever_way_it_is_asked(trained: Trained):
    assert not score_parity(trained.model, trained.test).fired


def test_a_batch_that_computes_a_feature_otherwise_than_one_request_is_caught(
    history: History, trained: Trained, monkeypatch
):
    frames = sampled(history, trained.test.index.get_level_values("customer_id"))
    assert not online_parity(trained.model, frames, SERVED).fired

    def doubled(features, history, wanted):
        built = vectors(features, history, wanted)
        return built.assign(events_28d=built["events_28d"] * 0)

    monkeypatch.setattr("training.parity.vectors", doubled)
    found = online_parity(trained.model, frames, SERVED)
    assert (found.fired, found.subject) == (True, "events_28d")


def served(tables) -> pd.DataFrame:
    """What a service would have logged of twenty customers."""
    asked = spine(sorted(tables["customers"]["customer_id"])[:20], [SERVED])
    rows = vectors(CHURN, in_memory(tables), asked)[CHURN.names].reset_index()
    return rows.assign(model_version="2024-02-01-abc")


def test_a_field_overwritten_after_it_was_logged_is_caught_by_name_and_number():
    tables = small_world()
    log = served(tables)
    assert not logged_parity(CHURN, in_memory(tables), log).fired
    at_risk = tables["customers"]["customer_id"].isin(log["customer_id"][:7])
    overwritten = tables["customers"].assign(segment=np.where(at_risk, "at risk", "small"))
    found = logged_parity(CHURN, in_memory(tables | {"customers": overwritten}), log)
    assert (found.fired, found.subject, found.figure) == (True, "segment", 7)
    assert "7; the rule: 20 logged vectors are built again within 1e-09" in found.sentence


def test_a_logged_number_is_held_to_the_ninth_digit():
    tables = small_world()
    log = served(tables)
    moved = log.assign(events_28d=log["events_28d"] + 1e-7)
    found: Guarded = logged_parity(CHURN, in_memory(tables), moved)
    assert (found.fired, found.subject) == (True, "events_28d")


def test_customers_that_are_gone_and_features_that_are_no_more_are_not_compared():
    tables = small_world()
    log = served(tables).assign(a_feature_of_old=1.0)
    assert not logged_parity(CHURN, in_memory(tables), log.assign(customer_id="erased")).fired
    assert not logged_parity(CHURN, in_memory(tables), log).fired


def test_a_log_is_read_from_a_file_or_from_folders_by_date(tmp_path):
    rows = pd.DataFrame({"customer_id": ["a"], "model_version": ["1"], "mrr": [10.0]})
    for day, more in [("2026-11-01", {}), ("2026-11-02", {"plan": ["pro"]})]:
        (tmp_path / f"as_of={day}").mkdir()
        rows.assign(**more).to_parquet(tmp_path / f"as_of={day}" / "part.parquet")
    told = read_log(tmp_path)
    assert told["as_of"].tolist() == [date(2026, 11, 2), date(2026, 11, 1)]
    assert read_log(tmp_path, most=1)["as_of"].tolist() == [date(2026, 11, 2)]
    one = tmp_path / "one.parquet"
    rows.assign(as_of=date(2026, 11, 3)).to_parquet(one)
    assert read_log(one)["as_of"].tolist() == [date(2026, 11, 3)]


def test_a_log_that_is_none_says_what_is_wrong(tmp_path):
    with pytest.raises(SourceError, match="No prediction log at"):
        read_log(tmp_path / "nowhere")
    pd.DataFrame({"customer_id": ["a"], "as_of": ["2026-11-01"]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="has no column model_version"):
        read_log(tmp_path)
    (tmp_path / "b.parquet").write_text("not Parquet")
    with pytest.raises(SourceError, match="cannot be read"):
        read_log(tmp_path)
