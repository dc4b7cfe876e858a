"""The service under load, beside its peers: `python -m experiments.benchmarks.load --home HOME`.

HOME is a demo's folder with a model, scores and a registry. `churn serve`, `mlflow models serve`
and a bare FastAPI application answer from the same model, one worker each, on loopback; wrk asks
them in turn, so that a busy machine slows all alike. What is held to a bound is a ratio of one run.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import sleep

import numpy as np
import psutil  # type: ignore[import-untyped]  # BentoML brings it

from experiments.benchmarks.goals import Goal, at_least, at_most, line
from experiments.benchmarks.hot_swap import as_vector
from experiments.benchmarks.servers import bare, mlflow, served, wait
from features.sources import opened
from features.usable import usable
from serving.bands import limits_of
from serving.bundle import bundle_at
from serving.cases import Cases
from serving.scorer import Scorer
from training.model import loaded

HERE = Path(__file__).parent
CONNECTIONS = (1, 8, 32)
REST, MOST_WAITING = 0.3, 200  # seconds between two looks at a server, and how many
ASKED = 200  # customers that are asked for in turn
BY_ID, VECTORS, PAGE, LOGGED = "score by id", "score vectors", "page", "score by id, logged"
MLFLOW, BARE = "mlflow models serve", "bare FastAPI by id"


@dataclass(frozen=True)
class Way:
    """One thing to ask of one server: its address, its process and what is asked."""

    name: str
    address: str
    process: int
    bodies: Path


@dataclass(frozen=True)
class Met:
    """What wrk met; times are milliseconds, the processor's of all of a server's processes."""

    way: str
    connections: int
    requests_a_second: float
    p50: float
    p99: float
    cpu_a_request: float
    failed: int


def main(arguments: list[str] | None = None) -> None:
    """Measure, print one line a goal, and write all figures to experiments/benchmarks/load.json."""
    parser = argparse.ArgumentParser(prog="experiments.benchmarks.load", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a demo's folder")
    parser.add_argument("--seconds", type=int, default=4, help="of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is taken")
    asked = parser.parse_args(arguments)
    for goal in rows(asked.home, asked.seconds, asked.rounds):
        sys.stdout.write(line(goal))


def rows(home: Path | None = None, seconds: int = 4, rounds: int = 3) -> Iterator[Goal]:
    """The goals over HTTP, of a home that has been scored; all figures go into load.json.

    Without a home it is CHURN_HOME's or `demo`, and nothing is measured where that is not there.
    """
    home = (home or Path(os.environ.get("CHURN_HOME", "demo"))).resolve()
    if not (home / "scores").exists():
        sys.stderr.write(f"{home} has no scores: `make demo` makes some. Left out: load.\n")
        return
    with TemporaryDirectory() as folder:
        met = measured(home, Path(folder), seconds, rounds)
    goals = list(judged(met))
    said = {"goals": [asdict(goal) for goal in goals], "met": [asdict(each) for each in met]}
    (HERE / "load.json").write_text(json.dumps(said, indent=1) + "\n")
    yield from goals


def measured(home: Path, folder: Path, seconds: int, rounds: int) -> list[Met]:
    """Every way at every number of connections: the medians of some rounds, taken in turn."""
    with ExitStack() as running:
        ways = list(_ways(home, folder, running))
        for way in ways:
            _load(way, 8, 2)  # warm
        plan = [(way, many) for _ in range(rounds) for many in CONNECTIONS for way in ways]
        taken = [_load(way, many, seconds) for way, many in plan]
    return [_middle(taken, way.name, many) for way in ways for many in CONNECTIONS]


def judged(met: Sequence[Met]) -> Iterator[Goal]:
    """The goals, by ratios of this run."""
    at = {(each.way, each.connections): each for each in met}
    ours, theirs, bare = at[BY_ID, 8], at[MLFLOW, 8], at[BARE, 8]
    rates = f"{ours.requests_a_second:.0f} and {theirs.requests_a_second:.0f} a second at 8"
    faster = ours.requests_a_second / theirs.requests_a_second
    yield at_least("throughput by id with reasons over mlflow models serve's", faster, 8, rates)
    yield at_most("p99 in ms at 8 connections, by id with reasons", ours.p99, 50, "one worker")
    cpu = f"{ours.cpu_a_request:.2f} and {bare.cpu_a_request:.2f} ms at 8"
    dearer = ours.cpu_a_request / bare.cpu_a_request
    yield at_most("processor a request by id over a bare FastAPI app's", dearer, 2.5, cpu)
    logged = at[LOGGED, 8].requests_a_second / ours.requests_a_second
    yield at_least("throughput by id with the prediction log over without", logged, 0.8, "at 8")
    failed = sum(each.failed for each in met)
    yield at_most("requests that failed", failed, 0, f"of all {len(met)} measurements' medians")


def _ways(home: Path, folder: Path, running: ExitStack) -> Iterator[Way]:
    cases, as_of, names = _customers(home)
    ids = [person.customer_id for person in cases.people]
    vectors = [as_vector(cases, row) for row in range(len(ids))]
    by_id = _bodies(folder / "by_id", [{"customer_ids": [each]} for each in ids])
    made = [{"vectors": [each], "as_of": as_of} for each in vectors]
    by_vector = _bodies(folder / "vectors", made)
    pages = _bodies(
        folder / "pages", ["/", "/?page=2", *(f"/customers/{each}" for each in ids[:8])]
    )
    begun = (
        served(home, {}),
        served(home, {}),
        served(home, {"CHURN_PREDICTION_LOG": str(folder / "log")}),
    )
    servers = [running.enter_context(each) for each in (*begun, bare(home), mlflow(home))]
    for server in servers:
        wait(server.address + server.ready)
    plain, other, logging, minimal, pyfunc = servers
    split = _bodies(folder / "mlflow", _split(vectors, names))
    yield Way(BY_ID, f"{plain.address}/score", plain.process, by_id)
    yield Way(LOGGED, f"{logging.address}/score", logging.process, by_id)
    yield Way(BARE, f"{minimal.address}/score", minimal.process, by_id)
    yield Way(MLFLOW, f"{pyfunc.address}/invocations", pyfunc.process, split)
    yield Way(VECTORS, f"{other.address}/score_vectors", other.process, by_vector)
    yield Way(PAGE, other.address, other.process, pages)


def _customers(home: Path) -> tuple[Cases, str, Sequence[str]]:
    """Some who can be scored, the date, and the names of the model's features."""
    model = loaded(bundle_at(home / "bundle"))
    history = usable(opened(str(home / "history")))[0]
    scorer = Scorer(model, history, limits_of(model.about), lambda: datetime.now(UTC))
    as_of = scorer.next_as_of()
    cases = scorer.everyone(as_of).cases
    sure = [row for row, person in enumerate(cases.people) if not person.insufficient]
    return cases.where(np.array(sure[:ASKED])), str(as_of), model.features.names


def _split(vectors: Sequence[Mapping[str, object]], names: Sequence[str]) -> list[object]:
    """The same vectors as MLflow's scoring protocol has them."""
    told = [dict(each["values"]) for each in vectors]  # type: ignore[call-overload]
    return [
        {"dataframe_split": {"columns": list(names), "data": [[v[name] for name in names]]}}
        for v in told
    ]


def _bodies(file: Path, bodies: Sequence[object]) -> Path:
    lines = (each if isinstance(each, str) else json.dumps(each) for each in bodies)
    file.write_text("".join(f"{each}\n" for each in lines))
    return file


def _load(way: Way, connections: int, seconds: int) -> Met:
    before = _at_rest(way.process)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    said = subprocess.run(
        [*command, "-s", HERE / "load.lua", way.address],
        env=os.environ | {"BODIES": str(way.bodies)},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(said.stdout.splitlines()[-1])
    requests = max(told["requests"], 1)
    cpu = (_at_rest(way.process) - before) / requests * 1e3
    rate = requests / told["seconds"]
    return Met(way.name, connections, rate, told["p50"], told["p99"], cpu, told["failed"])


def _middle(taken: Sequence[Met], way: str, connections: int) -> Met:
    mine = [each for each in taken if (each.way, each.connections) == (way, connections)]
    rate, p50, p99, cpu = (
        round(median(getattr(each, name) for each in mine), 3)
        for name in ("requests_a_second", "p50", "p99", "cpu_a_request")
    )
    return Met(way, connections, rate, p50, p99, cpu, sum(each.failed for each in mine))


def _at_rest(process: int) -> float:
    """The same, once the server has done what was still waiting when wrk stopped asking."""
    used = _processor(process)
    for _ in range(MOST_WAITING):
        sleep(REST)
        now = _processor(process)
        if now - used < REST / 10:
            return now
        used = now
    raise TimeoutError(f"process {process} is still busy {MOST_WAITING * REST:.0f} s later")


def _processor(process: int) -> float:
    """Seconds of the processor that a server and all its children have used."""
    found = psutil.Process(process)
    each = [one.cpu_times() for one in (found, *found.children(recursive=True))]
    return float(sum(times.user + times.system for times in each))


if __name__ == "__main__":
    main()
