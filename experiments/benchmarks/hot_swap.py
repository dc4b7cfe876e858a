"""Count failed requests while the champion changes: `python -m experiments.benchmarks.hot_swap`.

A real registry, a real `churn follow`, a real `churn serve` with several workers, and clients that
ask without a pause while the alias moves. Every answer is checked: its probability has to be the
one of the model that it names.
"""

import argparse
import json
import math
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock, Thread

import httpx
import numpy as np
from mlflow import MlflowClient

from features.sources import opened
from features.usable import usable
from serving.bundle import bundle_at
from serving.cases import Cases
from serving.scorer import Scorer
from training.calibrate import Platt
from training.model import ChurnModel, loaded
from training.track import CHAMPION

ASKED = 40  # customers that are asked for in turn
CLOSE = 1e-9
STARTS = 180  # seconds that a server may take to start


@dataclass(frozen=True)
class Question:
    """A request's body, and by model version the probability that has to be answered."""

    body: Mapping[str, object]
    expected: Mapping[str, float]


@dataclass
class Count:
    """What the clients met, all of them together."""

    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def add(self, version: str, seconds: float, wrong: str) -> None:
        """One answer, and what was wrong with it, if anything."""
        with self.lock:
            self.answers[version] += 1
            self.seconds.append(seconds)
            if wrong:
                self.failures.append(wrong)


def main(arguments: list[str] | None = None) -> None:
    """Run it and print what came of it as one JSON object; ends with 1 if a request failed."""
    parser = argparse.ArgumentParser(prog="experiments.benchmarks.hot_swap", description=__doc__)
    parser.add_argument(
        "--home", type=Path, help="a fresh copy of a demo's folder; default: a new one"
    )
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--moves", type=int, default=10, help="how often the alias moves")
    parser.add_argument("--connections", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=12, help="between two moves")
    asked = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        home = asked.home or _demo(Path(folder) / "demo")
        said = measured(home, asked.workers, asked.moves, asked.connections, asked.seconds)
    sys.stdout.write(json.dumps(said, indent=2) + "\n")
    sys.exit(bool(said["failed"]))


def measured(
    home: Path, workers: int, moves: int, connections: int, pause: float
) -> dict[str, object]:
    """Requests, failures and models seen while the alias moves under load."""
    base = loaded(bundle_at(home / "bundle"))
    variants = {f"v{i}": _variant(base, i) for i in range(moves)}
    questions = _questions(home, {base.version: base, **variants})
    count, ended = Count(), Event()
    with _serving(home, workers) as address:
        asking = [
            Thread(target=_ask, args=(address, questions, place, count, ended))
            for place in range(connections)
        ]
        for thread in asking:
            thread.start()
        try:
            time.sleep(pause)
            for version, model in variants.items():
                _promote(home, version, model)
                time.sleep(pause)
        finally:
            ended.set()
        for thread in asking:
            thread.join()
    ordered = sorted(count.seconds)
    return {
        "requests": sum(count.answers.values()),
        "failed": len(count.failures),
        "failures": count.failures[:5],
        "workers": workers,
        "moves": moves,
        "by_model": dict(count.answers),
        "p50_ms": round(ordered[len(ordered) // 2] * 1e3, 1),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1e3, 1),
        "max_ms": round(ordered[-1] * 1e3, 1),
    }


def _demo(home: Path) -> Path:
    made = ["demo", "--no-serve", "--customers", "1500", "--home", str(home)]
    subprocess.run([sys.executable, "-m", "churn", *made], check=True, stdout=sys.stderr)
    return home


def _variant(base: ChurnModel, place: int) -> ChurnModel:
    """Another model: the same order of customers, at other probabilities."""
    lines = [(each, each.calibration) for each in base.components]
    by = 0.1 * (place + 1)
    moved = [replace(c, calibration=Platt(p.slope, p.intercept + by)) for c, p in lines]
    return replace(base, components=tuple(moved), about={**base.about, "version": f"v{place}"})


def _questions(home: Path, models: Mapping[str, ChurnModel]) -> list[Question]:
    """Vectors of customers, with the probability that each model has to answer."""
    history = usable(opened(str(home / "history")))[0]
    first = Scorer(next(iter(models.values())), history, (0.1, 0.2, 0.3), lambda: datetime.now(UTC))
    as_of = first.next_as_of()
    cases = first.everyone(as_of).cases.where(np.arange(ASKED))
    chances = {version: model.probability(cases.columns) for version, model in models.items()}
    return [
        Question(
            {"vectors": [as_vector(cases, place)], "as_of": str(as_of)},
            {version: float(found[place]) for version, found in chances.items()},
        )
        for place in range(ASKED)
    ]


def as_vector(cases: Cases, place: int) -> dict[str, object]:
    """A customer's vector as /score_vectors takes it."""
    found = {name: column[place] for name, column in cases.columns.items()}
    values = {n: v if isinstance(v, str) else _number(float(v)) for n, v in found.items()}
    return {"customer_id": cases.people[place].customer_id, "values": values}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _promote(home: Path, version: str, model: ChurnModel) -> None:
    """Register a model as training does and point the alias at it."""
    client = MlflowClient(f"sqlite:///{home}/mlflow.db", f"sqlite:///{home}/mlflow.db")
    experiment = client.get_experiment_by_name("churn")
    assert experiment is not None
    run = client.create_run(experiment.experiment_id)
    with TemporaryDirectory() as folder:
        model.save(Path(folder) / version)
        client.log_artifacts(run.info.run_id, str(Path(folder) / version), "model/data/bundle")
    source = f"{run.info.artifact_uri}/model"
    made = client.create_model_version("churn", source, run.info.run_id)
    client.set_registered_model_alias("churn", CHAMPION, made.version)
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} the champion is {version}\n")


def _ask(
    address: str, questions: Sequence[Question], place: int, count: Count, ended: Event
) -> None:
    with httpx.Client(base_url=address, timeout=60) as client:
        while not ended.is_set():
            place += 1
            began = time.perf_counter()
            version, wrong = _asked(client, questions[place % len(questions)])
            count.add(version, time.perf_counter() - began, wrong)


def _asked(client: httpx.Client, question: Question) -> tuple[str, str]:
    try:
        answer = client.post("/score_vectors", json=question.body)
    except httpx.HTTPError as error:
        return "none", f"{type(error).__name__}: {error}"
    if answer.status_code != 200:
        return "none", f"{answer.status_code}: {answer.text[:200]}"
    [told] = answer.json()
    was = question.expected[told["model_version"]]
    same = abs(told["probability"] - was) < CLOSE
    return told["model_version"], "" if same else f"{told['probability']} instead of {was}"


@contextmanager
def _serving(home: Path, workers: int) -> Iterator[str]:
    """`churn serve` with several workers, and `churn follow` beside it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = str(listening.getsockname()[1])
    config = {"CHURN_CONFIG": str(home / "churn.toml")} if (home / "churn.toml").is_file() else {}
    settings = {"CHURN_HOME": str(home), "CHURN_WORKERS": str(workers), **config}
    environment = {**os.environ, **settings}
    churn = [sys.executable, "-m", "churn"]
    with (
        subprocess.Popen(
            [*churn, "serve", "--port", port], env=environment, stdout=subprocess.DEVNULL
        ) as server,
        subprocess.Popen([*churn, "follow", "--every", "1"], env=environment) as follower,
    ):
        try:
            yield _ready(f"http://127.0.0.1:{port}")
        finally:
            follower.terminate()
            server.terminate()


def _ready(address: str) -> str:
    for _ in range(STARTS):
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return address
        except httpx.HTTPError:
            pass
        time.sleep(1)
    raise TimeoutError(f"no answer from {address}")


if __name__ == "__main__":
    main()
