"""The registry: which versions there are, what is known of them, and which is the champion."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from features.errors import ModelMissing, SourceError
from training.track.faults import writing

CHAMPION = "champion"
BUNDLE = "data"
TEST_DIGEST, MODEL_VERSION = "test_digest", "model_version"


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

    @property
    def place(self) -> Path | None:
        """The file it is kept in; None where it is a server."""
        found = self.uri.removeprefix("sqlite:///")
        return None if found == self.uri else Path(found)


@dataclass(frozen=True)
class Registered:
    """A registered model: its number in the registry, the run that made it, and since when."""

    version: str
    run_id: str
    at: datetime
    tags: Mapping[str, str]


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
    """Write tags onto a version and onto the run that made it; raises TargetError as `record`."""
    with writing(registry.place):
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
    champion would be noted that never was. Raises TargetError as `record`.
    """
    client = registry.client
    with writing(registry.place):
        client.set_registered_model_alias(registry.name, CHAMPION, version)
        client.set_registered_model_tag(registry.name, key, note)
