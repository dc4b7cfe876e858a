"""A real server process for a test, as an operator starts it."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

SECONDS = 120
# What the service must do without; a module of this name runs before everything else.
# HIDDEN is a folder that must not be imported from, though it is installed; what NEEDED names may.
BLOCKING = """
import os
import sys


class Blocked:
    def find_spec(self, name, path=None, target=None):
        blocked = {"mlflow", "pandas", "sklearn", "matplotlib"} - {os.environ.get("NEEDED")}
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"{name} is not for the service", name=name)


sys.meta_path.insert(0, Blocked())
sys.path[:] = [place for place in sys.path if place != os.environ.get("HIDDEN", "")]
"""


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


@dataclass(frozen=True)
class Server:
    """A running server: a client of it, and what it has logged so far."""

    client: httpx.Client
    log: list[str]
    process: "subprocess.Popen[str]"
    more: threading.Condition = field(default_factory=threading.Condition)

    def logs(self, word: str) -> bool:
        """Whether it logs a line with this word; a line may come after the answer it is about."""
        with self.more:
            return self.more.wait_for(lambda: any(word in line for line in self.log), SECONDS)


@contextmanager
def served(
    command: Sequence[str], port: int, folder: Path, settings: Mapping[str, str]
) -> Iterator[Server]:
    """`python -m command` in a folder of its own, without what only training needs."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(BLOCKING)
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("CHURN_", "PYTHON"))}
    environment = {**kept, "PYTHONPATH": str(folder), **settings}
    arguments = [sys.executable, "-m", *command]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(arguments, cwd=folder, env=environment, **pipes) as process:
        log: list[str] = []
        more = threading.Condition()
        try:
            reading = _listening(process, log, more)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=SECONDS) as client:
                client.get("/readyz").raise_for_status()
                yield Server(client, log, process, more)
        finally:
            process.terminate()
        reading.join()


def _listening(
    process: "subprocess.Popen[str]", log: list[str], more: threading.Condition
) -> threading.Thread:
    """Returns once the server listens; from then on a thread reads its log."""
    assert process.stdout is not None
    for line in process.stdout:
        log.append(line)
        if "listening on" in line:
            reading = threading.Thread(target=_read, args=(process.stdout, log, more))
            reading.start()
            return reading
    raise RuntimeError("The server ended before it listened:\n" + "".join(log))


def _read(lines: Iterable[str], log: list[str], more: threading.Condition) -> None:
    for line in lines:
        with more:
            log.append(line)
            more.notify_all()
