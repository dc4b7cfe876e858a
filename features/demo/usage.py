"""Who used the product on which day: it follows health, hidden in plenty of noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.demo.arrays import Floats, Ints, Texts
from features.demo.calendar import WEEK, Calendar
from features.demo.lives import Lives
from features.demo.names import texts

MOST_USERS = 40
EAGER, CHAMPION_EAGER = (1.6, 8.5), 1.8
BENDS = 0.28  # how much what is felt changes the chance of a day of use
WEEKDAY = np.array([1.0, 1.1, 1.1, 1.05, 0.85, 0.12, 0.1])
SEASON = np.array([0.85, 0.88, 1.0, 1.0, 0.98, 0.98, 0.9, 0.88, 1.02, 1.05, 1.2, 1.15])
SLOW_NOISE, KEEPS, WEEKLY_NOISE = 0.22, 0.93, 0.25  # projects come and go
JOINS_DAYS = 30


@dataclass(frozen=True)
class Users:
    """One row per person: whose, which rank (0 is the champion), how eager, from when to when."""

    ids: Texts
    customers: Texts
    rows: Ints
    rank: Ints
    eager: NDArray[np.float32]
    joins: Ints
    leaves: Ints


@dataclass(frozen=True)
class Days:
    """Days of use: the person's row and the day."""

    who: Ints
    day: Ints


def staff(rng: np.random.Generator, lives: Lives) -> Users:
    """The people inside every customer."""
    people, ends = lives.people, lives.exits.ends
    room = np.ceil(lives.seats.count.max(axis=0) * people.adoption)
    each = np.clip(room, 1, MOST_USERS).astype(np.int64)
    rows = np.repeat(np.arange(len(people)), each)
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(each) - each, each)
    eager = rng.beta(*EAGER, len(rows)) * people.vigour[rows]
    eager *= np.where(rank == 0, CHAMPION_EAGER, 1.0)
    later = np.where(rank == 0, 0, rng.exponential(JOINS_DAYS, len(rows))).astype(np.int64)
    leaves = np.where(rank == 0, np.minimum(lives.health.champion_left, ends)[rows], ends[rows])
    customers = lives.ids(rows)
    return Users(
        ids=texts(customers, np.full(len(rows), "-"), rank.astype(np.str_)),
        customers=customers,
        rows=rows,
        rank=rank,
        eager=eager.astype(np.float32),
        joins=people.created[rows] + 1 + later,
        leaves=leaves,
    )


def engagement(rng: np.random.Generator, lives: Lives) -> NDArray[np.float32]:
    """Weeks x people: what health, intent and chance make of the wish to use the product."""
    felt = lives.health.felt
    noise = rng.normal(0, WEEKLY_NOISE, felt.shape)
    fresh = SLOW_NOISE * np.sqrt(1 - KEEPS**2)
    slow = rng.normal(0, SLOW_NOISE, felt[0].shape)
    for week in range(len(felt)):
        slow = KEEPS * slow + rng.normal(0, fresh, felt[0].shape)
        noise[week] += slow
    return (np.exp(BENDS * felt + noise) * lives.intents.keen).astype(np.float32)


def active(rng: np.random.Generator, lives: Lives, users: Users) -> Days:
    """Who used the product on which observed day."""
    engaged = engagement(rng, lives)
    room = np.maximum(np.ceil(lives.seats.count * lives.people.adoption), 1)
    weeks = range(-(-lives.calendar.days // WEEK))
    found = [_week(rng, lives.calendar, users, room[w], engaged[w], w) for w in weeks]
    who, day = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Days(who, day)


def _week(
    rng: np.random.Generator, calendar: Calendar, users: Users, room: Floats,
    engaged: NDArray[np.float32], week: int,
) -> tuple[Ints, Ints]:  # fmt: skip
    days = np.arange(week * WEEK, min((week + 1) * WEEK, calendar.days))
    there = (users.joins <= days[-1]) & (users.leaves > days[0]) & (users.rank < room[users.rows])
    here = np.flatnonzero(there)
    level = users.eager[here] * engaged[users.rows[here]]
    daily = WEEKDAY[calendar.weekday(days)] * SEASON[calendar.month(days) % 12]
    chance = np.minimum(level[:, None] * daily.astype(np.float32), np.float32(0.97))
    hit = rng.random(chance.shape, dtype=np.float32) < chance
    hit &= (days >= users.joins[here, None]) & (days < users.leaves[here, None])
    who, day = np.nonzero(hit)
    return here[who], days[day]
