"""The service over HTTP: a real process, started as an operator starts it."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

import churn
from features.tables import TABLES
from serving.keys import Role, add
from serving.schemas import Explanation, Health, ModelCard, Prediction, TablesScored
from serving.scorer import Scorer
from tests.serving.company import AS_OF
from tests.serving.server import Server

EXACT = 1e-9
DATE = str(AS_OF)
CUSTOMER = "c002"


@pytest.fixture(scope="module")
def expected(scorer: Scorer) -> Prediction:
    """What the service has to say of one customer."""
    return scorer.one(CUSTOMER, AS_OF)


def rows(home: Path, customer: str) -> dict[str, list[dict[str, Any]]]:
    """A customer's rows as JSON."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for file in sorted((home / "history").glob("*.parquet")):
        found = [r for r in pq.read_table(file).to_pylist() if r["customer_id"] == customer]
        known = [{k: v for k, v in row.items() if v is not None} for row in found]
        tables[file.stem] = json.loads(json.dumps(known, default=str))
    return tables


def same(told: Prediction, expected: Prediction) -> None:
    assert told.probability == pytest.approx(expected.probability, abs=EXACT)
    assert [reason.text for reason in told.reasons] == [reason.text for reason in expected.reasons]
    assert told.band == expected.band


def test_a_customer_is_scored_by_id_as_the_scorer_scores_it(
    client: httpx.Client, expected: Prediction
):
    answer = client.post("/score", json={"customer_ids": [CUSTOMER], "as_of": DATE})
    assert answer.status_code == 200, answer.text
    [told] = answer.json()
    same(Prediction.model_validate(told), expected)


def test_a_customer_is_scored_from_its_rows_alone(
    client: httpx.Client, home: Path, expected: Prediction
):
    answer = client.post("/score_tables", json={"tables": rows(home, CUSTOMER), "as_of": DATE})
    assert answer.status_code == 200, answer.text
    told = TablesScored.model_validate(answer.json())
    same(told.predictions[0], expected)
    assert told.set_aside == {}


def test_a_customer_is_scored_from_a_ready_vector(
    client: httpx.Client, scorer: Scorer, expected: Prediction
):
    columns = scorer.cases([CUSTOMER], AS_OF).columns
    values = {name: None if found[0] != found[0] else found[0] for name, found in columns.items()}
    vector = {"customer_id": CUSTOMER, "values": values}
    answer = client.post("/score_vectors", json={"vectors": [vector], "as_of": DATE})
    assert answer.status_code == 200, answer.text
    same(Prediction.model_validate(answer.json()[0]), expected)


def test_an_explanation_holds_every_feature(client: httpx.Client, expected: Prediction):
    answer = client.post("/explain", json={"customer_id": CUSTOMER, "as_of": DATE})
    told = Explanation.model_validate(answer.json())
    same(told.prediction, expected)
    assert {share.code for share in told.shares} >= {reason.code for reason in expected.reasons}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_the_model_is_can_be_read(client: httpx.Client, scorer: Scorer, method: str):
    listed = client.request(method, "/features").json()
    assert [feature["name"] for feature in listed] == scorer.model.features.names
    card = ModelCard.model_validate(client.request(method, "/model_card").json())
    assert (card.model_version, card.features) == (scorer.model.version, len(listed))
    health = Health.model_validate(client.request(method, "/health").json())
    assert (health.status, str(health.as_of)) == ("ok", "2026-11-02")


@pytest.mark.parametrize(
    ("path", "body", "status", "error", "detail"),
    [
        ("/score", {"customer_ids": [CUSTOMER, "nobody"]}, 404, "UnknownCustomer", "nobody"),
        ("/score", {"customer_ids": []}, 400, "InvalidInput", "at least 1 item"),
        ("/score", {"customer_ids": ["a"] * 1001}, 400, "InvalidInput", "at most 1000 items"),
        ("/score", {"customer_id": "a"}, 400, "InvalidInput", "customer_ids: Field required"),
        ("/score", {"customer_ids": ["a"], "asof": 1}, 400, "InvalidInput", "asof: Extra inputs"),
        ("/score", {"customer_ids": ["a"], "as_of": "soon"}, 400, "InvalidInput", "as_of: "),
        ("/score", [], 400, "InvalidInput", "should be an object"),
        ("/explain", {"customer_id": ""}, 400, "InvalidInput", "customer_id: "),
        ("/score_tables", {"tables": {}}, 422, "SourceError", "customers"),
        ("/score_tables", {"tables": {"use": []}}, 400, "InvalidInput", "tables.use: Extra inputs"),
        ("/score_vectors", {"vectors": []}, 400, "InvalidInput", "vectors: "),
        (
            "/score_vectors",
            {"vectors": [{"customer_id": "a", "values": {}}]},
            422,
            "ContractError",
            "The vector of a has no events_7d",
        ),
        ("/scores", {}, 404, "NotFound", "/scores"),
    ],
)
def test_a_request_that_cannot_be_met_is_told_what_to_send_instead(
    client: httpx.Client, path: str, body: Any, status: int, error: str, detail: str
):
    answer = client.post(path, json=body)
    said = answer.json()
    assert (answer.status_code, set(said)) == (status, {"error", "detail", "do"})
    assert said["error"] == error
    assert detail in said["detail"]
    assert "/docs.json" in said["do"] or "/score" in said["do"]


def test_a_body_that_is_no_json_or_too_large_is_an_answer_too(client: httpx.Client):
    broken = client.post("/score", content=b'{"customer_ids":')
    assert (broken.status_code, broken.json()["error"]) == (400, "InvalidInput")

    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 1024**2

    large = client.post("/score", content=endless())
    assert (large.status_code, large.json()["error"]) == (413, "RequestEntityTooLarge")
    asked = client.get("/score")
    assert (asked.status_code, asked.json()["error"]) == (405, "MethodNotAllowed")


def test_what_is_sent_wrongly_does_not_get_into_the_log(client: httpx.Client, server: Server):
    body = {"tables": {"customers": [{"customer_id": "Mrs-Secret", "born": "secret-day"}]}}
    assert client.post("/score_tables", json=body).status_code == 400
    assert client.post("/score", json={"customer_ids": ["Mr-Secret"]}).status_code == 404
    client.get("/health").raise_for_status()
    log = "".join(server.log).lower()
    assert "secret" not in log
    assert "traceback" not in log
    assert "tables.customers.0.born" in log


@pytest.fixture(scope="module")
def described(client: httpx.Client) -> dict[str, Any]:
    """The service's OpenAPI document."""
    document: dict[str, Any] = client.get("/docs.json").json()
    return document


def test_the_description_has_every_operation_with_our_errors(described: dict[str, Any]):
    assert described["openapi"] == "3.1.0"
    posts = {path for path, item in described["paths"].items() if "post" in item}
    assert posts == {"/score", "/score_tables", "/score_vectors", "/explain"}
    assert {"/features", "/model_card", "/health", "/livez"} < set(described["paths"])
    for path in posts:
        answers = described["paths"][path]["post"]["responses"]
        refused = {"400", "401", "403", "404", "413", "422", "429", "503"}
        assert answers.keys() == {"200"} | refused
        assert answers["404"]["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")


def test_the_description_refers_only_to_what_it_holds(described: dict[str, Any]):
    referred = set(re.findall('#/components/schemas/([^"]+)"', json.dumps(described)))
    assert "Prediction" in referred
    assert referred <= set(described["components"]["schemas"])


def test_the_examples_in_the_description_are_taken(client: httpx.Client, described: dict[str, Any]):
    for path, item in described["paths"].items():
        if "post" in item:
            example = item["post"]["requestBody"]["content"]["application/json"]["example"]
            answer = client.post(path, json=example)
            assert answer.status_code != 400, answer.text


def test_the_description_has_every_table_and_column_with_its_meaning(described: dict[str, Any]):
    for table in TABLES.values():
        row: Mapping[str, Any] = described["components"]["schemas"][f"{table.name.title()}Row"]
        assert list(row["properties"]) == list(table.names)
        assert row["required"] == list(table.required)
        assert all(said["description"] for said in row["properties"].values())


def test_the_pages_are_ours_and_load_nothing_from_outside(client: httpx.Client):
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]


def test_a_reload_names_the_model_that_answers(client: httpx.Client, scorer: Scorer):
    answer = client.post("/reload")
    assert (answer.status_code, answer.json()) == (200, {"model_version": scorer.model.version})


def test_a_key_is_asked_for_by_the_service_itself_once_there_is_one(
    client: httpx.Client, server: Server, home: Path
):
    assert "NO KEY IS CONFIGURED" in "".join(server.log)
    made = add(home / "keys.json", "a test", Role.SCORE, datetime.now(UTC))
    try:
        assert client.get("/health").status_code == 401
        allowed = {"Authorization": f"Bearer {made}"}
        assert client.get("/health", headers=allowed).status_code == 200
        sent = client.get("/", headers={"Accept": "text/html"})
        assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2F")
        assert client.get("/login").status_code == 200
    finally:
        (home / "keys.json").unlink()


def test_a_port_that_is_taken_is_named(
    server: Server,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    port = server.client.base_url.port
    monkeypatch.setenv("CHURN_HOME", str(home))
    with pytest.raises(SystemExit) as ended:
        churn.main(["serve", "--port", str(port)])
    assert ended.value.code == 2
    assert f"Cannot listen on 127.0.0.1:{port}: Address already in use" in capsys.readouterr().err


def test_without_a_model_nothing_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("CHURN_HOME", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        churn.main(["serve"])
    assert ended.value.code == 6
    assert "No model" in capsys.readouterr().err
