"""The servers that are compared under load, each a process of its own with one worker."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import TypeAlias

import httpx
import psutil  # type: ignore[import-untyped]  # BentoML brings it

from experiments.benchmarks.hot_swap import STARTS
from tests.serving.server import free_port
from training.track import CHAMPION


@dataclass(frozen=True)
class Server:
    """A server process, and what answers with 200 when it is ready."""

    address: str
    ready: str
    process: int


Running: TypeAlias = AbstractContextManager[Server]


def served(home: Path, more: Mapping[str, str]) -> Running:
    """`churn serve` with one worker."""
    port = free_port()
    given = {"CHURN_CONFIG": str(home / "churn.toml"), "CHURN_HOME": str(home), **more}
    given |= {"BENTOML_HOME": str(home / f"bentoml-{port}")}
    return _running(["-m", "churn", "serve", "--port", str(port)], port, "/readyz", given)


def bare(home: Path) -> Running:
    """The minimal application beside it."""
    port = free_port()
    command = ["-m", "experiments.benchmarks.bare_app", str(home), str(port)]
    return _running(command, port, "/docs", {})


def mlflow(home: Path) -> Running:
    """MLflow's own server of the champion, with one worker."""
    port = free_port()
    given = {
        "MLFLOW_TRACKING_URI": f"sqlite:///{home}/mlflow.db",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",  # it starts uvicorn by name
    }
    model = f"models:/churn@{CHAMPION}"
    command = ["-m", "mlflow", "models", "serve", "-m", model, "--env-manager", "local"]
    return _running([*command, "-p", str(port), "-w", "1"], port, "/ping", given)


@contextmanager
def _running(
    command: Sequence[str], port: int, ready: str, given: Mapping[str, str]
) -> Iterator[Server]:
    """A server that is starting, until it is no longer needed."""
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **given}
    with subprocess.Popen(
        [sys.executable, *command], env=environment, stdout=subprocess.DEVNULL
    ) as process:
        try:
            yield Server(address, ready, process.pid)
        finally:
            started = psutil.Process(process.pid).children(recursive=True)
            process.terminate()
            for child in started:  # MLflow's outlives its parent
                if child.is_running():
                    child.terminate()


def wait(address: str) -> None:
    """Returns when it answers with 200."""
    for _ in range(STARTS):
        try:
            if httpx.get(address).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        sleep(1)
    raise TimeoutError(f"no answer from {address}")
