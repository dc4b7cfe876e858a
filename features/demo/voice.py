"""Surveys and the steps of onboarding. Most do not answer; the happy answer more."""

from dataclasses import dataclass

import numpy as np

from features.demo.calendar import WEEK, Calendar, Floats, Ints, Texts
from features.demo.exits import Exits
from features.demo.health import Health, at
from features.demo.people import People
from features.demo.usage import MOST_USERS

EVERY_WEEKS = {"NPS": 13, "CSAT": 26, "CES": 39}
SCALE = {"NPS": (0, 10), "CSAT": (1, 5), "CES": (1, 7)}
MIDDLE = {"NPS": 7.4, "CSAT": 3.9, "CES": 5.0}
BENDS = {"NPS": 1.3, "CSAT": 0.5, "CES": 0.7}
NOISE = {"NPS": 1.6, "CSAT": 0.8, "CES": 1.2}
ANSWERS = -0.7  # log-odds of an answer at health 0
ANSWER_BENDS = 0.5

STEPS = ("workspace_created", "team_invited", "data_connected", "first_value", "training_done")
STEP_DAYS = np.array([0.5, 5.0, 11.0, 22.0, 45.0])
STEP_SHARE = np.array([1.0, 0.93, 0.92, 0.95, 0.55])
STRUGGLE_SHARE = np.array([1.0, 0.75, 0.55, 0.3, 0.2])


@dataclass(frozen=True)
class Answers:
    """One row per answer."""

    rows: Ints
    at: Floats
    kind: Texts
    score: Floats
    user: Ints


def answered(
    rng: np.random.Generator, calendar: Calendar, people: People, health: Health, exits: Exits
) -> Answers:
    """The answers to all surveys."""
    parts = [_answers(rng, calendar, people, health, exits, kind) for kind in EVERY_WEEKS]
    return Answers(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _answers(
    rng: np.random.Generator, calendar: Calendar, people: People, health: Health, exits: Exits,
    kind: str,
) -> tuple[Ints, Floats, Texts, Floats, Ints]:  # fmt: skip
    rows, day = _asked(rng, calendar, people, exits, EVERY_WEEKS[kind])
    felt = at(health.felt, day, rows)
    willing = rng.random(len(rows)) < 1 / (1 + np.exp(-ANSWERS - ANSWER_BENDS * felt))
    rows, felt = rows[willing], felt[willing]
    when = day[willing] + rng.uniform(0.3, 0.8, len(rows))
    raw = MIDDLE[kind] + BENDS[kind] * felt + rng.normal(0, NOISE[kind], len(rows))
    user = np.minimum(rng.geometric(0.5, len(rows)) - 1, np.minimum(people.seats[rows], 20) - 1)
    score = np.clip(np.round(raw), *SCALE[kind])
    return rows, when, np.full(len(rows), kind), score, user.astype(np.int64)


def _asked(
    rng: np.random.Generator, calendar: Calendar, people: People, exits: Exits, every: int
) -> tuple[Ints, Ints]:
    """Everybody at his own time of the quarter, from a month after sign-up on."""
    rounds = calendar.days // (every * WEEK) + 1
    offset = rng.integers(0, every * WEEK, len(people))
    day = (offset[:, None] + np.arange(rounds) * every * WEEK).ravel()
    rows = np.repeat(np.arange(len(people)), rounds)
    kept = (day > people.created[rows] + 30) & (day < exits.ends[rows]) & (day < calendar.days)
    return rows[kept], day[kept]


def reached(rng: np.random.Generator, people: People, exits: Exits) -> tuple[Ints, Ints, Floats]:
    """Steps of onboarding: the life, the step, the day."""
    count, steps = len(people), len(STEPS)
    share = np.where(people.struggled[:, None], STRUGGLE_SHARE, STEP_SHARE)
    slow = np.where(people.struggled, 2.2, 1.0) * rng.gamma(4, 0.25, count)
    day = people.created[:, None] + slow[:, None] * rng.gamma(3, STEP_DAYS / 3, (count, steps))
    # Who fails at one step does not reach the next, except for training.
    passed = (rng.random((count, steps)) < share)
    passed[:, :4] = np.logical_and.accumulate(passed[:, :4], axis=1)
    day[:, :4] = np.maximum.accumulate(day[:, :4], axis=1)
    rows, step = np.nonzero(passed & (day < exits.ends[:, None]) & (people.life == 0)[:, None])
    return rows, step, day[rows, step]


assert MOST_USERS >= 20  # noqa: S101  (answers come from people who exist)
