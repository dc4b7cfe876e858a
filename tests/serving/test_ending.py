"""A service that is told to end: what is under way is finished or refused, and it is gone."""

import json
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import httpx
import ibis
import psycopg
import pyarrow.parquet as pq
import pytest

from tests.features import postgres
from tests.serving.company import AS_OF
from tests.serving.server import Server, free_port, served

GRACE = 2.0
SLACK = 12.0  # seconds for a process to come to its end on a busy machine
ASKED = {"customer_ids": ["c002"], "as_of": str(AS_OF)}


def serving(home: Path, folder: Path, **settings: str) -> Iterator[Server]:
    """`churn serve` with little grace."""
    port = free_port()
    given = {"CHURN_HOME": str(home), "CHURN_GRACE_SECONDS": str(GRACE)} | settings
    with served(["churn", "serve", "--port", str(port)], port, folder, given) as server:
        yield server


@pytest.fixture
def server(home: Path, tmp_path: Path) -> Iterator[Server]:
    yield from serving(home, tmp_path)


@pytest.fixture
def patient(home: Path, tmp_path: Path) -> Iterator[Server]:
    yield from serving(home, tmp_path, CHURN_GRACE_SECONDS="60")


@pytest.fixture
def locked(home: Path, tmp_path: Path) -> Iterator[tuple[Server, "psycopg.Connection[object]"]]:
    """A service whose history is in PostgreSQL, and a connection that can lock a table there."""
    try:
        with postgres.served() as url:
            written = ibis.connect(url)
            for file in (home / "history").glob("*.parquet"):
                written.create_table(file.stem, pq.read_table(file))
            written.disconnect()
            with psycopg.connect(url) as locking:
                # Ibis reads PostgreSQL by pandas, which comes with the extra `postgres`.
                for server in serving(home, tmp_path, CHURN_HISTORY=url, NEEDED="pandas"):
                    yield server, locking
    except postgres.Unavailable as why:
        pytest.skip(f"no PostgreSQL: {why}")


def ended(server: Server) -> float:
    """Tells the service to end; returns after how many seconds it was gone."""
    began = monotonic()
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(60)
    return monotonic() - began


def answers(address: str) -> list[int]:
    """Statuses of one request after another, until nobody listens; 0 for none."""
    statuses = []
    with httpx.Client(base_url=address, timeout=60) as client:
        while True:
            try:
                statuses.append(client.post("/score", json=ASKED).status_code)
            except httpx.ConnectError:
                return statuses
            except httpx.TransportError:  # a connection that was kept, and closed meanwhile
                statuses.append(0)


def test_under_load_whoever_was_heard_is_answered_and_then_it_ends(patient: Server) -> None:
    address = str(patient.client.base_url)
    with ThreadPoolExecutor(8) as clients:
        asked = [clients.submit(answers, address) for _ in range(8)]
        assert patient.logs('"status": 200')
        assert ended(patient) < 60
        told = [status for one in asked for status in one.result()]
    assert told.count(200) > 0
    assert set(told) <= {200, 0}
    assert told.count(0) <= 8


def test_what_does_not_come_to_an_end_in_the_grace_is_refused_as_such(server: Server) -> None:
    where = ("127.0.0.1", server.client.base_url.port)
    with socket.create_connection(where, timeout=60) as half:
        half.sendall(
            b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        )
        half.sendall(b"Content-Length: 99\r\n\r\n{")
        assert server.client.get("/health").status_code == 200
        seconds = ended(server)
        said = half.makefile("rb").read().decode()
    assert said.startswith("HTTP/1.1 503 ")
    assert '"error":"Ending"' in said
    assert "x-request-id" in said.lower()
    assert GRACE <= seconds < GRACE + SLACK
    assert not any("Traceback" in line or '"fault"' in line for line in server.log)


def test_a_caller_who_takes_no_answer_keeps_it_no_longer_than_twice_the_grace(
    server: Server,
) -> None:
    where = ("127.0.0.1", server.client.base_url.port)
    body = json.dumps(ASKED | {"customer_ids": ["c002"] * 1000}).encode()
    head = b"POST /score?lang=th HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    asked = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with socket.create_connection(where) as deaf:
        deaf.sendall(asked * 5)  # more than the system takes for a caller
        assert server.logs('"status": 200')
        seconds = ended(server)
    assert 2 * GRACE <= seconds < 2 * GRACE + SLACK
    assert server.logs("somebody does not take an answer")


def test_a_data_base_that_does_not_answer_keeps_it_no_longer_than_the_grace(
    locked: tuple[Server, "psycopg.Connection[object]"],
) -> None:
    server, locking = locked
    first = server.client.post("/score", json=ASKED)
    assert first.status_code == 200, first.text
    locking.execute("LOCK TABLE usage IN ACCESS EXCLUSIVE MODE")
    with ThreadPoolExecutor(3) as clients:
        asked = [clients.submit(server.client.post, "/score", json=ASKED) for _ in range(3)]
        with psycopg.connect(locking.info.dsn) as watching:
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            while watching.execute(waiting).fetchone() == (0,):
                watching.rollback()
        seconds = ended(server)
        assert [one.result().status_code for one in asked] == [503, 503, 503]
    assert GRACE <= seconds < GRACE + SLACK
