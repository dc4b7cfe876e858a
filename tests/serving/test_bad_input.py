"""Whatever is sent, the answer is one that the service's own description knows, and no fault."""

import json
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

EXAMPLES = 25
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
READS = ("/features", "/model_card", "/health")
PATHS = ("/score", "/score_tables", "/score_vectors", "/explain", *READS)
TRAVERSALS = ("../../etc/passwd", "..%2f..%2fetc", "/etc/passwd", "a/../b", "C:\\x")
INJECTIONS = ("' OR 1=1 --", "x'; DROP TABLE customers; --", "{{7*7}}", "${7*7}", "<script>")
ODD = ("\u202egnp", "ﷺ" * 20, "😀", "ÅÅ", " ", "null", "NaN")


@pytest.fixture(scope="session")
def described(client: httpx.Client) -> Any:
    return schemathesis.openapi.from_dict(client.get("/docs.json").json())


@pytest.mark.parametrize("path", PATHS)
def test_made_up_requests_meet_no_fault_and_no_answer_that_is_not_described(
    client: httpx.Client, described: Any, path: str
):
    operation = described[path]["GET" if path in READS else "POST"]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def holds(case: Any) -> None:
        answer = case.call(base_url=str(client.base_url))
        case.validate_response(answer, checks=CHECKS)

    holds()


@pytest.mark.parametrize("id_", [*TRAVERSALS, *INJECTIONS, *ODD])
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
