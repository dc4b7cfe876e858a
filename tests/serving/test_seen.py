"""What an operator sees from outside: counts by route, one line a request, and nobody's data."""

import json
import re
from pathlib import Path
from shutil import copytree

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.routing import Route

from features.sources import opened
from features.sources.reachable import is_reachable
from serving.board import Board
from serving.seen import route_of
from serving.web import pages
from tests.serving.company import AS_OF
from tests.serving.server import Server, free_port, served

DATE = str(AS_OF)
CUSTOMER, NAME, EVENT = "c117", "Firm 117", "secret-event-of-theirs"


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/score", "/score"),
        ("/customers/c001", "/customers/*"),
        ("/customers/c001/printed", "/customers/*"),
        ("/static/pages.css", "/static/*"),
        ("/c001", "other"),
        ("/score/c001", "other"),
        ("//c001", "other"),
        ("c001", "other"),
    ],
)
def test_a_route_names_nobody(path: str, route: str):
    assert route_of(path) == route


def test_every_page_is_a_route_of_its_own(tmp_path: Path):
    paths = [route.path for route in pages(Board(tmp_path)).routes if isinstance(route, Route)]
    assert {path for path in paths if route_of(path) == "other"} == set()


@pytest.fixture(scope="module")
def workers(home: Path, tmp_path_factory: pytest.TempPathFactory):
    """The service with two workers, after requests of all kinds."""
    port, folder = free_port(), tmp_path_factory.mktemp("seen")
    settings = {"CHURN_HOME": str(home), "CHURN_WORKERS": "2", "CHURN_SCORES": str(folder / "s")}
    with served(["churn", "serve", "--port", str(port)], port, folder, settings) as server:
        for _ in range(20):
            with httpx.Client(base_url=server.client.base_url, timeout=60) as another:
                asked(another)
        yield server


def asked(client: httpx.Client) -> None:
    """One request of each kind, most of them with somebody's data in them."""
    body = {"customer_ids": [CUSTOMER], "as_of": DATE}
    assert client.post("/score", json=body).status_code == 200
    client.post("/score", json={"customer_ids": [NAME]})
    client.post("/score_tables", json={"tables": {"usage": [{"event": EVENT, "quantity": NAME}]}})
    client.post("/score", content=f'{{"customer_ids": "{NAME}'.encode())
    client.get(f"/customers/{CUSTOMER}")
    client.get("/", params={"search": NAME})
    client.get(f"/{CUSTOMER}/nowhere")


def measured(server: Server) -> dict[tuple[str, str], float]:
    """By name and labels, what the workers have counted together."""
    text = server.client.get("/metrics").text
    families = list(text_string_to_metric_families(text))
    return {
        (sample.name, ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_whichever_worker_is_asked_the_counts_are_of_all(workers: Server):
    for _ in range(4):
        found = measured(workers)
        assert found["churn_requests_total", "route=/score,status=200"] == 20
        assert found["churn_requests_total", "route=/customers/*,status=404"] == 20
        assert found["churn_requests_total", "route=other,status=404"] == 20
        assert found["churn_batch_customers_count", ""] == 20
    versions = {labels: n for (name, labels), n in found.items() if name == "churn_model_workers"}
    assert list(versions.values()) == [2]
    assert sum(n for (name, _), n in found.items() if name == "churn_scores_total") == 20
    assert sum(n for (name, _), n in found.items() if name == "churn_reasons_total") > 0
    assert found["churn_data_until_timestamp_seconds", "table=usage"] > 1.7e9
    assert found["churn_model_trained_timestamp_seconds", ""] > 1.7e9


@pytest.mark.parametrize(
    "asked",
    [
        "churn_requests_total",
        'churn_request_seconds_bucket{le="0.1",route="/score"}',
        'churn_request_seconds_bucket{le="0.1",route="/customers/*"}',
        'churn_scores_total{band="',
        'churn_reasons_total{theme="',
        'churn_model_workers{version="',
        "churn_model_trained_timestamp_seconds",
        "churn_model_looked_timestamp_seconds",
        'churn_data_until_timestamp_seconds{table="usage"}',
        "churn_batch_customers_bucket",
        "churn_requests_in_flight",
        "churn_waiting_predictions",
    ],
)
def test_what_an_operator_asks_for_is_told_by_several_workers(workers: Server, asked: str):
    assert asked in workers.client.get("/metrics").text


def test_no_metric_names_a_customer_or_grows_with_what_is_asked(workers: Server):
    before = measured(workers).keys()
    for n in range(5):
        workers.client.get(f"/somewhere-{n}")
        workers.client.get(f"/customers/somebody-{n}")
        workers.client.request(f"ODD{n}", "/score")
    after = measured(workers).keys()
    assert {labels for _, labels in after - before} <= {"route=/score,status=405"}
    assert CUSTOMER not in str(after)


def test_the_log_is_json_and_names_no_customer_and_nothing_that_was_sent(workers: Server):
    workers.client.get("/health", headers={"X-Request-Id": "the-last-one"})
    assert workers.logs('"the-last-one"')
    lines = [line for line in workers.log if line.startswith("{")]
    said = [json.loads(line) for line in lines]
    answered = [line for line in said if line["event"] == "answered"]
    assert {"route", "method", "status", "ms", "request_id", "timestamp"} <= answered[0].keys()
    assert {line["route"] for line in answered} >= {"/score", "/customers/*", "/", "other"}
    log = "".join(workers.log)
    for word in (CUSTOMER, NAME, EVENT, NAME.replace(" ", "%20"), NAME.replace(" ", "+")):
        assert word not in log
    assert "Traceback" not in log


def test_a_request_keeps_the_id_it_came_with_and_gets_one_otherwise(workers: Server):
    asked_with = workers.client.get("/health", headers={"X-Request-Id": "from-the-crm.1"})
    assert asked_with.headers["x-request-id"] == "from-the-crm.1"
    for odd in ("", "a b", "x" * 65, "{}"):
        given = workers.client.get("/health", headers={"X-Request-Id": odd})
        assert re.fullmatch("[0-9a-f]{32}", given.headers["x-request-id"])
    refused = workers.client.post("/score", json={}, headers={"X-Request-Id": "refused-1"})
    assert refused.headers["x-request-id"] == "refused-1"
    assert workers.logs('"refused-1"')


def test_a_history_whose_file_is_gone_cannot_be_reached(home: Path, tmp_path: Path):
    copytree(home / "history", tmp_path / "history")
    history = opened(str(tmp_path / "history"))
    assert is_reachable(history)
    (tmp_path / "history" / "customers.parquet").unlink()
    assert not is_reachable(history)
