"""Every request is seen: it gets an id, is counted by its route, and leaves one line in the log."""

import logging
import re
from time import perf_counter
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.logs import REQUEST
from serving.metrics import IN_FLIGHT, LATENCY, REQUESTS
from serving.tracing import told_of_request

log = logging.getLogger("churn.requests")
ID = "X-Request-Id"
GIVEN = re.compile(r"[\w.:-]{1,64}")
PAGES = (
    "/", "/customers.csv", "/disagreement", "/disagreement.csv", "/disagreement.json", "/login",
    "/logout", "/model", "/monitor", "/treatments",
)  # fmt: skip
TOLD = ("/docs.json", "/features", "/health", "/model_card")
SCORING = ("/explain", "/score", "/score_tables", "/score_vectors")
RUNNING = ("/livez", "/metrics", "/readyz", "/reload")
ROUTES = frozenset((*PAGES, *TOLD, *SCORING, *RUNNING))
UNDER = ("customers", "static")  # what follows names a customer, or a file
QUIET = ("/livez", "/readyz", "/metrics")  # asked for every few seconds


class Seen:
    """ASGI middleware, the outermost: whatever is answered inside, also by a refusal, is seen."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and its answer back with the request's id."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        token, began, status = REQUEST.set(_id(scope)), perf_counter(), 500
        told_of_request(REQUEST.get(), route_of(scope["path"]))

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[ID] = REQUEST.get()
            await send(message)

        IN_FLIGHT.inc()
        try:
            await self.app(scope, receive, sending)
        finally:
            IN_FLIGHT.dec()
            _told(scope, status, perf_counter() - began)
            REQUEST.reset(token)


def route_of(path: str) -> str:
    """An address without what names anybody; what we do not serve is `other`."""
    if path in ROUTES:
        return path
    first = path.split("/")[1] if path.startswith("/") else ""
    return f"/{first}/*" if first in UNDER else "other"


def _id(scope: Scope) -> str:
    given = Headers(scope=scope).get(ID, "")
    return given if GIVEN.fullmatch(given) else uuid4().hex


def _told(scope: Scope, status: int, seconds: float) -> None:
    route = route_of(scope["path"])
    REQUESTS.labels(route, str(status)).inc()
    LATENCY.labels(route).observe(seconds)
    if route in QUIET:
        return
    caller = scope.get("caller")
    said = {
        "route": route,
        "method": scope["method"] if scope["method"] in ("GET", "POST", "HEAD") else "other",
        "status": status,
        "ms": round(seconds * 1e3, 1),
        "caller": caller.id if caller else None,
    }
    log.info("answered", extra=said)
