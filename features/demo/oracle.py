"""What can be foreseen by one who knows a day's latent state and the process, but no future."""

import numpy as np

from features.demo.arrays import Floats, Ints
from features.demo.billing import DUNNING_DAYS, RECOVERS, RETRY_DAYS, card_fails
from features.demo.calendar import WEEK
from features.demo.exits import UNSEEN_A_YEAR
from features.demo.health import LAG, NOISE, REVERTS, SMOOTHS
from features.demo.intent import (
    HEALTH_WEIGHT,
    MOST,
    RECONSIDERS,
    deciding,
    notice_after,
    rate,
)
from features.demo.lives import Lives
from features.demo.people import People

HORIZON_DAYS = 90
TO_NOTICE_DAYS = 4  # from the start of a week in which intent is formed, at the least


def hazard(lives: Lives, rows: Ints, day: int) -> Floats:
    """The probability that each leaves within the horizon, of any cause."""
    unseen = 1 - np.exp(-UNSEEN_A_YEAR * HORIZON_DAYS / 365)
    stays = (1 - asked(lives, rows, day)) * (1 - unpaid(lives, rows, day)) * (1 - unseen)
    return np.asarray(1 - stays)


def asked(lives: Lives, rows: Ints, day: int) -> Floats:
    """Of one's own will: with the intent held today, or with one formed early enough."""
    calendar, people = lives.calendar, lives.people.of(rows)
    since = lives.intents.since[day // WEEK, rows]
    quiet = notice_after(people, day - since - 1.0) * (1 - RECONSIDERS)
    renewal = calendar.next_renewal(people.created, people.term, day)
    soon = (people.term == 1) | (renewal < day + HORIZON_DAYS)
    minded = quiet / (quiet + RECONSIDERS) * soon
    return np.where(since < day, minded, _forming(lives, people, rows, day))


def _forming(lives: Lives, people: People, rows: Ints, day: int) -> Floats:
    """Intents of the coming weeks, from what will have been felt and how sure that is."""
    week, stays = day // WEEK, np.ones(len(rows))
    today = lives.health.level[week - 1, rows]
    felt, spread = _ahead(today, people.fit, lives.health.felt[:week, rows])
    for later in range(HORIZON_DAYS // WEEK + 1):
        at = day + later * WEEK
        eased = lives.treatments.eased[min(week + later, lives.calendar.weeks - 1), rows]
        mean = rate(people, felt[later], at) * np.exp(HEALTH_WEIGHT**2 * spread[later] / 2)
        chance = np.minimum(mean * eased, MOST) * deciding(lives.calendar, people, at)
        stays *= 1 - chance * _in_time(lives, people, day, at) * (1 - RECONSIDERS)
    return 1 - stays


def _in_time(lives: Lives, people: People, day: int, at: int) -> Floats:
    """The chance that an intent formed in the week of `at` ends the subscription in the horizon."""
    renews, until = lives.calendar.next_renewal, day + HORIZON_DAYS
    monthly = np.ones_like(people.term)
    last = renews(people.created, monthly, until - 1)
    last = np.where(last < until, last, renews(people.created, monthly, until - 32))
    last = np.where(last < until, last, until)
    given = 1 - notice_after(people, last - at - TO_NOTICE_DAYS)
    return np.where(people.term == 1, given, renews(people.created, people.term, at + 3) < until)


def _ahead(level: Floats, fit: Floats, felt: Floats) -> tuple[list[Floats], list[float]]:
    """Mean and variance of what each coming week's decision will rest on."""
    means = [felt[-back] for back in range(LAG - 1, 0, -1)]
    spreads, smooth, cover = [0.0] * (LAG - 1), felt[-1], np.zeros((2, 2))
    step = np.array([[1 - REVERTS, 0], [SMOOTHS * (1 - REVERTS), 1 - SMOOTHS]])
    noise = NOISE**2 * np.array([[1, SMOOTHS], [SMOOTHS, SMOOTHS**2]])
    for _ in range(HORIZON_DAYS // WEEK + 1):
        means.append(smooth)
        spreads.append(float(cover[1, 1]))
        level = level + REVERTS * (fit - level)
        smooth = smooth + SMOOTHS * (level - smooth)
        cover = step @ cover @ step.T + noise
    return means, spreads


def unpaid(lives: Lives, rows: Ints, day: int) -> Floats:
    """For want of payment: invoices to come, and those in dunning with retries left."""
    made, place = lives.invoices, np.full(len(lives.people), -1)
    place[rows] = np.arange(len(rows))
    age, who = day - made.issued, place[made.rows]
    open_ = (age <= 0) | (made.paid >= day)
    near = (age > DUNNING_DAYS - HORIZON_DAYS) & (age <= DUNNING_DAYS)
    these = np.flatnonzero(made.card & (who >= 0) & open_ & near)
    who, age = who[these], age[these]
    level = lives.health.level[day // WEEK - 1, rows]
    fails = card_fails(lives.people.of(rows), who, level[who])
    retries = np.where(age > 0, (age[:, None] <= RETRY_DAYS).sum(axis=1), len(RETRY_DAYS) - 1)
    lost = np.where(age > 0, 1.0, fails) * (1 - RECOVERS) ** retries
    stays = np.ones(len(rows))
    np.multiply.at(stays, who, 1 - lost)
    return 1 - stays
