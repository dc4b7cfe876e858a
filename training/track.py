"""Runs, models and the champion in MLflow. The only module that imports mlflow."""

import json
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# MLflow reads these when it is first imported, so they stand before the import.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.data.pandas_dataset import from_pandas
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

import features
import training
from features.errors import ModelMissing, SourceError
from training.model import ChurnModel

with warnings.catch_warnings():
    # MLflow warns of type hints in modules of its own.
    warnings.simplefilter("ignore", UserWarning)
    import mlflow.pyfunc

# Its information is written for those who watch MLflow, not for who trains a churn model.
logging.getLogger("mlflow").setLevel(logging.WARNING)
logging.getLogger("alembic").setLevel(logging.WARNING)

CHAMPION = "champion"
BUNDLE = "data"
TRAVEL = ("scorecard", "drift")  # the documents that go with a model to who serves it
TEST_DIGEST, MODEL_VERSION = "test_digest", "model_version"
REQUIRED = ("mlflow", "lightgbm", "numpy", "pandas", "scikit-learn")


@dataclass(frozen=True)
class Registry:
    """Where runs and models are kept: a tracking URI, an experiment and the model's name."""

    uri: str
    name: str = "churn"
    artifacts: Path | None = None

    @property
    def client(self) -> MlflowClient:
        """A client of this registry."""
        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)


@dataclass(frozen=True)
class Run:
    """What a training run leaves behind, besides the model itself."""

    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    documents: Mapping[str, Any]
    texts: Mapping[str, str]
    example: pd.DataFrame
    data: pd.DataFrame
    digest: str


@dataclass(frozen=True)
class Search:
    """What a search for settings leaves behind: what it chose, and what every trial lost."""

    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    losses: Sequence[float]
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Registered:
    """A registered model: its number in the registry, the run that made it, and since when."""

    version: str
    run_id: str
    at: datetime
    tags: Mapping[str, str]


def record(registry: Registry, model: ChurnModel, run: Run) -> Registered:
    """Log a run with everything that judges it, and register its model, without any alias."""
    with _started(registry):
        mlflow.set_tags(dict(run.tags))
        mlflow.log_params(dict(run.params))
        mlflow.log_metrics(dict(run.metrics))
        mlflow.log_input(_dataset(run), context="snapshots")
        for name, document in run.documents.items():
            mlflow.log_dict(document, f"{name}.json")
        for name, text in run.texts.items():
            mlflow.log_text(text, name)
        number = _logged(registry, model, run)
    return registered(registry, number)


def noted(registry: Registry, run: Search) -> str:
    """Log a search that made no model, its losses in the order of the trials; the run's id."""
    with _started(registry) as run_id:
        mlflow.set_tags(dict(run.tags))
        mlflow.log_params(dict(run.params))
        mlflow.log_metrics(dict(run.metrics))
        for number, loss in enumerate(run.losses):
            mlflow.log_metric("trial_log_loss", loss, step=number)
        mlflow.log_dict(dict(run.document), "tuned.json")
    return run_id


def champion(registry: Registry, into: Path) -> Path:
    """Fetch the champion's bundle into a new folder and return its path.

    Raises:
        ModelMissing: No model has been promoted yet.
    """
    held = champion_version(registry)
    if held is None:
        raise ModelMissing(f"No champion of {registry.name!r} yet: run `churn train`.")
    return fetched(registry, held, into)


def fetched(registry: Registry, number: str, into: Path) -> Path:
    """Fetch one registered version's bundle; raises SourceError where it cannot be had."""
    into.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(registry.uri)
    try:
        uri = registry.client.get_model_version_download_uri(registry.name, number)
        # Without the code that MLflow's own loader would need: a hundred files.
        asked = f"{uri}/{BUNDLE}/bundle"
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=asked, dst_path=str(into)))
    except MlflowException as error:
        raise _unanswered(error) from error


def champion_version(registry: Registry) -> str | None:
    """The number of the version the alias points at; None before the first promotion.

    Raises:
        SourceError: The registry does not answer.
    """
    try:
        return str(registry.client.get_model_version_by_alias(registry.name, CHAMPION).version)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise _unanswered(error) from error


def _unanswered(error: MlflowException) -> SourceError:
    """Without the registry's address, which may hold a password."""
    return SourceError(f"The model registry (tracking_uri) does not answer: {error.error_code}.")


def registered(registry: Registry, number: str | None = None) -> Registered:
    """One registered version with its tags; the newest, where none is named.

    Raises:
        ModelMissing: There is no such version, or none at all.
    """
    there = registry.client.search_model_versions(f"name = '{registry.name}'")
    found = {str(each.version): each for each in there}
    asked = number or max(found, key=int, default="")
    if asked not in found:
        known = f"its versions are {', '.join(sorted(found, key=int))}" if found else "it has none"
        which = f"There is no version {number} of" if number else "There is no model"
        raise ModelMissing(f"{which} {registry.name!r} in the registry: {known}. `churn train`.")
    told = found[asked]
    since = datetime.fromtimestamp(told.creation_timestamp / 1000, UTC)
    return Registered(asked, str(told.run_id), since, dict(told.tags))


def tagged(registry: Registry, made: Registered, tags: Mapping[str, str]) -> None:
    """Write tags onto a version and onto the run that made it."""
    for key, value in tags.items():
        registry.client.set_model_version_tag(registry.name, made.version, key, value)
        registry.client.set_tag(made.run_id, key, value)


def judged_on(registry: Registry, digest: str) -> set[str]:
    """The models, by their own version, that have been judged on the test rows of this digest."""
    experiment = registry.client.get_experiment_by_name(registry.name)
    if experiment is None:
        return set()
    asked = f"tags.{TEST_DIGEST} = '{digest}'"
    found = registry.client.search_runs([experiment.experiment_id], asked)
    return {run.data.tags.get(MODEL_VERSION, run.info.run_id) for run in found}


def chronicle(registry: Registry) -> dict[str, str]:
    """The notes kept with the model's name, by their keys, in order."""
    try:
        tags = registry.client.get_registered_model(registry.name).tags
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return {}
        raise _unanswered(error) from error
    return {key: tags[key] for key in sorted(tags)}


def crowned(registry: Registry, version: str, key: str, note: str) -> None:
    """Make a version the champion, and note it: called by training.champions alone.

    The alias moves first: without its note the change can still be seen, the other way round a
    champion would be noted that never was.
    """
    client = registry.client
    client.set_registered_model_alias(registry.name, CHAMPION, version)
    client.set_registered_model_tag(registry.name, key, note)


@contextmanager
def _started(registry: Registry) -> Iterator[str]:
    mlflow.set_tracking_uri(registry.uri)
    mlflow.set_registry_uri(registry.uri)
    if mlflow.get_experiment_by_name(registry.name) is None:
        place = registry.artifacts.resolve().as_uri() if registry.artifacts else None
        mlflow.create_experiment(registry.name, artifact_location=place)
    experiment = mlflow.set_experiment(registry.name)
    with mlflow.start_run(experiment_id=experiment.experiment_id) as run:
        yield str(run.info.run_id)


def _logged(registry: Registry, model: ChurnModel, run: Run) -> str:
    """Log the bundle as a pyfunc with a loader of our own: text files, nothing pickled."""
    with TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        model.save(bundle)
        # What is known of the model's quality goes with it: who serves it has no MLflow to ask.
        for name in TRAVEL:
            (bundle / f"{name}.json").write_text(json.dumps(run.documents.get(name)))
        logged = mlflow.pyfunc.log_model(
            name="model",
            loader_module="training.pyfunc",
            data_path=str(bundle),
            code_paths=[str(Path(package.__path__[0])) for package in (features, training)],
            signature=_signature(model),
            input_example=run.example,
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIRED],
            registered_model_name=registry.name,
        )
    return str(logged.registered_model_version)


def _signature(model: ChurnModel) -> ModelSignature:
    words = model.features.categorical
    inputs: list[ColSpec | TensorSpec] = [
        ColSpec("string" if name in words else "double", name) for name in model.features.names
    ]
    said = ["probability", *(f"probability_{days}" for days in model.days)]
    return ModelSignature(Schema(inputs), Schema([ColSpec("double", name) for name in said]))


def _dataset(run: Run) -> Any:
    flat = run.data.reset_index().astype({"as_of": "str", "churned": "float64", "month": "float64"})
    return from_pandas(flat, name="snapshots", targets="churned", digest=run.digest)
