"""Tickets: the unhappy open more, and some of them complain; about as many never say a word."""

from dataclasses import dataclass

import numpy as np

from features.demo.calendar import NEVER, WEEK, Calendar, Flags, Floats, Ints, Texts, pick
from features.demo.exits import Exits
from features.demo.health import Health
from features.demo.people import People
from features.demo.seats import Seats

WEEKLY = 0.055  # for one seat, at health 0
BENDS = 0.45
INCIDENT_TICKETS = 1.2
COMPLAINS = 0.011
COMPLAINT_BENDS = 2.3
PRIORITIES = ("low", "normal", "high", "urgent")
CHANNELS = ("email", "chat", "phone", "web")
RATES = 0.35


@dataclass(frozen=True)
class Tickets:
    """One row per ticket; times are days with fractions, NEVER where it did not happen."""

    rows: Ints
    opened: Floats
    priority: Texts
    channel: Texts
    complaint: Flags
    answered: Floats
    resolved: Floats
    reopened: Floats
    handle_minutes: Floats
    csat: Floats
    rated: Floats


def opened(
    rng: np.random.Generator,
    calendar: Calendar,
    people: People,
    health: Health,
    seats: Seats,
    exits: Exits,
) -> Tickets:
    """The tickets of every customer while its subscription runs."""
    weeks = -(-calendar.days // WEEK)
    level = health.level[:weeks]
    rate = WEEKLY * seats.count[:weeks] ** 0.35 * np.exp(-BENDS * np.clip(level, -2.5, 2))
    rate = rate + INCIDENT_TICKETS * (0.5 * health.incident[:weeks] + health.trouble[:weeks])
    week, rows = np.nonzero(counts := rng.poisson(rate))
    many = counts[week, rows]
    week, rows = np.repeat(week, many), np.repeat(rows, many)
    at = week * WEEK + _in_week(rng, len(rows))
    kept = (at > people.created[rows] + 1) & (at < exits.ends[rows]) & (at < calendar.days)
    return _handled(rng, people, health, rows[kept], at[kept])


def _in_week(rng: np.random.Generator, count: int) -> Floats:
    """Working days and hours, mostly."""
    day = np.where(rng.random(count) < 0.93, rng.integers(0, 5, count), rng.integers(0, 7, count))
    return np.asarray(day + np.clip(rng.normal(0.55, 0.12, count), 0.02, 0.98))


def _handled(
    rng: np.random.Generator, people: People, health: Health, rows: Ints, at: Floats
) -> Tickets:
    week, count = (at // WEEK).astype(np.int64), len(rows)
    level = np.clip(health.level[week, rows], -2.5, 2.0)
    hit = health.incident[week, rows] | health.trouble[week, rows]
    hurt = health.trouble[week, rows]
    odds = np.log(COMPLAINS) - COMPLAINT_BENDS * level + np.log(people.voice[rows] + 1e-9) + 4.2 * hurt + 0.5 * hit
    complaint = rng.random(count) < 1 / (1 + np.exp(-odds))
    urgency = np.clip(rng.normal(1.0, 0.7, count) + 0.8 * complaint + 0.7 * hit, 0, 3).astype(int)
    answered = at + rng.gamma(1.2, 0.25, count) / (1 + 0.6 * urgency)
    resolved = answered + rng.gamma(0.8, 1.6, count) * np.exp(-0.15 * level)
    again = rng.random(count) < 0.06 + 0.05 * complaint
    reopened = np.where(again, resolved + rng.exponential(3, count), NEVER)
    answers = rng.random(count) < RATES / (1 + np.exp(-0.5 * level - 0.3))
    waited = np.log1p(resolved - at)
    score = 4.5 + 0.45 * level - 0.35 * waited - 0.7 * complaint + rng.normal(0, 0.9, count)
    return Tickets(
        rows=rows,
        opened=at,
        priority=np.array(PRIORITIES)[urgency],
        channel=np.array(CHANNELS)[pick(rng, np.tile([0.45, 0.3, 0.1, 0.15], (count, 1)))],
        complaint=complaint,
        answered=answered,
        resolved=resolved,
        reopened=reopened,
        handle_minutes=np.round(rng.gamma(2.0, 14.0, count) * (1 + 0.5 * complaint)),
        csat=np.clip(np.round(score), 1, 5),
        rated=np.where(answers, resolved + rng.exponential(0.6, count), NEVER),
    )
