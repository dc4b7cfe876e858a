"""A made-up company small enough to read: whoever leaves fades and complains first."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

AS_OF = date(2026, 11, 1)
MIDNIGHT = datetime(2026, 11, 1)
NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
CUSTOMERS = tuple(f"c{n:03}" for n in range(220))
# Customers of whom something is special, each named after it.
ODD = ("ended", "noticed", "broke", "newcomer", "unheard", "tomorrow")
FADING_DAYS = 70

Row = dict[str, Any]


def days_ago(days: float) -> datetime:
    """A moment before the midnight that the as-of date stands for."""
    return MIDNIGHT - timedelta(days=float(days))


@dataclass
class Company:
    """Tables being filled, customer by customer, from one random stream."""

    rng: np.random.Generator
    tables: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: str, customer: str, **values: Any) -> None:
        self.tables.setdefault(table, []).append({"customer_id": customer, **values})

    def customer(self, n: int) -> None:
        """Two in five leave some day, a few of them after the as-of date."""
        customer, since = CUSTOMERS[n], int(self.rng.integers(120, 500))
        leaves = int(self.rng.integers(-60, 420)) if self.rng.random() < 0.4 else None
        segment = "small" if n % 3 else "enterprise"
        owner, name = "Kim" if n % 2 else "Ana", f"Firm {n}"
        created = days_ago(since)
        self.add("customers", customer, name=name, created_at=created, segment=segment, owner=owner)
        self.subscribed(customer, since, leaves, mrr=40.0 + 15 * (n % 9), term_ends=n % 90)
        score = float(self.rng.integers(3, 11))
        self.add("surveys", customer, at=days_ago(since - 60), kind="NPS", score=score)
        for day in range(max(leaves or 0, 0) + 1, since, 3):
            self.day(customer, day, leaves is not None and day < leaves + FADING_DAYS)

    def subscribed(
        self, customer: str, since: int, leaves: int | None, mrr: float, term_ends: int
    ) -> None:
        state = {"at": days_ago(since), "plan": "team", "seats": 5.0, "mrr": mrr}
        ended = days_ago(leaves) if leaves and leaves > 0 else None
        term = {"term_months": 12.0, "term_ends_at": days_ago(-term_ends), "auto_renew": True}
        self.add(
            "subscriptions", customer, subscription_id=customer, ended_at=ended, **state, **term
        )

    def day(self, customer: str, day: int, fading: bool) -> None:
        if self.rng.random() < (0.25 if fading else 0.9):
            user, often = f"{customer}-{self.rng.integers(5)}", float(self.rng.integers(1, 9))
            used = {"event": "login", "user_id": user, "quantity": often}
            self.add("usage", customer, at=days_ago(day + 0.4), **used)
        if self.rng.random() < (0.1 if fading else 0.02):
            ticket = {"ticket_id": f"{customer}-{day}", "complaint": fading}
            self.add("tickets", customer, opened_at=days_ago(day), **ticket)

    def odd(self) -> None:
        """One customer for each reason to say nothing, and one who signs up tomorrow."""
        since = {"newcomer": 27, "tomorrow": 0}
        for odd in ODD:
            day = since.get(odd, 200)
            ended = days_ago(2) if odd == "ended" else None
            notice = days_ago(2) if odd == "noticed" else None
            state = {"at": days_ago(day), "ended_at": ended, "cancel_requested_at": notice}
            self.add("customers", odd, created_at=days_ago(day))
            self.add("subscriptions", odd, subscription_id=odd, mrr=10.0, **state)
        self.add("invoices", "broke", invoice_id="i", issued_at=days_ago(80), due_at=days_ago(75))
        for day in (9, 8, 7):
            self.add("payments", "broke", invoice_id="i", at=days_ago(day), status="failed")


def made_up() -> dict[str, pd.DataFrame]:
    """The company's tables."""
    company = Company(np.random.default_rng(3))
    for n in range(len(CUSTOMERS)):
        company.customer(n)
    company.odd()
    return {name: pd.DataFrame(rows) for name, rows in company.tables.items()}
