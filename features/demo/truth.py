"""What nobody in the made-up company can know: only tests and benchmarks may read it."""

import numpy as np
import pandas as pd

from features.demo.billing import DUNNING_DAYS, RECOVERS, RETRY_DAYS, Invoices
from features.demo.calendar import NEVER, WEEK, Calendar, Flags, Floats, Ints
from features.demo.exits import UNSEEN_A_YEAR, Exits
from features.demo.health import LAG, NOISE, REVERTS, SMOOTHS, Health
from features.demo.intent import (
    DELAY_DAYS,
    HEALTH_WEIGHT,
    MOST,
    RECONSIDERS,
    Intents,
    base_rate,
    open_decision,
    per_term,
    youth,
)
from features.demo.people import People
from features.demo.treating import Treatments

HORIZON_DAYS = 90
AHEAD = HORIZON_DAYS // WEEK + 1


def expected(
    calendar: Calendar, people: People, health: Health, intents: Intents, treatments: Treatments,
    invoices: Invoices, exits: Exits, day: int,
) -> tuple[Ints, Floats]:  # fmt: skip
    """Who is at risk on a day, and the probability that each leaves within the horizon.

    It knows the latent state of the day and the process, and nothing of what comes after.
    """
    rows = np.flatnonzero(exits.alive(people, np.array(day)) & (exits.notice >= day))
    some = people.of(rows)
    asked = _voluntary(calendar, some, rows, health, treatments.eased[:, rows], day)
    minded = (intents.formed[rows] < day) & (intents.notice[rows] >= day)
    last = calendar.next_renewal(some.created, some.term, np.full(len(rows), day))
    soon = (some.term == 1) | (last < day + HORIZON_DAYS)
    asked = np.where(minded & soon, 1 - RECONSIDERS, asked)
    unpaid = _involuntary(some, rows, health, invoices, day)
    unseen = 1 - np.exp(-UNSEEN_A_YEAR * HORIZON_DAYS / 365)
    return rows, 1 - (1 - asked) * (1 - unpaid) * (1 - unseen)


def _voluntary(
    calendar: Calendar, people: People, rows: Ints, health: Health, eased: Floats, day: int
) -> Floats:
    """Intents that form in the coming weeks early enough to take effect inside the horizon."""
    week = day // WEEK
    felt, spread = _ahead(health.level[week - 1, rows], people.fit, health.felt[: week, rows])
    stays = np.ones(len(rows))
    for later in range(AHEAD):
        at = day + later * WEEK
        if at + 2 >= day + HORIZON_DAYS:
            break
        log_rate = base_rate(people) + youth((at - people.created) / WEEK)
        log_rate = log_rate - HEALTH_WEIGHT * felt[later] + HEALTH_WEIGHT**2 * spread[later] / 2
        now = eased[min(week + later, calendar.weeks - 1)]
        rate = np.minimum(np.exp(log_rate) * now, MOST)
        rate = rate * open_decision(people, calendar, at) * _in_time(calendar, people, day, at)
        stays = stays * (1 - rate * (1 - RECONSIDERS))
    return 1 - stays


def _in_time(calendar: Calendar, people: People, day: int, at: int) -> Floats:
    """The chance that an intent formed on a day ends the subscription inside the horizon."""
    monthly = people.term == 1
    until = np.full(len(people), day + HORIZON_DAYS)
    renewal = calendar.next_renewal(people.created, people.term, np.full(len(people), at + 3))
    last = calendar.next_renewal(people.created, np.ones_like(people.term), until - 32)
    last = np.where(last < until, last, last - 30)
    room = np.maximum(last - at - 4, 0)
    delay = per_term(people, DELAY_DAYS)
    given = 1 - np.exp(-1.5 * room / delay) * (1 + 1.5 * room / delay)
    return np.where(monthly, given, renewal < until)


def _ahead(level: Floats, fit: Floats, felt: Floats) -> tuple[list[Floats], list[float]]:
    """Mean and variance of what people will have felt at each coming week's decision."""
    means, spreads = [felt[-1 - back] for back in range(LAG - 1, 0, -1)], [0.0] * (LAG - 1)
    now, smooth = level, felt[-1]
    cover = np.zeros((2, 2))
    step = np.array([[1 - REVERTS, 0], [SMOOTHS * (1 - REVERTS), 1 - SMOOTHS]])
    noise = NOISE**2 * np.array([[1, SMOOTHS], [SMOOTHS, SMOOTHS**2]])
    for _ in range(AHEAD):
        means.append(smooth)
        spreads.append(float(cover[1, 1]))
        now = now + REVERTS * (fit - now)
        smooth = smooth + SMOOTHS * (now - smooth)
        cover = step @ cover @ step.T + noise
    return means, spreads


def _involuntary(people: People, rows: Ints, health: Health, invoices: Invoices, day: int) -> Floats:
    """Invoices to come, and those in dunning with the retries they have left."""
    level = np.clip(health.level[day // WEEK - 1], -2, 2)
    first = (1 - RECOVERS) ** (len(RETRY_DAYS) - 1)
    where = np.full(int(invoices.rows.max()) + 1, -1)
    where[rows] = np.arange(len(rows))
    age = day - invoices.issued
    until = HORIZON_DAYS - DUNNING_DAYS
    mine = invoices.card & (where[invoices.rows] >= 0) & (age > -until) & (age <= DUNNING_DAYS)
    mine &= (age <= 0) | (invoices.paid >= day)
    who, age, tries = where[invoices.rows[mine]], age[mine], invoices.tries[mine]
    chance = people.card_risk[who] * np.exp(-0.25 * level[rows[who]]) * first
    chance[age == -np.inf] = 0
    seen = (RETRY_DAYS[None, :] < age[:, None]).sum(axis=1)
    chance = np.where(age > 0, (1 - RECOVERS) ** np.maximum(len(RETRY_DAYS) - seen, 0), chance)
    stays = np.ones(len(rows))
    np.multiply.at(stays, who, 1 - np.where(tries >= 0, chance, 0))
    return 1 - stays


def told(
    calendar: Calendar, people: People, health: Health, intents: Intents, treatments: Treatments,
    invoices: Invoices, exits: Exits, ids: np.ndarray,
) -> pd.DataFrame:  # fmt: skip
    """One row per customer at risk and month: the latent state, the oracle's word, the end."""
    parts = [
        _month(calendar, people, health, intents, treatments, invoices, exits, ids, int(day))
        for day in calendar.as_of_days()
    ]
    return pd.concat(parts, ignore_index=True)


def _month(
    calendar: Calendar, people: People, health: Health, intents: Intents, treatments: Treatments,
    invoices: Invoices, exits: Exits, ids: np.ndarray, day: int,
) -> pd.DataFrame:  # fmt: skip
    rows, hazard = expected(
        calendar, people, health, intents, treatments, invoices, exits, day
    )
    return pd.DataFrame(
        {
            "customer_id": ids[people.customer[rows]],
            "month": calendar.moment(np.full(len(rows), day)),
            "hazard_90d": hazard,
            "health": health.level[day // WEEK - 1, rows],
            "intent": _minded(intents, day)[rows],
            "cause": pd.array(exits.cause[rows]),
            "churned_at": calendar.moment(exits.ends[rows]),
            "hazard_ratio": treatments.eased[day // WEEK, rows],
        }
    )


def _minded(intents: Intents, day: int) -> Flags:
    return np.asarray((intents.formed < day) & (intents.formed < NEVER))
