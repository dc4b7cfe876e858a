"""Invoices and how they were paid; who does not pay in the end is out."""

from dataclasses import dataclass

import numpy as np

from features.demo.arrays import NEVER, Flags, Floats, Ints
from features.demo.calendar import Calendar, at
from features.demo.health import Health
from features.demo.people import People
from features.demo.seats import Seats

RETRY_DAYS = np.array([0, 2, 5, 10])
DUNNING_DAYS = 14
RECOVERS = 0.21  # each retry: about half of the failed invoices in all
CARELESS = 0.25  # how much low health raises the chance that a card fails
DUE_DAYS = 30  # of a transfer; a card is charged at once
EARLY_DAYS, EARLY_SPREAD = 6, 6  # before the due date, at the median
LATE_LOG, LATE_BENDS = 1.0, 0.5  # the unhappy let it wait
PROCESSED = 0.01  # of a day, until a charge is done


@dataclass(frozen=True)
class Invoices:
    """One row per invoice of every life, as if none ended.

    `failed` counts the attempts that failed before it was paid; `paid` is a day with its fraction,
    or NEVER.
    """

    rows: Ints
    issued: Ints
    amount: Floats
    card: Flags
    failed: Ints
    paid: Floats

    def given_up(self, people: int) -> Ints:
        """The day on which dunning ends each life, or NEVER."""
        last = np.full(people, NEVER)
        lost = self.paid >= NEVER
        np.minimum.at(last, self.rows[lost], self.issued[lost] + DUNNING_DAYS)
        return last


def card_fails(people: People, rows: Ints, level: Floats) -> Floats:
    """The chance that a month's first charge fails."""
    return np.asarray(people.card_risk[rows] * np.exp(-CARELESS * np.clip(level, -2, 2)))


def issued(
    rng: np.random.Generator, calendar: Calendar, people: People, health: Health, seats: Seats
) -> Invoices:
    """All invoices since the first day, with how each was paid."""
    rows, day, months = _schedule(calendar, people)
    price = people.seat_price[rows] * seats.price_factor(day, rows)
    amount = np.round(seats.held(day, rows) * price * months, 2)
    card, level = people.card[rows], at(health.level, day, rows)
    failed = _failed(rng, card_fails(people, rows, level))
    failed[~card | (day == people.created[rows])] = 0  # who signs up has a card that works
    lost = failed == len(RETRY_DAYS)
    charged = day + RETRY_DAYS[np.where(lost, 0, failed)] + PROCESSED
    paid = np.where(card, np.where(lost, NEVER, charged), day + _transferred(rng, level))
    return Invoices(rows, day, amount, card, failed, paid)


def _schedule(calendar: Calendar, people: People) -> tuple[Ints, Ints, Ints]:
    """Who is asked for money when, and for how many months: monthly by card, else by the term."""
    every = np.where(people.card, 1, np.minimum(people.term, 12))
    rounds = calendar.lived // 30 + 2
    passed = np.maximum(calendar.full_months(people.created, 0), 0) // every * every
    month = (passed[:, None] + np.arange(rounds) * every[:, None]).ravel()
    rows = np.repeat(np.arange(len(people)), rounds)
    day = calendar.anniversary(people.created[rows], month)
    inside = (day >= 0) & (day < calendar.lived)
    return rows[inside], day[inside], every[rows[inside]]


def _failed(rng: np.random.Generator, chance: Floats) -> Ints:
    """Failed attempts of each invoice; as many as there are retries is never paid."""
    fails = rng.random(len(chance)) < chance
    tries = np.minimum(rng.geometric(RECOVERS, len(chance)), len(RETRY_DAYS))
    return np.where(fails, tries, 0)


def _transferred(rng: np.random.Generator, level: Floats) -> Floats:
    """Days until a transfer arrives: most come before the due date."""
    late = rng.exponential(np.exp(LATE_LOG - LATE_BENDS * np.clip(level, -2.5, 2)))
    early = rng.normal(EARLY_DAYS, EARLY_SPREAD, len(level))
    return np.maximum(DUE_DAYS + late - early, 1.4)
