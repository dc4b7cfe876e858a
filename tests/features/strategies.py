"""Random histories that go where mistakes hide: midnights, late arrivals, reveals, ties, nothing.

Rows are drawn by hypothesis out of pools, so that many customers cost few draws and an example that
fails shrinks to the few rows that matter. Numbers are quarters: their sums are exact.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import cache, partial
from random import Random
from typing import Any

from hypothesis import strategies as st

from features.derived import midnight
from features.tables import TABLES, Table, arrival_of

Row = dict[str, Any]
LATEST = date(2024, 3, 1)
DATES = [date(2024, 2, 2), date(2024, 2, 29), LATEST]
CUSTOMERS = [f"c{number:02}" for number in range(16)]
POOL = 200
DAYS = [
    -30,
    -1,
    *range(0, 9),
    27,
    28,
    29,
    30,
    55,
    56,
    57,
    58,
    83,
    84,
    85,
    112,
    113,
    168,
    169,
    200,
    250,
    300,
    400,
]
CLOCK = [
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(hours=10, milliseconds=700),
    timedelta(hours=10, milliseconds=700),
    timedelta(hours=23, minutes=59, seconds=59, microseconds=999_999),
]
LATER = [timedelta(days=days) for days in (-2, 0, 0, 1, 3, 40)]
CHOICES: dict[str, list[Any]] = {
    "event": ["login", "export", "import", ""],
    "user_id": [None, "ann", "bob", "Cy", "dé"],
    "quantity": [None, 0.0, 1.0, 2.5, 3.0],
    "priority": [None, "low", "normal", "high", "urgent"],
    "csat": [None, 1.0, 3.0, 4.0, 5.0],
    "handle_minutes": [None, 0.0, 12.5, 90.0],
    "status": ["succeeded", "failed", "refunded"],
    "kind": ["NPS", "CSAT", "CES"],
    "score": [1.0, 3.0, 5.0, 10.0],
    "milestone": ["first_value", "invited", "set up"],
    "subscription_id": ["s1", "s2", "s3"],
    "plan": [None, "basic", "team", "Team"],
    "seats": [None, 0.0, 5.0, 12.0],
    "mrr": [None, 0.0, 10.0, 10.0, 99.75],
    "term_months": [None, 1.0, 12.0, 24.0],
    "auto_renew": [None, True, False],
    "end_reason": [None, "voluntary", "involuntary", "other"],
    "complaint": [None, True, False],
    "amount": [None, -2.5, 0.0, 0.1, 19.99, 80.5],
    "touch": [None, "tech", "high"],
    "country": [None, "NO", "PT"],
    "segment": [None, "small", "enterprise"],
    "channel": [None, "email", "phone"],
}


def histories() -> st.SearchStrategy[dict[str, list[Row]]]:
    """Histories of up to 16 customers: a list of rows per table; tables may be empty."""
    return st.fixed_dictionaries({name: _rows(name) for name in TABLES})


def random_history(random: Random, customers: Sequence[str] = CUSTOMERS) -> dict[str, list[Row]]:
    """One history, always the same for a seed."""
    drawn = {name: [(c, random.choice(_pool(name))) for c in customers] for name in TABLES}
    return {name: _given(name, bundles) for name, bundles in drawn.items()}


def of_customer(history: dict[str, list[Row]], customer: str) -> dict[str, list[Row]]:
    """One customer's rows of a history."""
    return {n: [r for r in rows if r["customer_id"] == customer] for n, rows in history.items()}


def _rows(name: str) -> st.SearchStrategy[list[Row]]:
    bundle = st.tuples(st.sampled_from(CUSTOMERS), st.sampled_from(_pool(name)))
    bundles = st.lists(bundle, max_size=8) | st.lists(bundle, min_size=12, max_size=24)
    return bundles.map(partial(_given, name))


def _given(name: str, bundles: Iterable[tuple[str, list[Row]]]) -> list[Row]:
    """The rows of bundles, each given to its customer."""
    return _valid(name, [row | {"customer_id": c} for c, bundle in bundles for row in bundle])


def _valid(name: str, rows: list[Row]) -> list[Row]:
    """A customer is there once, a subscription changes once in a moment; other rows may repeat."""
    if name not in ("customers", "subscriptions"):
        return rows
    key = ["customer_id", *TABLES[name].key]
    return list({tuple(row[column] for column in key): row for row in rows}.values())


@cache
def _pool(name: str) -> list[list[Row]]:
    """Bundles of rows of a table, without their customer."""
    random = Random(name)
    return [[_row(TABLES[name], random) for _ in range(random.randint(1, 8))] for _ in range(POOL)]


def _row(table: Table, random: Random) -> Row:
    at = midnight(LATEST) - timedelta(days=random.choice(DAYS)) + random.choice(CLOCK)
    row: Row = {table.at: at, "known_at": _arrival(at, random)}
    for moment in table.reveals:
        row[moment] = random.choice([None, at, at + random.choice(LATER) + random.choice(CLOCK)])
        row[arrival_of(moment)] = random.choice([None, _arrival(row[moment] or at, random)])
    for column in table:
        if column.name in CHOICES:
            row[column.name] = random.choice(CHOICES[column.name])
        elif column.name in table.key and column.kind == "text":
            row[column.name] = f"{column.name}-{random.randint(1, 99)}"
        elif column.name in ("due_at", "term_ends_at"):
            row[column.name] = random.choice(
                [None, at + timedelta(days=random.choice([0, 14, 40]))]
            )
    return row


def _arrival(at: datetime, random: Random) -> datetime | None:
    """Mostly nothing; else before, with or after the moment itself, or at a midnight."""
    moments = [at + random.choice(LATER), midnight(random.choice(DATES))]
    return random.choice([None, None, None, *moments])
