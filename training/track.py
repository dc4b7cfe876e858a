"""Runs, models and the champion in MLflow. The only module that imports mlflow."""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# MLflow reads this when it is first imported, so it stands before the import.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow
import pandas as pd
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.data.pandas_dataset import from_pandas
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

import features
import training
from features.errors import ModelMissing
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
    figures: Mapping[str, Figure]
    documents: Mapping[str, Any]
    texts: Mapping[str, str]
    example: pd.DataFrame
    data: pd.DataFrame
    digest: str


@dataclass(frozen=True)
class Registered:
    """A registered model: its number in the registry and the run that made it."""

    version: str
    run_id: str


def record(registry: Registry, model: ChurnModel, run: Run) -> Registered:
    """Log a run with everything that judges it, and register its model, without any alias."""
    with _started(registry) as run_id:
        mlflow.set_tags(dict(run.tags))
        mlflow.log_params(dict(run.params))
        mlflow.log_metrics(dict(run.metrics))
        mlflow.log_input(_dataset(run), context="snapshots")
        for name, figure in run.figures.items():
            mlflow.log_figure(figure, f"plots/{name}.png")
        for name, document in run.documents.items():
            mlflow.log_dict(document, f"{name}.json")
        for name, text in run.texts.items():
            mlflow.log_text(text, name)
        return Registered(_logged(registry, model, run), run_id)


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
    """Fetch one registered version's bundle."""
    uri = registry.client.get_model_version_download_uri(registry.name, number)
    into.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(registry.uri)
    got = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(into)))
    return got / BUNDLE / "bundle"


def champion_version(registry: Registry) -> str | None:
    """The number of the version the alias points at; None before the first promotion."""
    try:
        return str(registry.client.get_model_version_by_alias(registry.name, CHAMPION).version)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def decided(registry: Registry, made: Registered, tags: Mapping[str, str], promote: bool) -> None:
    """Write a decision onto a version and its run; move the alias if it is to be champion."""
    client = registry.client
    for key, value in tags.items():
        client.set_model_version_tag(registry.name, made.version, key, value)
        client.set_tag(made.run_id, key, value)
    if promote:
        client.set_registered_model_alias(registry.name, CHAMPION, made.version)


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
    return ModelSignature(Schema(inputs), Schema([ColSpec("double", "probability")]))


def _dataset(run: Run) -> Any:
    flat = run.data.reset_index().astype({"as_of": "str", "churned": "float64"})
    return from_pandas(flat, name="snapshots", targets="churned", digest=run.digest)
