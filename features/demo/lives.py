"""All that the demo's process makes of some people: what they feel, mean, pay, and how it ends."""

from dataclasses import dataclass, replace

import numpy as np

from features.demo import billing, exits, health, intent, seats, treating
from features.demo.arrays import NEVER, Flags, Ints, Texts
from features.demo.calendar import Calendar
from features.demo.names import customer_ids
from features.demo.people import People

RETURNS = {"voluntary": 0.05, "involuntary": 0.12, "other": 0.0}
AWAY_DAYS = {"voluntary": (40, 200), "involuntary": (3, 26), "other": (1, 2)}


@dataclass(frozen=True)
class Lives:
    """Every part of the process for the same people, row by row."""

    calendar: Calendar
    people: People
    health: health.Health
    seats: seats.Seats
    treatments: treating.Treatments
    intents: intent.Intents
    invoices: billing.Invoices
    exits: exits.Exits

    def ids(self, rows: Ints) -> Texts:
        """The customers' ids."""
        return customer_ids(self.people.customer[rows])

    def lasts(self, rows: Ints, day: Ints) -> Flags:
        """Whether a life is under way on a day that is observed."""
        seen = day < self.calendar.days
        return np.asarray(seen & (day > self.people.created[rows]) & (day < self.exits.ends[rows]))


def lived(rng: np.random.Generator, calendar: Calendar, people: People) -> Lives:
    """The process: causes first, then what follows; nothing is drawn from an outcome."""
    feels = health.lived(rng, calendar, people)
    buys = seats.bought(rng, calendar, people, feels)
    treated = treating.treated(rng, calendar, people, feels)
    means = intent.formed(rng, calendar, people, feels, treated.eased)
    pays = billing.issued(rng, calendar, people, feels, buys)
    ends = exits.ended(rng, calendar, people, feels, means, pays)
    return Lives(calendar, people, feels, buys, treated, means, pays, ends)


def returning(rng: np.random.Generator, lives: Lives) -> People:
    """Who comes back: a few who did not pay, soon; fewer who had left of their own will, later."""
    gone = np.flatnonzero(lives.exits.ends < NEVER)
    reason = lives.exits.reason[gone]
    back = gone[rng.random(len(gone)) < np.array([RETURNS[str(r)] for r in reason])]
    away = np.array([AWAY_DAYS[str(r)] for r in lives.exits.reason[back]]).reshape(-1, 2)
    day = lives.exits.ends[back] + rng.integers(away[:, 0], away[:, 1])
    day = lives.calendar.early(day)
    again = lives.people.of(back[day > lives.exits.ends[back]])
    day = day[day > lives.exits.ends[back]]
    return replace(
        again, created=day, life=again.life + 1, struggled=np.zeros_like(again.struggled)
    )
