"""Traces reach a collector, of the requests for scores alone, and name no customer."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from features.errors import UnknownCustomer
from serving.scorer import Scorer
from serving.tracing import tracing_of
from tests.serving.company import AS_OF
from tests.serving.server import free_port, served

KEPT = InMemorySpanExporter()
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="session")
def _provided() -> None:
    """This process sends its traces into memory; OpenTelemetry takes a provider once."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(KEPT))
    trace.set_tracer_provider(provider)


@pytest.fixture
def spans(_provided: None) -> InMemorySpanExporter:
    """What was traced in this process since the test began."""
    KEPT.clear()
    return KEPT


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """What takes OTLP over HTTP, and what it was sent."""
    sent: list[bytes] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *said: object) -> None:
            """Quietly."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    thread = Thread(target=listening.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}/v1/traces", sent
    listening.shutdown()
    thread.join()
    listening.server_close()


def spans_in(sent: list[bytes]) -> list[Span]:
    """All spans that were sent."""
    return [
        span
        for each in map(ExportTraceServiceRequest.FromString, sent)
        for resource in each.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def said_of(span: Span) -> dict[str, str]:
    return {each.key: each.value.string_value for each in span.attributes}


def test_scores_leave_a_trace_that_is_the_callers_and_names_nobody(
    home: Path, tmp_path: Path, collector: tuple[str, list[bytes]]
):
    address, sent = collector
    port = free_port()
    settings = {"CHURN_HOME": str(home), "CHURN_TRACES_TO": address, "CHURN_TRACED_SHARE": "1"}
    with served(["churn", "serve", "--port", str(port)], port, tmp_path / "on", settings) as server:
        headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "User-Agent": "Kim's laptop"}
        asked = {"customer_ids": ["c117"], "as_of": str(AS_OF)}
        answer = server.client.post("/score?for=Kim", json=asked, headers=headers)
        assert answer.status_code == 200
        unknown = {"customer_id": "nobody-c118", "as_of": str(AS_OF)}
        assert server.client.post("/explain", json=unknown, headers=headers).status_code == 404
        server.client.get("/customers/c117")
        server.client.get("/", params={"search": "Firm 117"})
    spans = spans_in(sent)
    [load] = [span for span in spans if span.name == "load"]
    mine = [span for span in spans if span is not load]
    assert {span.trace_id.hex() for span in mine} == {TRACE}
    assert {"read", "score", "explain"} <= {span.name for span in mine}
    [whole] = [span for span in mine if span.name == "POST /score"]
    assert said_of(whole)["churn.request_id"] == answer.headers["x-request-id"]
    assert said_of(whole)["http.url"] == "/score"
    for word in (b"c117", b"c118", b"Firm", b"search", b"Kim"):
        assert word not in b"".join(sent)


def test_the_steps_of_an_answer_lie_within_its_trace(spans: InMemorySpanExporter, scorer: Scorer):
    with trace.get_tracer("test").start_as_current_span("the request"):
        scorer.score(["c001", "c002"], AS_OF)
    found = {span.name: span for span in spans.get_finished_spans()}
    assert set(found) == {"the request", "read kept", "read", "score", "explain"}
    whole = found["the request"].context
    assert all(found[name].parent == whole for name in ("read", "score", "explain"))
    assert found["read"].attributes == {"customers": 2}


def test_what_no_trace_is_sent_of_has_no_steps(spans: InMemorySpanExporter, scorer: Scorer):
    scorer.score(["c001"], AS_OF)
    assert spans.get_finished_spans() == ()


def test_an_error_is_no_part_of_a_trace(spans: InMemorySpanExporter, scorer: Scorer):
    with (
        pytest.raises(UnknownCustomer),
        trace.get_tracer("test").start_as_current_span("asked", record_exception=False),
    ):
        scorer.score(["nobody"], AS_OF)
    [read] = [span for span in spans.get_finished_spans() if span.name == "read"]
    assert read.events == ()
    assert "nobody" not in read.to_json()


def test_without_an_endpoint_nothing_is_traced():
    assert tracing_of(None, 1.0) == {"sample_rate": 0.0, "excluded_urls": ["^"]}
