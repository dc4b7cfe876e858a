"""What the company does about risk: offers and calls, a part of them drawn at random."""

from dataclasses import dataclass

import numpy as np

from features.demo.arrays import Floats, Ints, Texts
from features.demo.calendar import WEEK, Calendar, at
from features.demo.health import Health
from features.demo.people import People

HAZARD_RATIO = 0.7  # what a treatment truly makes of the intent to leave ...
LASTS_WEEKS = 8  # ... and for how long
STARTS = 0.25  # of the observed time
KNOWN_DAYS = 30  # nobody newer is treated
TRIAL_SHARE = 0.05  # of the customers, a month: half treated, half control
CHOSEN_SHARE = 0.04
MISJUDGED = 1.0  # how far a CSM's idea of health is from the truth
PLAYS = ("training_invitation", "discount_offer", "check_in_call")


@dataclass(frozen=True)
class Treatments:
    """One row per treatment or control; `eased` is weeks x people, what it makes of the intent."""

    rows: Ints
    day: Ints
    arm: Texts
    play: Ints
    eased: Floats


def treated(
    rng: np.random.Generator, calendar: Calendar, people: People, health: Health
) -> Treatments:
    """A monthly round: a few customers drawn at random, others chosen by how they seem."""
    dates = calendar.as_of_days()
    dates = dates[(dates > STARTS * calendar.days) & (dates < calendar.days - WEEK)]
    nobody = (np.empty(0, np.int64), np.empty(0, "<U7"), np.empty(0, np.int64))
    rounds = [nobody, *(_round(rng, people, health, int(day)) for day in dates)]
    rows, arm, day = (np.concatenate(parts) for parts in zip(*rounds, strict=True))
    play = rng.integers(0, len(PLAYS), len(rows))
    helped = arm != "control"
    return Treatments(
        rows, day, arm, play, _eased(calendar, len(people), rows[helped], day[helped])
    )


def _round(
    rng: np.random.Generator, people: People, health: Health, day: int
) -> tuple[Ints, Texts, Ints]:
    here = np.flatnonzero(people.created < day - KNOWN_DAYS)
    trial = here[rng.random(len(here)) < TRIAL_SHARE]
    seems = at(health.level, np.full(len(here), day), here) + rng.normal(0, MISJUDGED, len(here))
    worst = here[np.argsort(seems)[: int(CHOSEN_SHARE * len(here))]]
    chosen = np.setdiff1d(worst, trial)
    arm = np.where(rng.random(len(trial)) < 0.5, "random", "control")
    rows = np.concatenate([trial, chosen])
    arms = np.concatenate([arm, np.full(len(chosen), "chosen")])
    return rows, arms, day + rng.integers(1, WEEK, len(rows))


def _eased(calendar: Calendar, count: int, rows: Ints, day: Ints) -> Floats:
    eased = np.ones((calendar.weeks, count))
    for later in range(1, LASTS_WEEKS + 1):
        eased[calendar.week(day + later * WEEK), rows] = HAZARD_RATIO
    return eased
