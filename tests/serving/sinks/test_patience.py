"""Waiting: rolling windows, Retry-After in both its forms, and when to stop."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import AccessRefused, SinkError
from serving.sinks.patience import TRIES, Answer, Dropped, Pace, patiently
from tests.serving.sinks.fakes.crm import Time, Window


def answering(*answers: Answer | Dropped) -> Callable[[], Answer]:
    left: Iterator[Answer | Dropped] = iter(answers)

    def ask() -> Answer:
        answer = next(left)
        if isinstance(answer, Dropped):
            raise answer
        return answer

    return ask


def pace(time: Time) -> Pace:
    return Pace(100, 10.0, time.clock)


@given(
    most=st.integers(1, 8),
    pauses=st.lists(st.floats(0, 3), min_size=1, max_size=40),
)
def test_no_rolling_window_ever_sees_more_than_is_allowed(most: int, pauses: list[float]):
    time = Time()
    ours, theirs = Pace(most, 2.0, time.clock), Window(most, 2.0 - 1e-6, lambda: time.seconds)
    for pause in pauses:
        time.seconds += pause
        ours.wait()
        assert theirs.take() == 0


@pytest.mark.parametrize(
    ("said", "waits"),
    [("7", 7.0), ("Wed, 25 Nov 2026 03:00:30 GMT", 30.0), ("soon", 1.0), ("-5", 1.0)],
)
def test_retry_after_is_seconds_or_a_date_and_nonsense_is_not_heeded(said: str, waits: float):
    time = Time()
    busy = Answer(429, {}, {"retry-after": said})
    assert patiently("Acme", answering(busy, Answer(200, {})), pace(time)).ok
    assert time.slept == [waits]


def test_a_wait_of_hours_stops_instead():
    busy = Answer(429, {"message": "come back"}, {"retry-after": "7200"})
    with pytest.raises(SinkError, match=r"no more requests for 2\.0 hours"):
        patiently("Acme", answering(busy), pace(Time()))


def test_waits_double_up_to_a_minute_and_end():
    time = Time()
    down = [Answer(503, {})] * TRIES
    assert patiently("Acme", answering(*down), pace(time)).status == 503
    assert time.slept == [1, 2, 4, 8, 16, 32, 60]


def test_a_connection_that_breaks_once_is_forgiven():
    time = Time()
    assert patiently("Acme", answering(Dropped("gone"), Answer(200, {})), pace(time)).ok


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_not_asked_about_twice(status: int):
    time = Time()
    with pytest.raises(AccessRefused, match="Acme refuses the token"):
        patiently("Acme", answering(Answer(status, {})), pace(time))
    assert time.slept == []


def test_what_was_wrong_with_a_request_is_an_answer_not_a_fault():
    assert patiently("Acme", answering(Answer(400, {})), pace(Time())).status == 400
