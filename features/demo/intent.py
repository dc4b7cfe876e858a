"""The intent to leave: drawn from lagged health, strengthened by circumstances, eased by treatment.

It takes effect only at a renewal, after notice. Most who form it leave; some think better of it.
"""

from dataclasses import dataclass

import numpy as np

from features.demo.arrays import NEVER, Days, Flags, Floats, Ints
from features.demo.calendar import WEEK, Calendar
from features.demo.health import Health
from features.demo.people import People

HEALTH_WEIGHT = 0.78
AGE_WEIGHT, AGE_WEEKS = 1.0, 26  # the young leave more
MOST = 0.2  # a week
RECONSIDERS, RECONSIDER_WEEKS = 0.12, 5
REKINDLES = 0.3  # a week, of what intent had cost of engagement


@dataclass(frozen=True)
class Term:
    """How one decides in contracts of one length.

    `base` is the log of the weekly rate of forming intent at health 0, past the first year, while
    the decision is open: from `opens` to `closes` days before the renewal. Notice follows
    by `delay` days in the mean, and comes at least `notice` days before the renewal.
    """

    base: float
    opens: int
    closes: int
    notice: int
    delay: float


TERMS = {
    1: Term(base=-5.95, opens=NEVER, closes=0, notice=1, delay=3.0),
    12: Term(base=-4.9, opens=80, closes=24, notice=10, delay=6.0),
    24: Term(base=-5.4, opens=90, closes=24, notice=10, delay=6.0),
}


@dataclass(frozen=True)
class Intents:
    """`formed`, `notice` and `ends` are days or NEVER, of those who go; the rest weeks x people.

    `since` is the day on which the intent held in a week was formed, `keen` what it leaves of
    engagement (1 without intent).
    """

    formed: Ints
    notice: Ints
    ends: Ints
    since: Ints
    keen: Floats


def by_term(people: People, field: str) -> Floats:
    """A value of everybody's term."""
    return np.array([getattr(TERMS[int(t)], field) for t in people.term], dtype=np.float64)


def rate(people: People, felt: Floats, day: int) -> Floats:
    """The weekly rate of forming intent on a day, while the decision is open."""
    weeks = np.maximum((day - people.created) / WEEK, 0)
    young = AGE_WEIGHT * np.exp(-weeks / AGE_WEEKS)
    return np.exp(by_term(people, "base") + people.lean + young - HEALTH_WEIGHT * felt)


def deciding(calendar: Calendar, people: People, day: int) -> Flags:
    """Who is in the time before a renewal in which one decides."""
    left = calendar.next_renewal(people.created, people.term, day) - day
    opens, closes = by_term(people, "opens"), by_term(people, "closes")
    return np.asarray((left <= opens) & (left >= closes) & (people.created < day))


def notice_after(people: People, days: Days) -> Floats:
    """The chance that who has formed the intent to go has not given notice so many days later."""
    pace = 2 * np.maximum(days, 0) / by_term(people, "delay")
    return np.asarray((1 + pace) * np.exp(-pace))


def formed(
    rng: np.random.Generator, calendar: Calendar, people: People, health: Health, eased: Floats
) -> Intents:
    """Everybody's intents, as if nothing else could end a subscription."""
    minds = _Minds.open(len(people))
    since = np.empty((calendar.weeks, len(people)), np.int64)
    keen = np.empty(since.shape)
    for week in range(calendar.weeks):
        day = week * WEEK
        minds.fade(week)
        chance = np.minimum(rate(people, health.lagged(week), day) * eased[week], MOST)
        free = deciding(calendar, people, day) & (minds.since == NEVER)
        rows = np.flatnonzero(free & (rng.random(len(people)) < chance))
        goes = minds.form(rng, rows, week)
        minds.notice[goes], minds.ends[goes] = _notice(
            rng, calendar, people.of(goes), minds.since[goes]
        )
        minds.wind_down(people.wind_down)
        since[week], keen[week] = minds.since, minds.keen
    left = np.where(minds.ends < NEVER, minds.since, NEVER)
    return Intents(left, minds.notice, minds.ends, since, keen)


@dataclass
class _Minds:
    """What everybody has in mind this week."""

    since: Ints
    fades: Ints
    notice: Ints
    ends: Ints
    keen: Floats

    @classmethod
    def open(cls, count: int) -> "_Minds":
        """Nobody means to leave."""
        since, fades, notice, ends = (np.full(count, NEVER) for _ in range(4))
        return cls(since, fades, notice, ends, np.ones(count))

    def fade(self, week: int) -> None:
        """Who had doubts stays after all."""
        over = self.fades <= week
        self.since[over] = self.fades[over] = NEVER

    def form(self, rng: np.random.Generator, rows: Ints, week: int) -> Ints:
        """New intents; returns those who will go through with it."""
        self.since[rows] = week * WEEK + rng.integers(0, WEEK, len(rows))
        doubts = rng.random(len(rows)) < RECONSIDERS
        self.fades[rows[doubts]] = week + RECONSIDER_WEEKS
        return rows[~doubts]

    def wind_down(self, pace: Floats) -> None:
        """Who means to leave does less every week."""
        rekindled = self.keen + REKINDLES * (1 - self.keen)
        self.keen = np.where(self.since < NEVER, self.keen * np.exp(-pace), rekindled)


def _notice(
    rng: np.random.Generator, calendar: Calendar, people: People, since: Ints
) -> tuple[Ints, Ints]:
    """When notice is given and for when: some days after the intent, in time for the renewal."""
    notice = since + 1 + rng.gamma(2.0, by_term(people, "delay") / 2).astype(np.int64)
    renewal = calendar.next_renewal(people.created, people.term, since)
    last = renewal - by_term(people, "notice").astype(np.int64)
    notice = np.where(people.term == 1, notice, np.minimum(notice, last))
    later = calendar.next_renewal(people.created, people.term, notice)
    return notice, np.where(people.term == 1, later, renewal)
