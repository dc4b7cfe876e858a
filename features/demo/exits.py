"""How a life ends: at a renewal after notice, for want of payment, or for causes nobody sees."""

from dataclasses import dataclass

import numpy as np

from features.demo.billing import Invoices
from features.demo.calendar import NEVER, WEEK, Calendar, Flags, Floats, Ints, Texts, week_of
from features.demo.health import Health
from features.demo.intent import Intents
from features.demo.people import People

UNSEEN_A_YEAR = 0.027  # mergers, bankruptcies: the same for everybody
RECENT_WEEKS = 26
REASONS = ("voluntary", "involuntary", "other")


@dataclass(frozen=True)
class Exits:
    """One row per life: the day it ends or NEVER, how, why (the truth's word), and notice's day."""

    ends: Ints
    reason: Texts
    cause: Texts
    notice: Ints

    def alive(self, people: People, day: Ints) -> Flags:
        """Whose subscription runs on a day."""
        return np.asarray((people.created < day) & (self.ends > day))


def ended(
    rng: np.random.Generator,
    calendar: Calendar,
    people: People,
    health: Health,
    intents: Intents,
    invoices: Invoices,
) -> Exits:
    """Whatever comes first ends the life."""
    began = np.maximum(people.created, 0)
    unseen = began + 1 + rng.exponential(365 / UNSEEN_A_YEAR, len(people)).astype(np.int64)
    ways = np.array([intents.ends, invoices.unpaid_by(len(people)), unseen])
    way, ends = ways.argmin(axis=0), ways.min(axis=0)
    last = calendar.weeks * WEEK
    ends = np.where(ends < last, ends, NEVER)
    reason = np.where(ends < NEVER, np.array(REASONS)[way], "")
    why = np.array([_why(calendar, people, health, intents), *_both("payment", "merger", people)])
    cause = np.where(ends < NEVER, why[way, np.arange(len(people))], "")
    notice = np.where((way == 0) | (intents.notice < ends), intents.notice, NEVER)
    return Exits(ends, reason, cause, np.where(notice < last, notice, NEVER))


def _both(first: str, second: str, people: People) -> tuple[Texts, Texts]:
    return np.full(len(people), first), np.full(len(people), second)


def _why(calendar: Calendar, people: People, health: Health, intents: Intents) -> Texts:
    """What had last happened to health when the intent formed; poor fit if nothing had."""
    week = week_of(intents.formed, calendar.weeks)
    champion = _recent(week, health.champion_left // WEEK)
    hit = np.where(health.incident, np.arange(calendar.weeks)[:, None], -NEVER)
    incident = _recent(week, np.where(hit <= week, hit, -NEVER).max(axis=0))
    price = np.max([_recent(week, day // WEEK) for day in health.price_days], axis=0)
    onboarding = _recent(week, people.created // WEEK) & people.struggled
    known = [champion, onboarding, incident, price & (people.price_care > 1)]
    return np.select(known, ["champion", "onboarding", "incident", "price"], "fit")


def _recent(week: Ints, happened: Ints | Floats) -> Flags:
    return np.asarray((happened <= week) & (happened > week - RECENT_WEEKS))
