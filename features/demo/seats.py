"""Seats and what they cost: seats follow health, and prices rise at renewals."""

from dataclasses import dataclass

import numpy as np

from features.demo.arrays import Floats, Ints
from features.demo.calendar import WEEK, Calendar, at
from features.demo.health import Health
from features.demo.people import SEATS_CAP, People

GROWS = 0.0051  # a week at health 0
SHRINKS = 0.0037
BENDS = 0.7  # how much health changes either
SETTLED_DAYS = 14  # after sign-up, before seats change
PRICE_STEP = 1.08
PRICE_NOTICE_DAYS = 30


@dataclass(frozen=True)
class Seats:
    """`count` is weeks x people; `rows` and `day` say who changed when.

    `risen` is rises x people: the day from which each price holds for each.
    """

    count: Floats
    rows: Ints
    day: Ints
    risen: Ints

    def held(self, day: Ints, rows: Ints) -> Floats:
        """Seats on some days; they change on the first day of a week."""
        return at(self.count, day, rows)

    def price_factor(self, day: Ints, rows: Ints) -> Floats:
        """What the rises so far have made of the price."""
        return np.asarray(PRICE_STEP ** (day >= self.risen[:, rows]).sum(axis=0), dtype=np.float64)


def bought(rng: np.random.Generator, calendar: Calendar, people: People, health: Health) -> Seats:
    """Seats of every week, as if no subscription ever ended."""
    count = np.empty((calendar.weeks, len(people)))
    now = people.seats
    for week in range(calendar.weeks):
        settled = people.created < week * WEEK - SETTLED_DAYS
        now = np.where(settled, _changed(rng, now, health.felt[week]), now)
        count[week] = now
    before, rows = np.diff(count, axis=0).nonzero()
    return Seats(count, rows, (before + 1) * WEEK, _risen(calendar, people, health.announced))


def _changed(rng: np.random.Generator, seats: Floats, felt: Floats) -> Floats:
    chance, bend = rng.random(len(seats)), BENDS * np.clip(felt, -2, 2)
    step = np.maximum(np.round(seats * rng.uniform(0.08, 0.3, len(seats))), 1)
    more, fewer = chance < GROWS * np.exp(bend), chance > 1 - SHRINKS * np.exp(-bend)
    return np.asarray(np.clip(seats + step * more - step * fewer, 1, SEATS_CAP))


def _risen(calendar: Calendar, people: People, announced: Ints) -> Ints:
    """Each announced price holds from the next renewal on; newcomers pay it from the start."""
    days = announced + PRICE_NOTICE_DAYS
    renewals = [calendar.next_renewal(people.created, people.term, int(day)) for day in days]
    return np.array(
        [np.where(people.created >= d, 0, r) for d, r in zip(days, renewals, strict=True)]
    )
