"""Whatever is sent, the answer is one that the service's own description knows, and no fault."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
import schemathesis

from tests.serving.conftest import TRIED
from tests.serving.fuzzing import HOSTILE, PATHS, Tried, fuzz, is_described

CASES = int(os.environ.get("CHURN_TEST_CASES", "25"))


@pytest.fixture(scope="session")
def document(client: httpx.Client) -> dict[str, Any]:
    return dict(client.get("/docs.json").json())


@pytest.fixture(autouse=True)
def tried(
    client: httpx.Client, document: dict[str, Any], request: pytest.FixtureRequest
) -> Iterator[Tried]:
    """What was tried by all tests, said at the end; each of them adds to it."""
    told = request.config.stash.setdefault(TRIED, Tried())
    wrong = len(told.undocumented)

    def heard(answer: httpx.Response) -> None:
        told.heard(answer.status_code, is_described(document, answer), str(answer.request.url))

    client.event_hooks["response"].append(heard)
    yield told
    client.event_hooks["response"].remove(heard)
    assert told.undocumented[wrong:] == []
    assert told.faults == 0


@pytest.mark.parametrize("path", PATHS)
def test_made_up_requests_meet_no_fault_and_no_answer_that_is_not_described(
    client: httpx.Client, document: dict[str, Any], path: str, tried: Tried
):
    before = tried.statuses.total()
    fuzz(schemathesis.openapi.from_dict(document), path, str(client.base_url), CASES, tried)
    assert tried.statuses.total() > before


@contextmanager
def served_by(answer: tuple[int, str, bytes]) -> Iterator[str]:
    """A server that gives everybody the same answer."""

    class Same(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = answer
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Same) as server:
        Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def test_a_service_that_breaks_would_be_found_out(document: dict[str, Any]):
    told = Tried()
    with served_by((500, "application/json", b"{}")) as url:
        fuzz(schemathesis.openapi.from_dict(document), "/health", url, 1, told)
    with served_by((200, "text/html", b"hello")) as url:
        fuzz(schemathesis.openapi.from_dict(document), "/health", url, 1, told)
    assert (told.faults, len(told.undocumented)) == (1, 2)
    assert str(told) == "inputs tried: 2, 5xx: 1, undocumented answers: 2"


@pytest.mark.parametrize("id_", HOSTILE)
@pytest.mark.parametrize("path", ["/score", "/explain"])
def test_an_id_of_nobody_is_looked_up_and_nothing_else(client: httpx.Client, path: str, id_: str):
    body = {"customer_ids": [id_]} if path == "/score" else {"customer_id": id_}
    answer = client.post(path, json=body | {"as_of": "2026-11-01"})
    assert (answer.status_code, answer.json()["error"]) == (404, "UnknownCustomer"), answer.text


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/score", '{"customer_ids": ["c002"], "as_of": "9999-12-31"}', "as_of"),
        ("/score", '{"customer_ids": ["c002"], "as_of": "0001-01-01"}', "as_of"),
        ("/score", '{"customer_ids": ["c002"], "as_of": "2026-13-01"}', "as_of"),
        ("/score", '{"customer_ids": ["c002"], "as_of": 1e400}', "as_of"),
        ("/score", '{"customer_ids": [1]}', "customer_ids.0"),
        ("/score", '{"customer_ids": ["a\\u0000b"]}', "customer_ids.0"),
        ("/explain", '{"customer_id": "a\\nb"}', "customer_id"),
        ("/score", '{"customer_ids": [null]}', "customer_ids.0"),
        ("/score", '{"customer_ids": {"a": 1}}', "customer_ids"),
        ("/score", '{"customer_ids": ["c002"], "as_of": NaN}', "as_of"),
        ("/explain", '{"customer_id": ["c002"]}', "customer_id"),
        ("/explain", '{"customer_id": "c002", "as_of": "1500-01-01"}', "as_of"),
        (
            "/score_vectors",
            '{"vectors": [{"customer_id": "a", "values": {"mrr": NaN}}]}',
            "values.mrr",
        ),
        (
            "/score_vectors",
            '{"vectors": [{"customer_id": "a", "values": {"mrr": 1e999}}]}',
            "values.mrr",
        ),
        (
            "/score_vectors",
            '{"vectors": [{"customer_id": "a", "values": {"mrr": [1]}}]}',
            "values.mrr",
        ),
        ("/score_vectors", '{"vectors": [{"customer_id": "a", "values": "x"}]}', "values"),
        ("/score_tables", '{"tables": {"usage": [{"customer_id": "a"}]}}', "tables.usage.0.at"),
        ("/score_tables", '{"tables": {"usage": "x"}}', "tables.usage"),
        (
            "/score_tables",
            '{"tables": {"customers": [{"customer_id": "a\\u0000b", "created_at": "2025-01-01"}]}}',
            "tables.customers.0.customer_id",
        ),
        (
            "/score_tables",
            '{"tables": {"usage": [{"customer_id": "a", "at": "2025-01-01", "event": "\\u0000"}]}}',
            "tables.usage.0.event",
        ),
        ("/score_tables", '{"tables": {"subscriptions": [{"mrr": -Infinity}]}}', "0.mrr"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_the_fields_name(
    client: httpx.Client, path: str, body: str, field: str
):
    answer = client.post(path, content=body.encode(), headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.text
    assert field in answer.json()["detail"], answer.text


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1", b"\xff\xfe", b'{"customer_ids":["a"]', b"nonsense", b'"text"', b"[]", b"7"],
)
def test_what_is_no_json_object_is_told_so(client: httpx.Client, content: bytes):
    answer = client.post("/score", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidInput"), answer.text


@pytest.mark.parametrize("depth", [1_000, 200_000])
def test_what_is_nested_deeply_is_refused(client: httpx.Client, depth: int):
    nested = b"[" * depth + b"]" * depth
    body = b'{"customer_ids": ' + nested + b"}"
    answer = client.post("/score", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text


def test_an_id_asked_for_twice_is_answered_twice_and_alike(client: httpx.Client):
    body = {"customer_ids": ["c002", "c002"], "as_of": "2026-11-01"}
    one, other = client.post("/score", json=body).json()
    del one["scored_at"], other["scored_at"]
    assert json.dumps(one) == json.dumps(other)
