"""The intent to leave: drawn from lagged health, strengthened by circumstances, eased by treatment.

It takes effect only at a renewal, after notice. Most who form it leave; some think better of it.
"""

from dataclasses import dataclass

import numpy as np

from features.demo.calendar import NEVER, WEEK, Calendar, Floats, Ints
from features.demo.health import Health
from features.demo.people import People

HEALTH_WEIGHT = 0.78
AGE_WEIGHT = 1.0
AGE_WEEKS = 26
BASE = {1: -5.8, 12: -5.05, 24: -5.5}  # log of the weekly rate while a decision is open
OPENS_DAYS = {1: NEVER, 12: 80, 24: 90}  # before a renewal the decision is open
CLOSES_DAYS = {1: 0, 12: 24, 24: 24}
NOTICE_BY_DAYS = {1: 1, 12: 10, 24: 10}
DELAY_DAYS = {1: 3.0, 12: 6.0, 24: 6.0}  # mean time from intent to notice
MOST = 0.2  # a week
RECONSIDERS = 0.12
RECONSIDER_WEEKS = 5
RECOVERS = 0.3


@dataclass(frozen=True)
class Intents:
    """`formed`, `notice` and `ends` are days or NEVER; `active` is weeks x people; so is `keen`.

    `keen` is what intent leaves of engagement, 1 without intent.
    """

    formed: Ints
    notice: Ints
    ends: Ints
    active: Floats
    keen: Floats


def per_term(people: People, table: dict[int, float]) -> Floats:
    """The value of everybody's term."""
    return np.array([table[int(t)] for t in people.term], dtype=np.float64)


def base_rate(people: People) -> Floats:
    """Log of the weekly rate of forming intent at health 0, once past the first year."""
    return np.asarray(per_term(people, BASE) + people.lean)


def youth(age_weeks: Floats) -> Floats:
    """What a young life adds to that log."""
    return np.asarray(AGE_WEIGHT * np.exp(-np.maximum(age_weeks, 0) / AGE_WEEKS))


def open_decision(people: People, calendar: Calendar, day: int) -> np.ndarray:
    """Who is in the time before a renewal in which one decides."""
    days = np.full(len(people), day)
    left = calendar.next_renewal(people.created, people.term, days) - days
    opens, closes = per_term(people, OPENS_DAYS), per_term(people, CLOSES_DAYS)
    return np.asarray((left <= opens) & (left >= closes) & (people.created < day))


def formed(
    rng: np.random.Generator, calendar: Calendar, people: People, health: Health, eased: Floats
) -> Intents:
    """Everybody's intents, as if nothing else could end a subscription."""
    count, weeks = len(people), calendar.weeks
    since, notice, ends = (np.full(count, NEVER) for _ in range(3))
    fades = np.full(count, NEVER)
    active, keen = np.zeros((weeks, count)), np.ones((weeks, count))
    now = np.ones(count)
    base, delay = base_rate(people), per_term(people, DELAY_DAYS)
    for week in range(weeks):
        faded = fades <= week
        since[faded], fades[faded] = NEVER, NEVER
        day = week * WEEK
        log_rate = base + youth((day - people.created) / WEEK) - HEALTH_WEIGHT * health.lagged(week)
        rate = np.minimum(np.exp(log_rate) * eased[week], MOST)
        new = (rng.random(count) < rate) & open_decision(people, calendar, day) & (since == NEVER)
        rows = np.flatnonzero(new)
        since[rows] = day + rng.integers(0, WEEK, len(rows))
        doubts = rng.random(len(rows)) < RECONSIDERS
        fades[rows[doubts]] = week + RECONSIDER_WEEKS
        goes = rows[~doubts]
        notice[goes], ends[goes] = _notice(rng, calendar, people.of(goes), since[goes], delay[goes])
        has = since < NEVER
        now = np.where(has, now * np.exp(-people.wind_down), now + RECOVERS * (1 - now))
        active[week], keen[week] = has, now
    return Intents(np.where(ends < NEVER, since, NEVER), notice, ends, active, keen)


def _notice(
    rng: np.random.Generator, calendar: Calendar, people: People, since: Ints, delay: Floats
) -> tuple[Ints, Ints]:
    """When notice is given and for when: some days after the intent, in time for the renewal."""
    wanted = since + 1 + rng.gamma(1.5, delay / 1.5).astype(np.int64)
    by = per_term(people, NOTICE_BY_DAYS).astype(np.int64)
    renewal = calendar.next_renewal(people.created, people.term, since)
    monthly = people.term == 1
    notice = np.where(monthly, wanted, np.minimum(wanted, renewal - by))
    later = calendar.next_renewal(people.created, people.term, notice)
    return notice, np.where(monthly, later, renewal)
