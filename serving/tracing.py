"""OpenTelemetry traces by BentoML's own means: where they go, what is in them and what is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from opentelemetry import trace

from features.errors import SettingsError

SCORING = "score|score_tables|score_vectors|explain"
# A trace keeps a request's whole address, and a page's names a customer or what was searched for.
ALL_BUT_SCORING = rf"^(?!https?://[^/]+/(?:{SCORING})$)"
EVERYTHING = "^"
# Who asks, and what they put behind the address: what is recorded of them is written over.
PERSONAL = ("client.address", "net.peer.ip", "http.user_agent", "user_agent.original", "url.query")
ADDRESSES = ("http.url", "http.target")
UNTOLD = "-"
TRACER = trace.get_tracer("churn")


def tracing_of(endpoint: str | None, share: float) -> dict[str, Any]:
    """BentoML's configuration: nothing without an endpoint, else OTLP over HTTP for a share.

    Without one BentoML would still make five spans a request, a fifth of what an answer costs.

    A request that comes with a trace of its own is traced as its caller decided.

    Raises:
        SettingsError: What sends traces is not installed.
    """
    if endpoint is None:
        return {"sample_rate": 0.0, "excluded_urls": [EVERYTHING]}
    if not _is_installed():
        raise SettingsError(
            "traces_to is set, but nothing here can send traces: install churn-prediction[tracing]."
        )
    return {
        "exporter_type": "otlp",
        "sample_rate": share,
        "excluded_urls": [ALL_BUT_SCORING],
        "otlp": {"protocol": "http", "endpoint": endpoint},
    }


@contextmanager
def span(name: str, alone: bool = False, **about: int) -> Iterator[None]:
    """A step of an answer, timed within its trace if that is sent; else it costs nothing.

    `alone` is for what no request asked for. An error is no part of it: its message may quote what
    was sent.
    """
    if not (alone or _is_sent()):
        yield
        return
    with TRACER.start_as_current_span(
        name, attributes=about, record_exception=False, set_status_on_exception=False
    ):
        yield


def told_of_request(request_id: str, route: str) -> None:
    """The trace of the request under way gets its id and its route, and loses who asked."""
    if _is_sent():
        said = {"churn.request_id": request_id, "http.route": route}
        hidden = dict.fromkeys(PERSONAL, UNTOLD) | dict.fromkeys(ADDRESSES, route)
        trace.get_current_span().set_attributes(said | hidden)


def _is_sent() -> bool:
    return trace.get_current_span().get_span_context().trace_flags.sampled


def _is_installed() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False
