"""Answers to requests that cannot be met: one JSON object that says what to send instead."""

import json
import logging
from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.errors import ChurnError, ModelMissing, SourceError, UnknownCustomer
from serving.schemas import Problem

Method = TypeVar("Method", bound=Callable[..., Any])
LARGEST = 32 * 1024 * 1024  # bytes of a request's body
MOST_FAULTS = 5
FAULTS_LOGGED_BY = "bentoml._internal.server.http_app"
REPHRASED = ("application/json", "text/plain")  # a page's own errors are pages

EXAMPLES = {
    "/score": {"customer_ids": ["C00001"], "as_of": "2026-11-01"},
    "/explain": {"customer_id": "C00001", "as_of": "2026-11-01"},
    "/score_tables": {
        "tables": {"customers": [{"customer_id": "C00001", "created_at": "2025-01-15"}]},
        "as_of": "2026-11-01",
    },
    "/score_vectors": {"vectors": [{"customer_id": "C00001", "values": {"events_28d": 41}}]},
}
STATUS: Mapping[type[ChurnError], HTTPStatus] = {
    UnknownCustomer: HTTPStatus.NOT_FOUND,
    ModelMissing: HTTPStatus.SERVICE_UNAVAILABLE,
}
DO: Mapping[type[ChurnError], str] = {
    UnknownCustomer: "Send ids of customers who had signed up before as_of, spelt as in the table "
    "customers; or send their rows to /score_tables.",
    SourceError: "Send rows to /score_tables or vectors to /score_vectors; whoever runs the "
    "service sets CHURN_HISTORY.",
    ModelMissing: "Try again when whoever runs the service has trained and published a model.",
}
DOCS = "/docs.json describes every field."


def answered(method: Method) -> Method:
    """An API method that answers with a body, and whose named errors become Problems.

    BentoML would validate an answer again, make objects of it twice, and JSON of those.
    """
    written = TypeAdapter(method.__annotations__["return"]).dump_json

    def body(said: object) -> Response:
        return Response(written(said), media_type="application/json")

    @wraps(method)
    def answering(*given: Any, **named: Any) -> Response:
        try:
            return body(method(*given, **named))
        except ChurnError as error:
            return refused(error)

    @wraps(method)
    async def answering_later(*given: Any, **named: Any) -> Response:
        try:
            return body(await method(*given, **named))
        except ChurnError as error:
            return refused(error)

    return cast("Method", answering_later if iscoroutinefunction(method) else answering)


def refused(error: ChurnError) -> JSONResponse:
    """An error as an answer."""
    kind = type(error)
    do = DO.get(kind, f"Send what /features and docs/data-contract.md describe; {DOCS}")
    said = Problem(error=kind.__name__, detail=" ".join(str(error).split()), do=do)
    status = STATUS.get(kind, HTTPStatus.UNPROCESSABLE_ENTITY)
    return JSONResponse(said.model_dump(), status)


def problem_of(status: int, path: str, body: bytes) -> Problem:
    """What somebody else's error answer says, in our words."""
    said = _object(body)
    if said.keys() == Problem.model_fields.keys():
        return Problem(**said)
    kind = HTTPStatus(status)
    if kind is HTTPStatus.BAD_REQUEST:
        return Problem(error="InvalidInput", detail=_faults(said), do=_example(path))
    if kind in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        asked = ", ".join(EXAMPLES)
        do = f"POST JSON to {asked}; GET /features, /model_card, /health; or open / in a browser."
        return Problem(error=_name(kind), detail=f"{kind.phrase}: {path}", do=do)
    if kind is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        do = f"Send fewer customers at once: at most {LARGEST // 1024**2} MB."
        return Problem(error=_name(kind), detail="The body is too large.", do=do)
    detail = str(said.get("error") or kind.phrase)
    return Problem(error=_name(kind), detail=detail, do="Try again; the server's log says more.")


class Problems:
    """ASGI middleware: every error answer is a Problem, and no body is larger than LARGEST."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and its answer back, rephrased where it is an error."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        answer = _Answer(scope["path"], send)
        if int(Headers(scope=scope).get("content-length") or 0) > LARGEST:
            return await answer.problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return await self.app(scope, answer.limited(receive), answer.send)


class WithoutInputs(logging.Filter):
    """Keeps what callers sent, which may be about people, out of the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Says which fields are wrong instead of the traceback with their values."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, ValidationError):
            fields = {".".join(map(str, fault["loc"])) for fault in error.errors()}
            _without_traceback(record, f"invalid input in {', '.join(sorted(fields))}")
        elif isinstance(error, ClientDisconnect):
            _without_traceback(record, "the client went away, or sent too much")
        return True


class _Answer:
    """Holds an error's answer back until all of it is there."""

    def __init__(self, path: str, send: Send) -> None:
        self._path, self._send = path, send
        self._held: Message | None = None
        self._body = b""
        self._taken = 0

    def limited(self, receive: Receive) -> Receive:
        """Receives no more than LARGEST, also from who does not say how much it will be."""

        async def receiving() -> Message:
            message = await receive()
            self._taken += len(message.get("body", b""))
            if self._taken > LARGEST:
                raise ClientDisconnect
            return message

        return receiving

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _rephrased(message):
            self._held = message
        elif self._held is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self.problem(self._held["status"])

    async def problem(self, status: int) -> None:
        """Sends what is wrong, instead of what was held back."""
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if self._taken > LARGEST else status
        said = problem_of(status, self._path, self._body)
        answer = JSONResponse(said.model_dump(), status)
        await answer({"type": "http"}, _nothing, self._send)


def _without_traceback(record: logging.LogRecord, why: str) -> None:
    record.msg, record.args = "%s: %s", (record.getMessage(), why)
    record.exc_info, record.exc_text = None, None
    record.levelno, record.levelname = logging.WARNING, "WARNING"


def _rephrased(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "text/plain")
    return start["status"] >= HTTPStatus.BAD_REQUEST and kind.startswith(REPHRASED)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body or b"{}")
    except ValueError:
        return {}
    said = said[0] if isinstance(said, list) and said else said
    return said if isinstance(said, dict) else {}


def _faults(said: Mapping[str, Any]) -> str:
    """The first faults that validation found, by field."""
    found = said.get("detail")
    if not isinstance(found, list):
        return str(said.get("error") or "The body cannot be read.")
    told = [f"{'.'.join(map(str, f['loc'])) or 'body'}: {f['msg']}" for f in found[:MOST_FAULTS]]
    more = len(found) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more else "")


def _example(path: str) -> str:
    if path in EXAMPLES:
        return f"Send, for example, {json.dumps(EXAMPLES[path])}; {DOCS}"
    return DOCS


def _name(kind: HTTPStatus) -> str:
    return "".join(word.title() for word in kind.phrase.split())
