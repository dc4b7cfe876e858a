"""Latent health, week by week: it reverts to its fit, and things happen to it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.demo.calendar import WEEK, Calendar, Flags, Floats, Ints, week_of
from features.demo.people import People

REVERTS = 0.07  # a week, of the distance to the fit
NOISE = 0.24  # a week
SMOOTHS = 0.3  # a week: what people feel follows what happens
LAG = 2  # weeks until what people feel turns into intent

CHAMPION_LEAVES = 0.14 / 52
CHAMPION_COST = 1.1
TROUBLE_A_YEAR = 0.3
INCIDENTS_A_YEAR = 3.0
INCIDENT_REACH = 0.15
INCIDENT_COST = 0.4
TROUBLE_COST = 1.9
STRUGGLE_COST = 0.8
PRICE_RISES = (0.3, 0.75)  # of the observed time
PRICE_STEP = 1.08
PRICE_COST = 0.35
PRICE_NOTICE_DAYS = 30


@dataclass(frozen=True)
class Health:
    """Weeks x people: health, what people feel of it (`felt`), and what happened when.

    `champion_left` is a day or NEVER; `incident` says who was hit in which week; `price_days` are
    the days on which a price rise was announced.
    """

    level: Floats
    felt: Floats
    champion_left: Ints
    incident: Flags
    trouble: Flags
    price_days: Ints

    def lagged(self, week: int) -> Floats:
        """What people felt when today's intent began to form."""
        return np.asarray(self.felt[max(week - LAG, 0)])


def lived(rng: np.random.Generator, calendar: Calendar, people: People) -> Health:
    """The health of every life in every week, also of weeks before and after it."""
    weeks, count = calendar.weeks, len(people)
    champion = rng.geometric(CHAMPION_LEAVES, count)
    incident = _incidents(rng, weeks, count)
    price_days = (np.array(PRICE_RISES) * calendar.days).astype(np.int64)
    shock = -INCIDENT_COST * incident * rng.uniform(0.3, 1.7, (weeks, count))
    trouble = rng.random((weeks, count)) < TROUBLE_A_YEAR / 52
    shock -= TROUBLE_COST * trouble * rng.uniform(0.5, 1.5, (weeks, count))
    shock += _at(champion, -CHAMPION_COST, weeks, count)
    shock += _at(people.created // WEEK, -STRUGGLE_COST * people.struggled, weeks, count)
    for day in price_days:
        known = people.created < day - 60
        shock[day // WEEK] -= PRICE_COST * people.price_care * known
    level = _reverting(rng, people.fit, shock)
    left = champion * WEEK + rng.integers(0, WEEK, count)
    return Health(level, _smoothed(level), left, incident, trouble, price_days)


def _incidents(rng: np.random.Generator, weeks: int, count: int) -> Flags:
    """Outages hit a part of the customers in the same week."""
    outage = rng.random(weeks) < INCIDENTS_A_YEAR / 52
    return np.asarray(outage[:, None] & (rng.random((weeks, count)) < INCIDENT_REACH))


def _at(week: Ints, size: float | Floats, weeks: int, count: int) -> Floats:
    """Shocks of a size in one week each."""
    shock = np.zeros((weeks, count))
    inside = (week >= 0) & (week < weeks)
    shock[week[inside], np.flatnonzero(inside)] = np.broadcast_to(size, count)[inside]
    return shock


def _reverting(rng: np.random.Generator, fit: Floats, shock: Floats) -> Floats:
    level = np.empty_like(shock)
    now = fit + rng.normal(0, NOISE / np.sqrt(2 * REVERTS), len(fit))
    for week, noise in enumerate(rng.normal(0, NOISE, shock.shape)):
        now = now + REVERTS * (fit - now) + noise + shock[week]
        level[week] = now
    return level


def _smoothed(level: NDArray[np.float64]) -> Floats:
    felt = np.empty_like(level)
    now = level[0]
    for week, today in enumerate(level):
        now = now + SMOOTHS * (today - now)
        felt[week] = now
    return felt


def at(matrix: Floats, day: Ints, rows: Ints) -> Floats:
    """A weekly value of some people on some days."""
    return np.asarray(matrix[week_of(day, len(matrix)), rows])
