"""Tickets: the unhappy open more, and some of them complain; about as many never say a word."""

import numpy as np

from features.demo.arrays import NEVER, Columns, Flags, Floats, Ints, happens, pick
from features.demo.calendar import WEEK, at
from features.demo.lives import Lives
from features.demo.names import numbered
from features.demo.recorded import late

WEEKLY, SEATS_BEND, BENDS = 0.075, 0.2, 0.5
TROUBLE_TICKETS, OUTAGE_TICKETS = 1.8, 0.6
COMPLAINS, COMPLAINT_BENDS = np.log(0.006), 2.0
TROUBLE_COMPLAINS, OUTAGE_COMPLAINS = 5.2, 0.5
REOPENS, COMPLAINT_REOPENS = 0.06, 0.05
RATES, RATE_BENDS = -0.8, 0.4
PRIORITIES = ("low", "normal", "high", "urgent")
CHANNELS, CHANNEL_SHARE = ("email", "chat", "phone", "web"), np.array([[0.45, 0.3, 0.1, 0.15]])


def tickets(rng: np.random.Generator, lives: Lives) -> Columns:
    """The tickets opened while subscriptions run, with all that became of them."""
    rows, opened = _opened(rng, lives)
    level = np.clip(at(lives.health.level, opened.astype(np.int64), rows), -2.5, 2.0)
    complaint, urgency = _kind(rng, lives, rows, opened, level)
    answered = opened + rng.gamma(1.2, 0.25, len(rows)) / (1 + 0.6 * urgency)
    resolved = answered + rng.gamma(0.8, 1.6, len(rows)) * np.exp(-0.15 * level)
    again = rng.random(len(rows)) < REOPENS + COMPLAINT_REOPENS * complaint
    reopened = np.where(again, resolved + rng.exponential(3, len(rows)), NEVER)
    rated, csat = _rated(rng, level, resolved, opened, complaint)
    calendar, minutes = lives.calendar, rng.gamma(2.0, 14.0, len(rows)) * (1 + 0.5 * complaint)
    return {
        "customer_id": lives.ids(rows),
        "ticket_id": numbered(f"T{lives.people.life.max(initial=0)}", np.arange(len(rows))),
        "opened_at": calendar.moment(opened),
        "priority": np.array(PRIORITIES)[urgency],
        "channel": np.array(CHANNELS)[pick(rng, np.repeat(CHANNEL_SHARE, len(rows), axis=0))],
        "complaint": complaint,
        "first_response_at": calendar.moment(answered),
        "resolved_at": calendar.moment(resolved),
        "resolved_known_at": late(rng, calendar, resolved),
        "handle_minutes": np.round(minutes),
        "reopened_at": calendar.moment(reopened),
        "csat": csat,
        "csat_at": calendar.moment(rated),
        "csat_known_at": late(rng, calendar, rated),
        "known_at": late(rng, calendar, opened),
    }


def _opened(rng: np.random.Generator, lives: Lives) -> tuple[Ints, Floats]:
    """Who opened a ticket when, in order; mostly on working days and in working hours."""
    health, weeks = lives.health, -(-lives.calendar.days // WEEK)
    rate = WEEKLY * lives.seats.count**SEATS_BEND * np.exp(-BENDS * np.clip(health.level, -2.5, 2))
    rate = rate + TROUBLE_TICKETS * health.trouble + OUTAGE_TICKETS * health.outage
    count = rng.poisson(rate[:weeks])
    week, rows = (np.repeat(i, count[count > 0]) for i in np.nonzero(count))
    workday = rng.random(len(rows)) < 0.93
    weekday = np.where(workday, rng.integers(0, 5, len(rows)), rng.integers(0, 7, len(rows)))
    monday = -lives.calendar.weekday(np.array([0]))[0]  # of the first week
    day = week * WEEK + (weekday + monday) % WEEK
    opened = day + np.clip(rng.normal(0.55, 0.12, len(rows)), 0.02, 0.98)
    kept = np.flatnonzero(lives.lasts(rows, day))
    order = kept[np.argsort(opened[kept], kind="stable")]
    return rows[order], opened[order]


def _kind(
    rng: np.random.Generator, lives: Lives, rows: Ints, opened: Floats, level: Floats
) -> tuple[Flags, Ints]:
    """Whether it complains, and how urgent it is."""
    week = (opened // WEEK).astype(np.int64)
    trouble, outage = lives.health.trouble[week, rows], lives.health.outage[week, rows]
    odds = COMPLAINS - COMPLAINT_BENDS * level + np.log(lives.people.voice[rows] + 1e-9)
    complaint = happens(rng, odds + TROUBLE_COMPLAINS * trouble + OUTAGE_COMPLAINS * outage)
    urgency = rng.normal(1.0, 0.7, len(rows)) + 0.8 * complaint + 0.7 * (trouble | outage)
    return complaint, np.clip(urgency, 0, 3).astype(np.int64)


def _rated(
    rng: np.random.Generator, level: Floats, resolved: Floats, opened: Floats, complaint: Flags
) -> tuple[Floats, Floats]:
    """When the satisfaction question was answered (the happy do so more often), and how."""
    answers = happens(rng, RATES + RATE_BENDS * level)
    rated = np.where(answers, resolved + rng.exponential(0.6, len(level)), NEVER)
    waited = np.log1p(resolved - opened)
    score = 4.5 + 0.45 * level - 0.35 * waited - 0.7 * complaint + rng.normal(0, 0.9, len(level))
    return rated, np.where(answers, np.clip(np.round(score), 1, 5), np.nan)
