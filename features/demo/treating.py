"""What the company does about risk: offers and calls, a part of them drawn at random."""

from dataclasses import dataclass

import numpy as np

from features.demo.calendar import WEEK, Calendar, Floats, Ints, Texts, week_of
from features.demo.health import Health, at
from features.demo.people import People

HAZARD_RATIO = 0.7  # what a treatment truly makes of the intent to leave ...
LASTS_WEEKS = 8  # ... and for how long
STARTS = 0.25  # of the observed time
TRIAL_SHARE = 0.05  # of the customers, a month: half treated, half control
CHOSEN_SHARE = 0.04
JUDGEMENT = 1.0  # how far a CSM's idea of health is from the truth
PLAYS = ("training_invitation", "discount_offer", "check_in_call")
CHANNELS = ("email", "email", "call")
COSTS = (15.0, 120.0, 60.0)


@dataclass(frozen=True)
class Treatments:
    """One row per treatment (or control), and weeks x people: what it makes of the intent."""

    rows: Ints
    day: Ints
    play: Ints
    arm: Texts
    eased: Floats


def treated(
    rng: np.random.Generator, calendar: Calendar, people: People, health: Health
) -> Treatments:
    """A monthly round: a few customers drawn at random, others chosen by how they seem."""
    dates = calendar.as_of_days()
    dates = dates[(dates > STARTS * calendar.days) & (dates < calendar.days - WEEK)]
    rounds = [_round(rng, people, health, int(day)) for day in dates]
    rows, arm, day = (np.concatenate(parts) for parts in zip(*rounds, strict=True))
    play = rng.integers(0, len(PLAYS), len(rows))
    eased = np.ones((calendar.weeks, len(people)))
    helped = arm != "control"
    for later in range(1, LASTS_WEEKS + 1):
        week = week_of(day[helped] + later * WEEK, calendar.weeks)
        eased[week, rows[helped]] = HAZARD_RATIO
    return Treatments(rows, day, play, arm, eased)


def _round(
    rng: np.random.Generator, people: People, health: Health, day: int
) -> tuple[Ints, Texts, Ints]:
    here = np.flatnonzero(people.created < day - 30)
    trial = here[rng.random(len(here)) < TRIAL_SHARE]
    seems = at(health.level, np.full(len(here), day), here) + rng.normal(0, JUDGEMENT, len(here))
    worst = here[np.argsort(seems)[: int(CHOSEN_SHARE * len(here))]]
    chosen = np.setdiff1d(worst, trial)
    arm = np.where(rng.random(len(trial)) < 0.5, "random", "control")
    rows = np.concatenate([trial, chosen])
    arms = np.concatenate([arm, np.full(len(chosen), "chosen")])
    return rows, arms, day + rng.integers(1, WEEK, len(rows))
