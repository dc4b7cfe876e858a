"""What every fake CRM has: a token, a limit of requests, faults, and a server on the loopback."""

import json
import random
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.sinks.patience import Clock

TOKEN = "token-of-the-tests"
BEGUN = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@dataclass
class Time:
    """A clock that only sleeping moves, shared by a client and the fake it talks to."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    @property
    def clock(self) -> Clock:
        return Clock(
            now=lambda: self.seconds,
            sleep=self.sleep,
            today=lambda: BEGUN + timedelta(seconds=self.seconds),
            draw=lambda: 1.0,
        )


@dataclass
class Faults:
    """What goes wrong beside what the client does wrong: shares of requests, drawn by a seed."""

    fail: float = 0.0  # answered 5xx, nothing done
    drop_before: float = 0.0  # the connection breaks, nothing done
    drop_after: float = 0.0  # done, but the answer breaks off in its middle
    seed: int = 7
    at: Mapping[int, str] = field(default_factory=dict)  # by number of the request, from 1

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)

    def of(self, number: int) -> str:
        if number in self.at:
            return self.at[number]
        drawn = self.draw.random()
        for name in ("fail", "drop_before", "drop_after"):
            drawn -= getattr(self, name)
            if drawn < 0:
                return name
        return ""


@dataclass
class Window:
    """At most so many requests in a rolling window."""

    most: int
    seconds: float
    now: Callable[[], float]
    taken: deque[float] = field(default_factory=deque)

    def take(self) -> float:
        """0 if the request may pass; else the seconds until one may."""
        now = self.now()
        while self.taken and self.taken[0] <= now - self.seconds:
            self.taken.popleft()
        if len(self.taken) >= self.most:
            return self.taken[0] + self.seconds - now
        self.taken.append(now)
        return 0.0


@dataclass
class Crm:
    """A fake's traffic: what was asked, what it refused, and whether it still takes the token."""

    time: Time = field(default_factory=Time)
    faults: Faults = field(default_factory=Faults)
    token: str = TOKEN
    expires_after: int | None = None  # requests
    asked: list[str] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)  # how often each customer was written
    on_write: Callable[[int], None] = lambda _: None  # told how many requests wrote so far
    on_ask: Callable[[int], None] = lambda _: None  # told how many requests came so far
    writes: int = 0

    @property
    def expired(self) -> bool:
        return self.expires_after is not None and len(self.asked) > self.expires_after

    def wrote(self, customers: list[str]) -> None:
        self.written.update(customers)
        self.writes += 1


class Broken:
    """ASGI: passes requests on, and breaks some of them as the faults say."""

    def __init__(self, app: ASGIApp, crm: Crm) -> None:
        self.app, self.crm = app, crm

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        crm = self.crm
        crm.asked.append(f"{scope['method']} {scope['path']}")
        crm.on_ask(len(crm.asked))
        fault = crm.faults.of(len(crm.asked))
        if fault == "drop_before":  # a server that says nothing at all would answer 500
            broken = Held(200, [(b"content-length", b"100")], b'{"status"')
            await broken.pass_on(send, half=True)
            return
        if fault == "fail":
            await JSONResponse({"message": "internal error"}, 503)(scope, receive, send)
            return
        answer = Held()
        await self.app(scope, receive, answer.send)
        crm.refused[answer.status] += answer.status >= 400
        crm.on_write(crm.writes)
        await answer.pass_on(send, half=fault == "drop_after")


@dataclass
class Held:
    """An answer held back, to be passed on in whole or in half."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.body += message.get("body", b"")

    async def pass_on(self, send: Send, half: bool) -> None:
        start = {"type": "http.response.start", "status": self.status, "headers": self.headers}
        await send(start)
        body = self.body[: len(self.body) // 2] if half else self.body
        await send({"type": "http.response.body", "body": body, "more_body": half})


async def body_of(request: Request) -> Any:
    return json.loads(await request.body() or b"null")


def said(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(body, status, dict(headers or {}))


@contextmanager
def serving(app: ASGIApp, crm: Crm) -> Iterator[str]:
    """The address of a fake, served on the loopback until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        Broken(app, crm), log_config=None, log_level="critical", lifespan="off", ws="none"
    )
    server = uvicorn.Server(config)
    started = threading.Event()
    config_started = server.startup

    async def startup(sockets: list[socket.socket] | None = None) -> None:
        await config_started(sockets)
        started.set()

    server.startup = startup  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        assert started.wait(30)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
