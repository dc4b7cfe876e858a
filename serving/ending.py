"""No request lasts for ever, and a process that is told to end does so in time."""

import asyncio
import logging
import os
import signal
from http import HTTPStatus
from threading import Timer
from types import FrameType
from typing import cast

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.schemas import Problem

log = logging.getLogger(__name__)
AGAIN = {"Retry-After": "5", "Connection": "close"}
TIMED_OUT = Problem(
    error="TimedOut",
    detail="It took too long, and was given up.",
    do="Ask for fewer customers at once, or again when fewer others ask.",
)
ENDING = Problem(
    error="Ending",
    detail="This process of the service was told to end before the answer was there.",
    do="Ask again: another one answers, or this one when it was started anew.",
)


class Ending:
    """ASGI middleware: refuses with 503 what is not answered in `longest` seconds.

    After SIGTERM or SIGINT what is under way has `grace` seconds; and after as many again the
    process is gone, whatever it waits for, such as a caller who does not read an answer.
    """

    def __init__(self, app: ASGIApp, longest: float, grace: float) -> None:
        self.app, self._longest, self._grace = app, longest, grace
        self._under_way: dict[asyncio.Task[None], Problem | None] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and its answer back, if it comes in time."""
        if scope["type"] == "lifespan":
            self._listen()
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        task, began = cast("asyncio.Task[None]", asyncio.current_task()), False

        async def sending(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        timer = asyncio.get_running_loop().call_later(self._longest, self._give_up, task, TIMED_OUT)
        self._under_way[task] = None
        try:
            await self.app(scope, receive, sending)
        except asyncio.CancelledError:
            why = self._under_way[task]
            if began or why is None:
                raise
            refusal = JSONResponse(why.model_dump(), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
            await refusal(scope, receive, send)
        finally:
            timer.cancel()
            del self._under_way[task]

    def _give_up(self, task: "asyncio.Task[None]", why: Problem) -> None:
        if task in self._under_way:
            self._under_way[task] = why
            task.cancel()

    def _listen(self) -> None:
        """Hears that the process is to end, before the server does, which only waits then."""
        loop = asyncio.get_running_loop()
        for told in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(told)

            def ending(number: int, frame: FrameType | None, before: object = before) -> None:
                loop.call_soon_threadsafe(self._begin, loop)
                if callable(before):
                    before(number, frame)

            signal.signal(told, ending)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        log.warning("told to end: %d requests have %g s", len(self._under_way), self._grace)
        last = Timer(2 * self._grace, _gone)
        last.daemon = True
        last.start()
        loop.call_later(self._grace, self._refuse_all)

    def _refuse_all(self) -> None:
        for task in list(self._under_way):
            self._give_up(task, ENDING)


def _gone() -> None:
    log.error("the process ends all the same: somebody does not take an answer, or a thread hangs")
    os._exit(1)
