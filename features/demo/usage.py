"""Who did what in the product on which day: it follows health, hidden in plenty of noise."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.demo.calendar import NEVER, WEEK, Calendar, Floats, Ints, week_of
from features.demo.exits import Exits
from features.demo.health import Health
from features.demo.intent import Intents
from features.demo.people import People
from features.demo.seats import Seats

EVENTS = ("login", "dashboard_viewed", "report_created", "comment_added", "export",
          "integration_run", "api_call", "invite_sent")  # fmt: skip
CHANCE = np.array([1.0, 0.45, 0.28, 0.18, 0.14, 0.1, 0.06, 0.03], dtype=np.float32)
MORE = np.array([0.5, 2.0, 0.7, 1.0, 0.4, 3.0, 12.0, 0.3], dtype=np.float32)
MOST_USERS = 40
BENDS = 0.28  # how much what is felt changes the chance that somebody is active on a day
WEEKDAY = np.array([1.0, 1.1, 1.1, 1.05, 0.85, 0.12, 0.1])  # from Monday
SEASON = np.array([0.85, 0.88, 1.0, 1.0, 0.98, 0.98, 0.9, 0.88, 1.02, 1.05, 1.2, 1.15])
QUARTERLY_NOISE, WEEKLY_NOISE, KEEPS = 0.22, 0.25, 0.93
JOIN_DAYS = 30
LATE_SHARE, LATE_DAYS = 0.03, 6


@dataclass(frozen=True)
class Users:
    """One row per person in a customer's life: how eager, at what, from when until when."""

    rows: Ints
    rank: Ints
    eager: NDArray[np.float32]
    tastes: NDArray[np.float32]
    joins: Ints
    leaves: Ints

    @property
    def names(self) -> tuple[Ints, Ints]:
        """What identifies a person: the customer's row and the rank within it."""
        return self.rows, self.rank


def staffed(
    rng: np.random.Generator, people: People, health: Health, seats: Seats, exits: Exits
) -> Users:
    """The people inside every customer; the first is its champion."""
    most = seats.count.max(axis=0) * people.adoption
    each = np.clip(np.ceil(most), 1, MOST_USERS).astype(np.int64)
    rows = np.repeat(np.arange(len(people)), each)
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(each) - each, each)
    eager = rng.beta(1.6, 8.5, len(rows)) * people.vigour[rows] * np.where(rank == 0, 1.8, 1.0)
    joined = people.created[rows] + 1 + rng.exponential(JOIN_DAYS, len(rows)) * (rank > 0)
    leaves = np.where(rank == 0, np.minimum(health.champion_left, exits.ends)[rows], exits.ends[rows])
    tastes = CHANCE * rng.gamma(1.5, 1 / 1.5, (len(rows), len(CHANCE))).astype(np.float32)
    return Users(rows, rank, eager.astype(np.float32), tastes, joined.astype(np.int64), leaves)


def engagement(
    rng: np.random.Generator, calendar: Calendar, health: Health, intents: Intents
) -> Floats:
    """Weeks x people: what health, intent and chance make of the wish to use the product."""
    weeks, count = health.felt.shape
    noise = rng.normal(0, WEEKLY_NOISE, (weeks, count))
    slow = rng.normal(0, QUARTERLY_NOISE, count)
    for week in range(weeks):
        slow = KEEPS * slow + rng.normal(0, QUARTERLY_NOISE * np.sqrt(1 - KEEPS**2), count)
        noise[week] += slow
    return np.asarray(np.exp(BENDS * health.felt + noise) * intents.keen, dtype=np.float64)


def used(
    rng: np.random.Generator, calendar: Calendar, users: Users, seats: Seats, people: People,
    engaged: Floats,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Active days: the person's row and the day, in order of the week."""
    found = []
    room = np.maximum(np.ceil(seats.count * people.adoption), 1)
    for week in range(calendar.days // WEEK + 1):
        days = np.arange(week * WEEK, min((week + 1) * WEEK, calendar.days))
        here = np.flatnonzero((users.joins < days[-1:].sum() + 1) & (users.leaves > week * WEEK)
                              & (users.rank < room[week, users.rows]))  # fmt: skip
        level = users.eager[here] * engaged[week, users.rows[here]].astype(np.float32)
        chance = np.minimum(level[:, None] * _daily(calendar, days), np.float32(0.97))
        hit = rng.random(chance.shape, dtype=np.float32) < chance
        hit &= (days >= users.joins[here, None]) & (days < users.leaves[here, None])
        who, day = np.nonzero(hit)
        found.append((here[who], days[day]))
    who, day = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return who, day


def _daily(calendar: Calendar, days: Ints) -> NDArray[np.float32]:
    weekday = (days + (calendar.start.astype(int) + 3)) % 7
    month = calendar.month(days) % 12
    return np.asarray(WEEKDAY[weekday] * SEASON[month], dtype=np.float32)


def events(
    rng: np.random.Generator, users: Users, who: Ints, day: Ints
) -> tuple[Ints, Ints, NDArray[np.int8], Floats]:
    """What was done on active days, and how often, in order of the day."""
    parts = [(np.arange(len(who)), 0)]
    parts += [
        (np.flatnonzero(rng.random(len(who), dtype=np.float32) < users.tastes[who, kind]), kind)
        for kind in range(1, len(EVENTS))
    ]
    at = np.concatenate([rows for rows, _ in parts])
    kind = np.repeat(np.arange(len(EVENTS), dtype=np.int8), [len(rows) for rows, _ in parts])
    order = np.lexsort((who[at], day[at].astype(np.int16)))
    at, kind = at[order], kind[order]
    quantity = 1.0 + rng.poisson(MORE[kind])
    return who[at], day[at], kind, quantity
