"""Seats and what they cost: they follow health, and prices rise at renewals."""

from dataclasses import dataclass

import numpy as np

from features.demo.calendar import WEEK, Calendar, Floats, Ints
from features.demo.health import PRICE_NOTICE_DAYS, PRICE_STEP, Health, at
from features.demo.people import SEATS_CAP, People

GROWS = 0.022 / 4.3  # a week at health 0
SHRINKS = 0.016 / 4.3
BENDS = 0.7  # how much health changes either
EARLIER = 0.8  # of today's seats at sign-up, for those who came before the first day


@dataclass(frozen=True)
class Seats:
    """`count` is weeks x people; `rows` and `day` are the changes; `risen` is rises x people."""

    count: Floats
    rows: Ints
    day: Ints
    risen: Ints

    def seats(self, day: Ints, rows: Ints) -> Floats:
        """Seats held on some days; a change within the week shows from its own week's end."""
        return at(self.count, day, rows)

    def price_factor(self, day: Ints, rows: Ints) -> Floats:
        """What the price rises so far have made of the price."""
        rises = (day >= self.risen[:, rows]).sum(axis=0)
        return np.asarray(PRICE_STEP**rises, dtype=np.float64)


def held(rng: np.random.Generator, calendar: Calendar, people: People, health: Health) -> Seats:
    """Seats of every week, as if no subscription ever ended."""
    weeks, count = calendar.weeks, len(people)
    seats = np.empty((weeks, count))
    now, changes = people.seats.copy(), []
    for week in range(weeks):
        changed = _changed(rng, now, health.felt[week])
        moved = np.flatnonzero((changed != now) & (people.created < week * WEEK - 14))
        now[moved] = changed[moved]
        seats[week] = now
        changes.append((moved, np.full(len(moved), week * WEEK)))
    rows, day = (np.concatenate(parts) for parts in zip(*changes, strict=True))
    return Seats(seats, rows, day, _risen(calendar, people, health))


def _changed(rng: np.random.Generator, seats: Floats, felt: Floats) -> Floats:
    chance = rng.random(len(seats))
    grows = chance < GROWS * np.exp(BENDS * np.clip(felt, -2, 2))
    shrinks = chance > 1 - SHRINKS * np.exp(-BENDS * np.clip(felt, -2, 2))
    step = np.maximum(np.round(seats * rng.uniform(0.08, 0.3, len(seats))), 1)
    return np.clip(seats + step * grows - step * shrinks, 1, SEATS_CAP)


def _risen(calendar: Calendar, people: People, health: Health) -> Ints:
    """The renewal from which each announced price holds; new customers pay it from the start."""
    since = [np.full(len(people), day + PRICE_NOTICE_DAYS) for day in health.price_days]
    renewals = [calendar.next_renewal(people.created, people.term, day) for day in since]
    return np.array([np.maximum(r, people.created) for r in renewals])
