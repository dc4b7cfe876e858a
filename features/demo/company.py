"""The made-up company as a whole: from a seed to tables and truth."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from features.demo import contracts, events, people, support, truth, usage, voice
from features.demo.arrays import Columns, joined
from features.demo.calendar import Calendar
from features.demo.dirt import spoiled
from features.demo.lives import Lives, lived, returning
from features.demo.recorded import recorded
from features.tables import TABLES

ENDS = date(2026, 11, 1)


@dataclass(frozen=True)
class Demo:
    """All canonical tables as Arrow tables, and the latent truth behind them."""

    tables: dict[str, Any]
    truth: pd.DataFrame


def simulate(
    customers: int = 5000,
    months: int = 24,
    seed: int = 7,
    ends: date = ENDS,
    progress: Callable[[str], None] = lambda stage: None,
) -> Demo:
    """A made-up company's history of so many months before `ends`, which nobody has seen yet.

    The same arguments give the same tables. `progress` is told each stage as it begins.

    Raises:
        ValueError: There are too few customers or months to tell a story.
    """
    if customers < 20 or months < 3:
        raise ValueError(f"A demo needs 20 customers and 3 months: {customers=}, {months=}.")
    rng, calendar = np.random.default_rng(seed), Calendar.ending(ends, months)
    progress("lives")
    first = lived(rng, calendar, people.signed_up(rng, calendar, customers))
    lives = (first, lived(rng, calendar, returning(rng, first)))
    progress("usage")
    staff = [usage.staff(rng, some) for some in lives]
    days = [usage.active(rng, *pair) for pair in zip(lives, staff, strict=True)]
    used = {"usage": events.table(rng, calendar, staff, days)}
    progress("tables")
    made = {name: recorded(calendar, TABLES[name], c) for name, c in _columns(rng, lives).items()}
    tables = spoiled(used | made)
    progress("truth")
    known = pd.concat([truth.told(some) for some in lives], ignore_index=True)
    return Demo({name: tables[name] for name in TABLES}, known)


def _columns(rng: np.random.Generator, lives: tuple[Lives, Lives]) -> dict[str, Columns]:
    """The columns of every table but usage, of first and later lives together."""
    first, second = (_tables(rng, some) for some in lives)
    return {name: joined(first[name], second[name]) for name in first}


def _tables(rng: np.random.Generator, lives: Lives) -> dict[str, Columns]:
    invoices, payments = contracts.billed(rng, lives)
    return {
        "customers": contracts.customers(rng, lives),
        "subscriptions": contracts.subscriptions(rng, lives),
        "tickets": support.tickets(rng, lives),
        "invoices": invoices,
        "payments": payments,
        "surveys": voice.surveys(rng, lives),
        "milestones": voice.milestones(rng, lives),
        "treatments": contracts.treatments(lives),
    }
