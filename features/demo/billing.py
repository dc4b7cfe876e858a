"""Invoices and payments; who does not pay in the end is out."""

from dataclasses import dataclass

import numpy as np

from features.demo.calendar import NEVER, Calendar, Flags, Floats, Ints
from features.demo.health import Health, at
from features.demo.people import People
from features.demo.seats import Seats

RETRY_DAYS = np.array([0, 2, 5, 10])
DUNNING_DAYS = 14
RECOVERS = 0.21  # each retry
CARELESS = 0.25  # how much low health raises the chance that a card fails
DUE_DAYS = 30


@dataclass(frozen=True)
class Invoices:
    """One row per invoice of every life, as if none ended; `tries` failed before it was paid.

    `paid` is a day with its fraction, or NEVER.
    """

    rows: Ints
    issued: Ints
    amount: Floats
    card: Flags
    tries: Ints
    paid: Floats

    def unpaid_by(self, people: int) -> Ints:
        """The day on which dunning ends each life, or NEVER."""
        last = np.full(people, NEVER)
        given_up = self.paid >= NEVER
        np.minimum.at(last, self.rows[given_up], self.issued[given_up] + DUNNING_DAYS)
        return last


def issued(
    rng: np.random.Generator, calendar: Calendar, people: People, health: Health, seats: Seats
) -> Invoices:
    """All invoices since the first day, with how each was paid."""
    rows, day, every = _schedule(calendar, people)
    price = people.seat_price[rows] * seats.price_factor(day, rows)
    amount = np.round(seats.seats(day, rows) * price * every, 2)
    card = people.card[rows]
    level = at(health.level, day, rows)
    tries = np.where(card, _tries(rng, people, rows, day, level), 0)
    late = _late(rng, level)
    by_card = np.where(tries < len(RETRY_DAYS), day + RETRY_DAYS[np.minimum(tries, 3)] + 0.01, NEVER)
    by_transfer = day + np.maximum(DUE_DAYS + late, 1.4)
    return Invoices(rows, day, amount, card, tries, np.where(card, by_card, by_transfer))


def _schedule(calendar: Calendar, people: People) -> tuple[Ints, Ints, Ints]:
    """Who is asked for money when, and for how many months."""
    every = np.where(people.card, 1, np.minimum(people.term, 12))
    months = int(calendar.month(np.array(calendar.weeks * 7)) - calendar.month(np.array(0))) + 1
    first = np.maximum(calendar.full_months(people.created, np.zeros_like(people.created)), 0)
    grid = (first // every * every)[:, None] + np.arange(months) * every[:, None]
    rows = np.repeat(np.arange(len(people)), months)
    day = calendar.anniversary(people.created[rows], grid.ravel())
    inside = (day >= 0) & (day < calendar.weeks * 7)
    return rows[inside], day[inside], every[rows[inside]]


def _tries(
    rng: np.random.Generator, people: People, rows: Ints, day: Ints, level: Floats
) -> Ints:
    """Failed attempts of each invoice paid by card; 4 is never paid. The first invoice goes well."""
    chance = people.card_risk[rows] * np.exp(-CARELESS * np.clip(level, -2, 2))
    fails = (rng.random(len(rows)) < chance) & (day > people.created[rows])
    return np.where(fails, np.minimum(rng.geometric(RECOVERS, len(rows)), len(RETRY_DAYS)), 0)


def _late(rng: np.random.Generator, level: Floats) -> Floats:
    """Days after the due date: most pay just before it, the unhappy let it wait."""
    return rng.normal(-6, 6, len(level)) + rng.exponential(
        np.exp(1.0 - 0.5 * np.clip(level, -2.5, 2))
    )
