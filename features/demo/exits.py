"""How a life ends: at a renewal after notice, for want of payment, or for causes nobody sees."""

from dataclasses import dataclass

import numpy as np

from features.demo.arrays import NEVER, Flags, Ints, Texts
from features.demo.billing import Invoices
from features.demo.calendar import WEEK, Calendar
from features.demo.health import Health
from features.demo.intent import Intents
from features.demo.people import People

UNSEEN_A_YEAR = 0.032  # mergers, bankruptcies: the same for everybody
RECENT_WEEKS = 26
MINDS_PRICES = 1.0
REASONS = ("voluntary", "involuntary", "other")


@dataclass(frozen=True)
class Exits:
    """One row per life: the day it ends or NEVER, how (a contract's end_reason), why, and notice.

    `cause` is the truth's word: what had last happened to health when the intent was formed.
    """

    ends: Ints
    reason: Texts
    cause: Texts
    notice: Ints

    def at_risk(self, people: People, day: int) -> Flags:
        """Whose subscription runs on a day without notice given."""
        return np.asarray((people.created < day) & (self.ends > day) & (self.notice >= day))


def ended(
    rng: np.random.Generator, calendar: Calendar, people: People, health: Health, intents: Intents,
    invoices: Invoices,
) -> Exits:  # fmt: skip
    """Whatever comes first ends the life."""
    began, count = np.maximum(people.created, 0), len(people)
    unseen = began + 1 + rng.exponential(365 / UNSEEN_A_YEAR, count).astype(np.int64)
    ways = np.array([intents.ends, invoices.given_up(count), unseen])
    way, ends = ways.argmin(axis=0), ways.min(axis=0)
    over = ends < calendar.lived
    why = [_why(calendar, people, health, intents), np.full(count, "payment")]
    cause = np.select([way == 0, way == 1], why, "merger")
    return Exits(
        ends=np.where(over, ends, NEVER),
        reason=np.where(over, np.array(REASONS)[way], ""),
        cause=np.where(over, cause, ""),
        notice=np.where(intents.notice < ends, intents.notice, NEVER),
    )


def _why(calendar: Calendar, people: People, health: Health, intents: Intents) -> Texts:
    week = calendar.week(intents.formed)
    onboarding = people.struggled & _recent(week, people.created // WEEK)
    hurt = _recent(week, _last_hit(week, health.outage | health.trouble))
    dearer = np.any(
        [_recent(week, np.full_like(week, d // WEEK)) for d in health.announced], axis=0
    )
    known = {
        "champion": _recent(week, health.champion_left // WEEK),
        "onboarding": onboarding,
        "incident": hurt,
        "price": dearer & (people.price_care > MINDS_PRICES),
    }
    return np.select(list(known.values()), [np.full(len(week), name) for name in known], "fit")


def _last_hit(week: Ints, hit: Flags) -> Ints:
    """The last week up to a given one in which each was hit; long ago if never."""
    weeks = np.arange(len(hit))[:, None]
    return np.asarray(np.where(hit & (weeks <= week), weeks, -NEVER).max(axis=0))


def _recent(week: Ints, happened: Ints) -> Flags:
    return np.asarray((happened <= week) & (happened > week - RECENT_WEEKS))
