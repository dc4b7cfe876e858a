"""Runs: what a training or a search leaves behind, and the model it registers."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from types import MappingProxyType
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.data.pandas_dataset import from_pandas
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

import features
import training
from features.outside import written
from training.model import ChurnModel
from training.track.faults import writing
from training.track.registry import Registered, Registry, registered

with warnings.catch_warnings():
    # MLflow warns of type hints in modules of its own.
    warnings.simplefilter("ignore", UserWarning)
    import mlflow.pyfunc

TRAVEL = ("scorecard", "drift")  # the documents that go with a model to who serves it
REQUIRED = ("mlflow", "lightgbm", "numpy", "pandas", "scikit-learn")
ROOM = 1_000_000  # bytes, about what a run writes into files
NO_TAGS: Mapping[str, str] = MappingProxyType({})


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


def ready(registry: Registry) -> None:
    """Write into the store what a run will need, so that a bad place is met before the training.

    Raises:
        TargetError: It is full, or closed to us.
    """
    if registry.place is not None and not registry.place.exists():
        _new(registry.place)
    with writing(registry.place):
        found = registry.client.get_experiment(_experiment(registry))
        registry.client.set_experiment_tag(found.experiment_id, "last_begun", _now())
    if registry.artifacts:
        with writing(registry.artifacts):
            registry.artifacts.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=registry.artifacts) as probe:
                probe.write(b"0" * ROOM)


def _new(place: Path) -> None:
    """A new data base, whole or not at all: of half a one MLflow would never make the rest."""
    with writing(place), written(place) as unfinished:
        try:
            MlflowClient(f"sqlite:///{unfinished}").search_experiments()
        finally:
            unfinished.with_name(f"{unfinished.name}-journal").unlink(missing_ok=True)


def record(
    registry: Registry, model: ChurnModel, run: Run, tags: Mapping[str, str] = NO_TAGS
) -> Registered:
    """Log a run with everything that judges it, and register its model, without any alias.

    The model is registered last, and with its `tags` at once: as a whole or not at all.

    Raises:
        TargetError: The store is full, or closed to us.
    """
    with writing(registry.place, "No model was registered."):
        return registered(registry, _recorded(registry, model, run, tags))


def _recorded(registry: Registry, model: ChurnModel, run: Run, tags: Mapping[str, str]) -> str:
    with _started(registry):
        mlflow.set_tags(dict(tags))
        mlflow.set_tags(dict(run.tags))
        mlflow.log_params(dict(run.params))
        mlflow.log_metrics(dict(run.metrics))
        mlflow.log_input(_dataset(run), context="snapshots")
        for name, document in run.documents.items():
            mlflow.log_dict(document, f"{name}.json")
        for name, text in run.texts.items():
            mlflow.log_text(text, name)
        logged = _logged(model, run)
    made = mlflow.register_model(logged, registry.name, tags=dict(tags))
    return str(made.version)


def noted(registry: Registry, run: Search) -> str:
    """Log a search that made no model, its losses in the order of the trials; the run's id.

    Raises:
        TargetError: The store is full, or closed to us.
    """
    with writing(registry.place), _started(registry) as run_id:
        mlflow.set_tags(dict(run.tags))
        mlflow.log_params(dict(run.params))
        mlflow.log_metrics(dict(run.metrics))
        for number, loss in enumerate(run.losses):
            mlflow.log_metric("trial_log_loss", loss, step=number)
        mlflow.log_dict(dict(run.document), "tuned.json")
    return run_id


@contextmanager
def _started(registry: Registry) -> Iterator[str]:
    experiment = _experiment(registry)
    mlflow.set_experiment(experiment_id=experiment)
    with mlflow.start_run(experiment_id=experiment) as run:
        yield str(run.info.run_id)


def _experiment(registry: Registry) -> str:
    """The experiment's id; it is made where there is none."""
    mlflow.set_tracking_uri(registry.uri)
    mlflow.set_registry_uri(registry.uri)
    if found := mlflow.get_experiment_by_name(registry.name):
        return str(found.experiment_id)
    place = registry.artifacts.resolve().as_uri() if registry.artifacts else None
    return str(mlflow.create_experiment(registry.name, artifact_location=place))


def _logged(model: ChurnModel, run: Run) -> str:
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
        )
    return str(logged.model_uri)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


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
