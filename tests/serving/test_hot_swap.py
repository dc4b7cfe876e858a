"""The champion changes under load: a registry, a follower, a server of two workers, no failure."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree
from threading import Event

import httpx
import numpy as np
import pytest
from mlflow import MlflowClient

from serving.bundle import bundle_at, published
from serving.scorer import Scorer
from tests.moved import moved
from tests.serving.company import AS_OF
from tests.serving.server import free_port, served
from training.model import ChurnModel, loaded
from training.track import CHAMPION

CUSTOMER = "c002"
CLOSE = 1e-9
NO_REGISTRY = {"CHURN_TRACKING_URI": "sqlite:///nowhere.db"}  # of the server's: only the follower's
PATIENCE = 60  # seconds until a model that was promoted answers everywhere


@pytest.fixture
def models(home: Path) -> dict[str, ChurnModel]:
    """Models that say something else each, by version."""
    base = loaded(bundle_at(home / "bundle"))
    return {f"v{step}": moved(base, step / 4, f"v{step}") for step in range(4)}


class Registry:
    """A registry of MLflow's, with nothing in it but the models that a test promotes."""

    def __init__(self, folder: Path) -> None:
        self.uri = f"sqlite:///{folder}/mlflow.db"
        self.client = MlflowClient(self.uri, self.uri)
        self.experiment = self.client.create_experiment("churn", (folder / "artifacts").as_uri())
        self.client.create_registered_model("churn")

    def promote(self, made: Path) -> None:
        """Register a saved model and point the alias at it."""
        run = self.client.create_run(self.experiment)
        self.client.log_artifacts(run.info.run_id, str(made), "model/data/bundle")
        source = f"{run.info.artifact_uri}/model"
        number = self.client.create_model_version("churn", source, run.info.run_id).version
        self.client.set_registered_model_alias("churn", CHAMPION, number)


@contextmanager
def following(settings: Mapping[str, str]) -> Iterator[None]:
    """`churn follow` as an operator starts it."""
    command = [sys.executable, "-m", "churn", "follow", "--every", "0.2"]
    with subprocess.Popen(command, env={**os.environ, **settings}) as follower:
        try:
            yield
        finally:
            follower.terminate()
    assert follower.returncode == 0


def test_while_the_champion_changes_under_load_no_request_fails(
    home: Path, models: dict[str, ChurnModel], scorer: Scorer, tmp_path: Path
):
    for version, model in models.items():
        model.save(tmp_path / version)
    copytree(home / "history", tmp_path / "history")
    published(tmp_path / "v0", tmp_path / "bundle")
    registry, port, ended = Registry(tmp_path), free_port(), Event()
    watching = {"CHURN_WORKERS": "2", "CHURN_WATCH_SECONDS": "0.1"}
    settings = {"CHURN_HOME": str(tmp_path), **watching}
    body, expected = question(scorer, models)
    command = ["churn", "serve", "--port", str(port)]
    with (
        served(command, port, tmp_path / "server", settings | NO_REGISTRY) as server,
        following(settings),
        ThreadPoolExecutor(3) as clients,
    ):
        address = str(server.client.base_url)
        asked = [clients.submit(ask, address, body, expected, ended) for _ in range(3)]
        try:
            for version in ("v1", "v2", "v3"):
                registry.promote(tmp_path / version)
                until_logged(server.log, f"the model is now {version}", times=2)
        finally:
            ended.set()
    answers = [answer for one in asked for answer in one.result()]
    assert {version for version, _ in answers} == set(models)
    assert [wrong for _, wrong in answers if wrong] == []


def question(
    scorer: Scorer, models: Mapping[str, ChurnModel]
) -> tuple[dict[str, object], dict[str, float]]:
    """A customer's vector, and what each model says of it."""
    columns = scorer.cases([CUSTOMER], AS_OF).columns
    values = {n: v[0] if isinstance(v[0], str) else _known(v[0]) for n, v in columns.items()}
    vector = {"customer_id": CUSTOMER, "values": values}
    chances = {version: float(m.probability(columns)[0]) for version, m in models.items()}
    return {"vectors": [vector], "as_of": str(AS_OF)}, chances


def _known(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def ask(
    address: str, body: object, expected: Mapping[str, float], ended: Event
) -> list[tuple[str, str]]:
    """Versions that answered, and what was wrong with each answer; one request after another."""
    answers = []
    with httpx.Client(base_url=address, timeout=60) as client:
        while not ended.is_set():
            answer = client.post("/score_vectors", json=body)
            if answer.status_code != 200:
                answers.append(("", answer.text))
                continue
            [told] = answer.json()
            version, chance = told["model_version"], told["probability"]
            same = abs(chance - expected[version]) < CLOSE
            answers.append((version, "" if same else f"{version} said {chance}"))
    return answers


def until_logged(log: list[str], words: str, times: int) -> None:
    """Returns when the words have been logged so often, by as many workers."""
    ending = time.monotonic() + PATIENCE
    while sum(words in line for line in log) < times:
        assert time.monotonic() < ending, f"{words!r} was not logged {times} times:\n{log[-20:]}"
        Event().wait(0.05)
