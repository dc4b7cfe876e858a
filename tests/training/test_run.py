"""A run leaves behind all that judges it, and a model that MLflow's own tools can run."""

import json
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

from features.catalogue import CHURN
from features.drift import reference_at
from features.errors import ModelMissing
from tests.training.conftest import LABEL, NOW, PLAN
from training import track
from training.champions import settle
from training.gate import Change, Decision
from training.model import loaded
from training.money import Offer
from training.recorded import metrics
from training.run import described, named, reigning
from training.snapshots import split
from training.track import Registry
from training.train import Trained, fit
from training.verdict import Before, change_of, verdict


@pytest.fixture(scope="module")
def client(registry: Registry) -> MlflowClient:
    return registry.client


def test_before_the_first_promotion_there_is_no_champion(tmp_path):
    empty = Registry(f"sqlite:///{tmp_path}/mlflow.db")
    with pytest.raises(ModelMissing, match="churn train"):
        track.champion(empty, tmp_path / "into")


def test_the_run_logs_parameters_metrics_with_intervals_plots_and_documents(outcome, client):
    made = client.get_run(outcome.registered.run_id)
    assert made.data.params["label_horizon_days"] == "60"
    assert made.data.params["lightgbm_learning_rate"] == "0.03"
    assert made.data.metrics["auc_low"] <= made.data.metrics["auc"] <= made.data.metrics["auc_high"]
    assert 0 < made.data.metrics["microseconds_of_a_core_to_explain_a_customer"] < 240
    plots = {Path(f.path).name for f in client.list_artifacts(made.info.run_id, "plots")}
    assert {"reliability.svg", "gain.svg"} <= plots
    top = {f.path for f in client.list_artifacts(made.info.run_id)}
    assert {"scorecard.json", "scorecard.html", "contract.json", "decision.json"} <= top


def test_a_reference_of_drift_travels_with_the_model_and_has_not_drifted_itself(
    outcome, registry, tmp_path
):
    bundle = track.fetched(registry, outcome.registered.version, tmp_path / "into")
    reference, trained = reference_at(bundle), outcome.trained
    assert reference is not None
    assert set(reference.features) == set(trained.model.features.names)
    told = reference.drifts(trained.test, trained.model.probability(trained.test))
    assert [each.name for each in told if each.psi] == []


def test_every_earlier_horizon_has_a_scorecard_of_its_own_and_a_line_on_the_page(outcome, client):
    run_id = outcome.registered.run_id
    kept = json.loads(Path(client.download_artifacts(run_id, "scorecard_30_days.json")).read_text())
    late = outcome.trained.test["month"].to_numpy() > 1
    assert kept["data"]["horizon_days"] == 30
    assert kept["data"]["churned_rows"] == outcome.verdict.rows.lost[~late].sum()
    assert {row["name"] for row in kept["baselines"]} >= {"base rate", "logistic"}
    page = Path(client.download_artifacts(run_id, "scorecard.html")).read_text()
    assert "any, 30 days" in page


def test_no_later_horizon_is_ever_less_likely_and_the_card_says_so(outcome):
    assert outcome.verdict.scorecard.horizons.value.point == 0
    assert outcome.verdict.scorecard.horizons.passed


def test_the_run_names_its_data_by_digest(outcome, client):
    [data] = client.get_run(outcome.registered.run_id).inputs.dataset_inputs
    assert data.dataset.digest == outcome.trained.digest
    assert "churned" in json.dumps(json.loads(data.dataset.schema))


def test_the_gates_decision_and_reason_are_tags_of_the_version(outcome, client):
    version = client.get_model_version("churn", outcome.registered.version)
    assert version.tags["gate"] == outcome.verdict.decision.outcome
    assert outcome.verdict.decision.reasons[0] in version.tags["gate_reason"].split("\n")
    numbers = json.loads(version.tags["gate_numbers"])
    assert numbers["auc"] == pytest.approx(outcome.verdict.decision.numbers["auc"], abs=1e-6)
    assert version.tags["gate_numbers"] == client.get_run(version.run_id).data.tags["gate_numbers"]


def test_the_alias_moves_only_when_the_gate_says_promote(outcome, registry: Registry, tmp_path):
    settle(registry, outcome.registered, Decision("refuse", ("AUC .5: too low.",)))
    held = track.champion_version(registry)
    assert held == (outcome.registered.version if outcome.promoted else None)
    settle(registry, outcome.registered, Decision("promote", ("AUC .7: fine.",)))
    assert track.champion_version(registry) == outcome.registered.version
    fetched = loaded(track.champion(registry, tmp_path))
    assert fetched.version == outcome.trained.model.version


def test_mlflows_own_loader_gives_the_scores_of_the_model_itself(outcome, registry: Registry):
    mlflow.set_tracking_uri(registry.uri)
    model = mlflow.pyfunc.load_model(f"models:/churn/{outcome.registered.version}")
    asked = outcome.trained.test[outcome.trained.model.features.names].head(200)
    told = model.predict(asked)["probability"].to_numpy()
    assert np.abs(told - outcome.trained.model.probability(asked)).max() < 1e-9


def test_the_logged_model_holds_no_pickle_and_pins_its_environment(outcome, registry, tmp_path):
    mlflow.set_tracking_uri(registry.uri)
    uri = f"models:/churn/{outcome.registered.version}"
    mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(tmp_path))
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert not {name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))}
    assert {"model.json", "booster_0_0.txt", "MLmodel", "input_example.json"} <= names
    [pins] = tmp_path.rglob("requirements.txt")
    assert "lightgbm==" in pins.read_text()


def test_the_signature_names_every_feature(outcome, registry: Registry):
    mlflow.set_tracking_uri(registry.uri)
    info = mlflow.models.get_model_info(f"models:/churn/{outcome.registered.version}")
    assert info.signature.inputs.input_names() == CHURN.names


def test_the_reigning_champion_is_scored_beside_its_challenger(outcome, registry: Registry):
    settle(registry, outcome.registered, Decision("promote", ()))
    champion = reigning(registry, outcome.trained.model)
    assert champion is not None
    assert champion.version == outcome.trained.model.version


def test_metrics_have_names_and_numbers_that_mlflow_takes(outcome):
    found = metrics(outcome.verdict)
    assert all(name.replace("_", "").isalnum() for name in found)
    assert all(np.isfinite(value) for value in found.values())


def test_the_model_says_when_it_was_trained(outcome):
    assert outcome.trained.model.version.startswith(NOW.isoformat())


@pytest.fixture(scope="module")
def a_month_ago(trained: Trained) -> Trained:
    known = [day for day in trained.split.dates if day < trained.split.test[-1]]
    made = fit(CHURN, LABEL, trained.snapshots, split(known, LABEL), PLAN)
    return replace(made, model=named(made.model, described(made)))


def test_next_months_retrain_meets_the_champion_as_a_retrain_and_asks_for_no_hand(
    trained, a_month_ago
):
    told = verdict(trained, LABEL, Offer(), 20, Before(a_month_ago.model), resamples=50)
    assert a_month_ago.split.test[-1] < trained.split.test[-1]
    assert change_of(trained.model, a_month_ago.model) is Change.RETRAIN
    assert {"auc_gain_low", "log_loss_gain_low"} <= told.decision.numbers.keys()
    assert told.decision.outcome != "hold"


def test_a_champion_trained_on_later_months_is_left_for_a_person(trained, a_month_ago):
    told = verdict(a_month_ago, LABEL, Offer(), 20, Before(trained.model), resamples=50)
    assert told.decision.outcome != "promote"
    assert any("may have seen the answers" in reason for reason in told.decision.reasons)
