"""Surveys and the steps of onboarding. Most do not answer; the happy answer more."""

from dataclasses import dataclass

import numpy as np

from features.demo.arrays import Columns, Ints, happens, joined
from features.demo.calendar import WEEK, at
from features.demo.lives import Lives
from features.demo.names import texts
from features.demo.recorded import late


@dataclass(frozen=True)
class Survey:
    """A question: how often it is asked, its scale, and how answers follow what people feel."""

    kind: str
    weeks: int
    scale: tuple[int, int]
    middle: float
    bends: float
    noise: float


SURVEYS = (
    Survey("NPS", weeks=13, scale=(0, 10), middle=7.4, bends=1.3, noise=1.6),
    Survey("CSAT", weeks=26, scale=(1, 5), middle=3.9, bends=0.5, noise=0.8),
    Survey("CES", weeks=39, scale=(1, 7), middle=5.0, bends=0.7, noise=1.2),
)
ANSWERS, ANSWER_BENDS = -0.7, 0.5  # the log-odds of an answer at health 0
SETTLED_DAYS = 30  # after sign-up, before one is asked
LATE_ANSWERS = 0.04

STEPS = ("workspace_created", "team_invited", "data_connected", "first_value", "training_done")
CHAIN = 4  # the first steps, each of which needs the one before
STEP_DAYS = np.array([0.5, 5.0, 11.0, 22.0, 45.0])
STEP_SHARE = np.array([1.0, 0.93, 0.92, 0.95, 0.55])
STRUGGLE_SHARE = np.array([1.0, 0.75, 0.55, 0.3, 0.2])
STRUGGLE_SLOWS = 2.2


def surveys(rng: np.random.Generator, lives: Lives) -> Columns:
    """The answers to all surveys."""
    first, *others = (_answers(rng, lives, survey) for survey in SURVEYS)
    for other in others:
        first = joined(first, other)
    return first


def _answers(rng: np.random.Generator, lives: Lives, survey: Survey) -> Columns:
    rows, day = _asked(rng, lives, survey.weeks * WEEK)
    felt = at(lives.health.felt, day, rows)
    willing = happens(rng, ANSWERS + ANSWER_BENDS * felt)
    rows, day, felt = rows[willing], day[willing], felt[willing]
    when = day + rng.uniform(0.3, 0.8, len(rows))
    score = survey.middle + survey.bends * felt + rng.normal(0, survey.noise, len(rows))
    people = np.maximum(np.ceil(lives.people.seats[rows] * lives.people.adoption[rows]), 1)
    user = np.minimum(rng.geometric(0.5, len(rows)), np.minimum(people, 9)).astype(np.int64) - 1
    customers = lives.ids(rows)
    return {
        "customer_id": customers,
        "at": lives.calendar.moment(when),
        "kind": np.full(len(rows), survey.kind),
        "score": np.clip(np.round(score), *survey.scale),
        "user_id": texts(customers, np.full(len(rows), "-"), user.astype(np.str_)),
        "known_at": late(rng, lives.calendar, when, LATE_ANSWERS),
    }


def _asked(rng: np.random.Generator, lives: Lives, every: int) -> tuple[Ints, Ints]:
    """Everybody at his own time of the quarter, while the subscription runs."""
    rounds = lives.calendar.days // every + 1
    first = rng.integers(0, every, len(lives.people))
    day = (first[:, None] + np.arange(rounds) * every).ravel()
    rows = np.repeat(np.arange(len(lives.people)), rounds)
    asked = lives.lasts(rows, day) & (day > lives.people.created[rows] + SETTLED_DAYS)
    return rows[asked], day[asked]


def milestones(rng: np.random.Generator, lives: Lives) -> Columns:
    """Steps of onboarding; who comes back is not onboarded again."""
    people, count = lives.people, len(lives.people)
    share = np.where(people.struggled[:, None], STRUGGLE_SHARE, STEP_SHARE)
    pace = np.where(people.struggled, STRUGGLE_SLOWS, 1.0) * rng.gamma(4, 0.25, count)
    took = pace[:, None] * rng.gamma(3, STEP_DAYS / 3, (count, len(STEPS)))
    done = rng.random(took.shape) < share
    done[:, :CHAIN] = np.logical_and.accumulate(done[:, :CHAIN], axis=1)
    took[:, :CHAIN] = np.maximum.accumulate(took[:, :CHAIN], axis=1)
    day = people.created[:, None] + 1.0 + took
    done &= (day < lives.exits.ends[:, None]) & (people.life == 0)[:, None]
    rows, step = np.nonzero(done)
    return {
        "customer_id": lives.ids(rows),
        "at": lives.calendar.moment(day[rows, step]),
        "milestone": np.array(STEPS)[step],
    }
