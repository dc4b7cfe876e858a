"""Patience with a server: no more requests than it allows, and another try when it asks for one."""

import logging
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from features.errors import AccessRefused, SinkError

log = logging.getLogger(__name__)

TRIES = 8
LONGEST = 60.0  # seconds that one wait doubles up to
LONGEST_ASKED = 600.0  # a server that asks for more has closed for today
AGAIN = (408, 425, 429, 500, 502, 503, 504)
LIMITED = 429


@dataclass(frozen=True)
class Clock:
    """Time as a push knows it, in seconds; `draw` spreads waits, so that clients do not march."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    today: Callable[[], datetime] = lambda: datetime.now(UTC)
    draw: Callable[[], float] = random.random


@dataclass(frozen=True)
class Answer:
    """A server's answer; `body` is its JSON, or None where it is none."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it did what it was asked."""
        return 200 <= self.status < 300


class Dropped(Exception):
    """No answer came, or only a part: whether the request was carried out is not known."""


@dataclass(frozen=True)
class Pace:
    """At most `most` requests in any `seconds`, exactly as a rolling window counts them.

    A token bucket that holds `most` and refills at most / seconds would let nearly twice as many
    through within one window.
    """

    most: int
    seconds: float
    clock: Clock
    begun: deque[float] = field(default_factory=deque)

    def wait(self) -> None:
        """Returns when the next request may be made."""
        if len(self.begun) == self.most:
            over = self.begun.popleft() + self.seconds - self.clock.now()
            if over > 0:
                self.clock.sleep(over)
        self.begun.append(self.clock.now())


def patiently(who: str, ask: Callable[[], Answer], pace: Pace, tries: int = TRIES) -> Answer:
    """Asks until there is an answer that another try would not change.

    Raises:
        AccessRefused: The server refuses the token.
        SinkError: It allows no more requests for now.
        Dropped: It did not answer at all, however often it was asked.
    """
    answer = None
    for attempt in range(tries):
        pace.wait()
        try:
            answer = ask()
        except Dropped as dropped:
            if attempt == tries - 1:
                raise
            _pause(who, str(dropped), backoff(attempt, pace.clock), pace.clock)
            continue
        if answer.status not in AGAIN:
            return require_access(who, answer)
        if attempt < tries - 1:
            seconds = asked_for(who, answer, pace.clock) or backoff(attempt, pace.clock)
            _pause(who, f"HTTP {answer.status}", seconds, pace.clock)
    return _last(who, answer)


def backoff(attempt: int, clock: Clock) -> float:
    """Seconds to wait before the next try: 1, 2, 4, ..., of which the second half is drawn."""
    whole: float = min(LONGEST, 2.0**attempt)
    return whole / 2 + whole / 2 * clock.draw()


def asked_for(who: str, answer: Answer, clock: Clock) -> float | None:
    """The seconds that Retry-After asks for (RFC 9110, 10.2.3: a number, or a date).

    Raises:
        SinkError: They are more than anybody waits for.
    """
    said = answer.headers.get("retry-after")
    if not said:
        return None
    seconds = _seconds(said, clock)
    if seconds is not None and seconds > LONGEST_ASKED:
        raise SinkError(
            f"{who} allows no more requests for {seconds / 3600:.1f} hours (HTTP {answer.status}: "
            f"{brief(answer)}). Run the same command then: it goes on where it stopped."
        )
    return seconds


def require_access(who: str, answer: Answer) -> Answer:
    """An answer that is not about the token.

    Raises:
        AccessRefused: It is.
    """
    if answer.status in (401, 403):
        raise AccessRefused(
            f"{who} refuses the token (HTTP {answer.status}: {brief(answer)}). Nothing that was "
            "accepted is lost: put a token that may write in its place, and run the same command."
        )
    return answer


def brief(answer: Answer) -> str:
    """What a server said, in a line."""
    body = answer.body[0] if isinstance(answer.body, list) and answer.body else answer.body
    said = body if isinstance(body, dict) else {}
    for name in ("message", "error_description", "error"):
        if isinstance(said.get(name), str):
            return " ".join(said[name].split())[:300]
    return "no reason given"


def _last(who: str, answer: Answer | None) -> Answer:
    if answer is not None and answer.status != LIMITED:
        return answer
    raise SinkError(
        f"{who} still answers that there were too many requests; its limit for today may be used "
        "up. Run the same command later: it goes on where it stopped."
    )


def _pause(who: str, why: str, seconds: float, clock: Clock) -> None:
    log.warning("%s: %s; trying again in %.1f s", who, why, seconds)
    clock.sleep(seconds)


def _seconds(said: str, clock: Clock) -> float | None:
    try:
        return max(float(said), 0.0)
    except ValueError:
        pass
    try:
        return max((parsedate_to_datetime(said) - clock.today()).total_seconds(), 0.0)
    except ValueError:
        return None
