"""Who may ask for what: a key, a token or a session at the door, roles, and a limit."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from math import ceil
from time import time
from urllib.parse import quote, urlsplit

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.keys import Caller, Keys, Role
from serving.schemas import Problem
from serving.sessions import session_of
from serving.tokens import Refused, Tokens

log = logging.getLogger(__name__)

OPEN = ("/livez", "/readyz", "/login")
SCORING = ("/score", "/score_tables", "/score_vectors", "/explain")
ADMIN = ("/reload",)
TOLD = ("/features", "/model_card", "/health", "/docs.json", "/schema.json", "/logout", "/metrics")
SAFE = ("GET", "HEAD", "OPTIONS")
WRONG_A_MINUTE = 20  # wrong keys from one address, before it has to wait
HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Rules:
    """What is asked of callers: a key, or an issuer's token; and the limit in a minute, if any."""

    keys: Keys
    a_minute: int | None = None
    tokens: Tokens | None = None

    @property
    def are_open(self) -> bool:
        """Nobody needs a key: only this machine is answered then."""
        return not (self.keys.are_there or self.tokens)


def may(roles: Collection[Role], path: str) -> bool:
    """Whether roles reach an address: scores are for programs, pages for people."""
    if Role.ADMIN in roles:
        return True
    if path in TOLD:
        return bool(roles)
    if path in ADMIN:
        return False
    return (Role.SCORE if path in SCORING else Role.READ) in roles


def is_this_machine(host: str) -> bool:
    """Whether an address to listen on, or to be asked from, is this machine's own."""
    if host in HERE:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Access:
    """ASGI middleware: lets a request in, or answers 401, 403 or 429 instead."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app, self.rules = app, rules
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on to whom it may reach."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        answer = await self._refused(scope)
        await (answer or self.app)(scope, receive, send)

    async def _refused(self, scope: Scope) -> Response | None:
        request = Request(scope)
        path = scope["path"]
        if self.rules.are_open:
            return None if _asks_itself(request) else _only_here()
        if path in OPEN or path.startswith("/static/"):
            return _foreign(request) if path == "/login" else None
        address = request.client.host if request.client else ""
        shown = _bearer(request.headers)
        caller = await self._bearer_of(shown) if shown else session_of(request, self.rules.keys)
        if not isinstance(caller, Caller):
            return self._unknown(request, address, caller)
        scope["caller"] = caller
        return self._allowed(caller, request, by_cookie=not shown)

    async def _bearer_of(self, shown: str) -> Caller | Refused:
        """Whose key or token it is; a token has two dots, and no key has one."""
        if self.rules.tokens and shown.count(".") == 2:
            return await self.rules.tokens.caller(shown)
        return self.rules.keys.caller(shown) or Refused("The key is none of ours.")

    def _unknown(self, request: Request, address: str, shown: Refused | None) -> Response:
        if shown and (wait := self._waits(f"wrong {address}", WRONG_A_MINUTE)):
            return _too_often(wait)
        wants_page = "text/html" in request.headers.get("accept", "")
        if request.method == "GET" and wants_page and not shown:
            return RedirectResponse(f"/login?next={quote(request.url.path, safe='')}", 303)
        return _problem(
            HTTPStatus.UNAUTHORIZED,
            shown.why if shown else "A key is needed.",
            "Send it as `Authorization: Bearer KEY`; `churn keys add` makes one.",
            {"WWW-Authenticate": 'Bearer error="invalid_token"' if shown else "Bearer"},
        )

    def _allowed(self, caller: Caller, request: Request, by_cookie: bool) -> Response | None:
        path = request.url.path
        if not may(caller.roles, path):
            held = ", ".join(sorted(caller.roles))
            return _problem(
                HTTPStatus.FORBIDDEN,
                f"The role {held} may not ask for this." if held else "This gives no role here.",
                "Use a key of another role: score for scores, read for the pages, admin for all.",
                {"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
            )
        # A proxy that logs people in adds their token to whatever their browser was made to send.
        if (by_cookie or path not in SCORING) and (foreign := _foreign(request)):
            return foreign
        limit = self.rules.a_minute
        wait = self._waits(f"key {caller.id}", limit) if limit else 0
        return _too_often(wait) if wait else None

    def _waits(self, who: str, limit: int) -> int:
        """Seconds to wait; 0 if this one is still within the limit."""
        allowed = RateLimitItemPerMinute(limit)
        if self._limiter.hit(allowed, who):
            return 0
        return max(ceil(self._limiter.get_window_stats(allowed, who).reset_time - time()), 1)


def _bearer(headers: Mapping[str, str]) -> str:
    kind, _, shown = headers.get("authorization", "").partition(" ")
    return shown.strip() if kind.lower() == "bearer" else ""


def _asks_itself(request: Request) -> bool:
    """Asked from this machine, by this machine's name and through no proxy.

    A page elsewhere can make a browser ask 127.0.0.1 under a name of its own (DNS rebinding).
    """
    headers: Headers = request.headers
    proxied = "x-forwarded-for" in headers or "forwarded" in headers
    client = request.client.host if request.client else ""
    named = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    return is_this_machine(client) and is_this_machine(named) and not proxied


def _foreign(request: Request) -> Response | None:
    """Refuses what another site's page makes a browser send with our cookie."""
    if request.method in SAFE:
        return None
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site:
        own = site in ("same-origin", "none")
    else:
        own = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    return (
        None
        if own
        else _problem(
            HTTPStatus.FORBIDDEN,
            "Another site's page sent this.",
            "Open the pages here and try again.",
        )
    )


def _only_here() -> Response:
    return _problem(
        HTTPStatus.FORBIDDEN,
        "No key is configured, so only the machine itself is answered.",
        "Whoever runs the service makes a key with `churn keys add`.",
    )


def _too_often(wait: int) -> Response:
    return _problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests.",
        f"Ask again in {wait} seconds.",
        {"Retry-After": str(wait)},
    )


def _problem(
    status: HTTPStatus, detail: str, do: str, headers: Mapping[str, str] | None = None
) -> Response:
    name = "".join(word.title() for word in status.phrase.split())
    said = Problem(error=name, detail=detail, do=do)
    return JSONResponse(said.model_dump(), status, dict(headers or {}))
