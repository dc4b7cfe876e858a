"""Latent health, week by week: it reverts to its fit, and things happen to it."""

from dataclasses import dataclass

import numpy as np

from features.demo.arrays import Flags, Floats, Ints
from features.demo.calendar import WEEK, Calendar
from features.demo.people import People

REVERTS = 0.07  # a week, of the distance to the fit
NOISE = 0.24  # a week
SMOOTHS = 0.3  # a week: what people feel follows what happens
LAG = 2  # weeks until what people feel turns into intent

CHAMPION_LEAVES, CHAMPION_COST = 0.14 / 52, 1.1
OUTAGES, OUTAGE_REACH, OUTAGE_COST = 3.0 / 52, 0.15, 0.4
TROUBLES, TROUBLE_COST = 0.3 / 52, 2.3  # one's own grievance: a lost file, a rude answer
STRUGGLE_COST = 0.8  # a failed onboarding
PRICE_RISES, PRICE_COST = (0.3, 0.75), 0.35  # announced when so much of the time has passed
KNOWS_PRICES_DAYS = 60  # who came later than so many days before has heard of it at sign-up


@dataclass(frozen=True)
class Health:
    """Weeks x people: `level`, what people feel of it (`felt`), and what hit whom when.

    `champion_left` is a day or NEVER; `announced` are the days on which prices were said to rise.
    """

    level: Floats
    felt: Floats
    outage: Flags
    trouble: Flags
    champion_left: Ints
    announced: Ints

    def lagged(self, week: int) -> Floats:
        """What people felt when today's intent began to form."""
        return np.asarray(self.felt[max(week - LAG, 0)])


def lived(rng: np.random.Generator, calendar: Calendar, people: People) -> Health:
    """The health of every life in every week, also of weeks before and after it."""
    shape = (calendar.weeks, len(people))
    struck = rng.random(calendar.weeks) < OUTAGES
    outage = struck[:, None] & (rng.random(shape) < OUTAGE_REACH)
    trouble = rng.random(shape) < TROUBLES
    champion = rng.geometric(CHAMPION_LEAVES, len(people))
    announced = (np.array(PRICE_RISES) * calendar.days).astype(np.int64)
    size = rng.uniform(0.5, 1.5, shape)
    cost: Floats = size * (OUTAGE_COST * outage + TROUBLE_COST * trouble)
    _strike(cost, champion, CHAMPION_COST)
    _strike(cost, people.created // WEEK, np.where(people.struggled, STRUGGLE_COST, 0.0))
    for day in announced:
        minds = people.price_care * (people.created < day - KNOWS_PRICES_DAYS)
        cost[day // WEEK] += PRICE_COST * minds
    level = _reverting(rng, people.fit, cost)
    left = champion * WEEK + rng.integers(0, WEEK, len(people))
    return Health(level, _felt(level), outage, trouble, left, announced)


def _strike(cost: Floats, week: Ints, size: float | Floats) -> None:
    """Add a cost to each person's own week."""
    weeks, count = cost.shape
    rows = np.flatnonzero((week >= 0) & (week < weeks))
    cost[week[rows], rows] += np.broadcast_to(size, count)[rows]


def _reverting(rng: np.random.Generator, fit: Floats, cost: Floats) -> Floats:
    level = np.empty_like(cost)
    now = fit + rng.normal(0, NOISE / np.sqrt(2 * REVERTS), len(fit))
    for week, noise in enumerate(rng.normal(0, NOISE, cost.shape)):
        now = now + REVERTS * (fit - now) + noise - cost[week]
        level[week] = now
    return level


def _felt(level: Floats) -> Floats:
    felt = np.empty_like(level)
    now = level[0]
    for week, today in enumerate(level):
        now = now + SMOOTHS * (today - now)
        felt[week] = now
    return felt
