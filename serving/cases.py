"""Cases: customers with their vectors and what is known of them, ready to be scored.

Few customers are read row by row and computed in plain Python, many in one query per table; both
give the same (a test holds them equal).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isnan
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from features.columns import columns
from features.errors import UnknownCustomer
from features.featureset import FeatureSet, Values
from features.history import History, Known
from features.known_rows import known_rows
from features.languages import marked as _
from features.reference import Plan, vector_of
from features.status import (
    ACTIVE,
    Status,
    status_of,
    status_of_activity,
    statuses,
    statuses_by_activity,
)
from serving.lookup import RowsOf, customer_rows

ATTRIBUTES = ("name", "owner", "segment")
TELLING = ("usage", "tickets", "surveys", "milestones")
LEAST_DAYS = 28  # and in words below
FILTERED = 1_000  # so many customers or fewer are worth a filter on every table
NAMED = 10
# Why nothing is said of a customer. Who has fallen silent is scored: that says much. Only nothing
# at all, ever, says nothing.
INSUFFICIENT: Mapping[str, str] = {
    "not_subscribed": _("Has never subscribed."),
    "ended": _("The subscription has ended."),
    "inactive": _("Has stopped using the product already."),
    "notice_given": _("Has given notice: the end is known, not predicted."),
    "dunning": _("Payments have failed for 60 days: a matter for billing, not for a prediction."),
    "too_new": _("Signed up less than 28 days ago: there is too little to go by."),
    "nothing_known": _("No use, ticket, survey or milestone is known: there is nothing to go by."),
}
GONE = ("not_subscribed", "ended", "inactive")


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of a customer beside its vector; `insufficient` is a key of INSUFFICIENT."""

    customer_id: str
    name: str | None = None
    owner: str | None = None
    segment: str | None = None
    status: str | None = None
    insufficient: str | None = None


@dataclass(frozen=True)
class Cases:
    """Customers and, in the same order, the columns of their vectors."""

    people: tuple[Person, ...]
    columns: Mapping[str, Values]

    def where(self, chosen: NDArray[np.int64]) -> "Cases":
        """Some of them."""
        people = tuple(self.people[place] for place in chosen)
        return Cases(people, {name: values[chosen] for name, values in self.columns.items()})

    def __len__(self) -> int:
        return len(self.people)

    def part(self, begin: int, size: int) -> "Cases":
        """So many of them from a place on."""
        return self.where(np.arange(begin, begin + size))

    def number(self, place: int, name: str) -> float | None:
        """One value of one vector; None where it is missing, or no feature of the model."""
        value = self.columns[name][place] if name in self.columns else None
        return None if value is None or isnan(value) else float(value)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """One value of every vector; NaN where it is missing, or no feature of the model."""
        if name in self.columns:
            return np.asarray(self.columns[name], np.float64)
        return np.full(len(self.people), np.nan)

    def word(self, place: int, name: str) -> str | None:
        """The same of a feature that is a word."""
        value = self.columns[name][place] if name in self.columns else None
        return None if value is None else str(value)


class Listed(Protocol):
    """Cases in an order, of which a part may be asked for: `Cases`, or those kept in a file."""

    def __len__(self) -> int:
        """How many there are."""

    def part(self, begin: int, size: int) -> Cases:
        """So many of them from a place on."""


def blocks(cases: Listed, at_once: int, begin: int = 0) -> Iterator[Cases]:
    """All from place `begin` on, so many at a time."""
    for start in range(begin, len(cases), at_once):
        yield cases.part(start, min(at_once, len(cases) - start))


def few(
    plan: Plan, history: History, customers: Sequence[str], as_of: date, use_days: int | None
) -> Cases:
    """Some customers by id, from their rows; `use_days` is for businesses without contracts.

    Raises:
        UnknownCustomer: Not all of them were customers on the date; it names those.
    """
    rows = _rows(history, customers)
    _require(customers, [c for c in customers if _attributes(rows.get(c, {}), as_of)], as_of)
    telling = [name for name in TELLING if name in history.tables]
    people = [_person(c, rows[c], as_of, use_days, telling) for c in customers]
    vectors = [vector_of(plan, rows[c], as_of) for c in customers]
    return Cases(tuple(people), stacked(plan.features, vectors))


def many(
    features: FeatureSet,
    history: History,
    customers: Sequence[str],
    as_of: date,
    use_days: int | None,
) -> Cases:
    """The same for any number of customers.

    Raises:
        UnknownCustomer: Not all of them were customers on the date; it names those.
    """
    some = history.of(list(customers)) if len(customers) <= FILTERED else history
    everyone = everybody(some.known(as_of), as_of, use_days)
    people = {person.customer_id: person for person in everyone}
    _require(customers, people, as_of)
    return Cases(tuple(people[c] for c in customers), columns(features, some, as_of, customers))


def everybody(known: Known, as_of: date, use_days: int | None) -> list[Person]:
    """Every customer known on a date, by customer_id, without their vectors."""
    status = statuses_by_activity(known, use_days) if use_days else statuses(known)
    telling = _telling(known)
    rows = known.tables["customers"].select("customer_id", "days_ago", *ATTRIBUTES)
    found = sorted(rows.to_pyarrow().to_pylist(), key=lambda row: str(row["customer_id"]))
    return [
        person_of(row, status[row["customer_id"]], telling is None or row["customer_id"] in telling)
        for row in found
    ]


def stacked(features: FeatureSet, vectors: Sequence[Mapping[str, Any]]) -> dict[str, Values]:
    """Vectors of single customers as columns."""
    names = [*features.names, *features.baselines]
    kinds = {name: object if name in features.categorical else np.float64 for name in names}
    return {n: np.array([vector[n] for vector in vectors], kinds[n]) for n in names}


def _person(
    customer: str, rows: RowsOf, as_of: date, use_days: int | None, telling: Sequence[str]
) -> Person:
    status = status_of_activity(rows, as_of, use_days) if use_days else status_of(rows, as_of)
    heard = any(known_rows(name, rows.get(name, ()), as_of)["days_ago"] for name in telling)
    return person_of(
        {"customer_id": customer, **_attributes(rows, as_of)}, status, heard or not telling
    )


def _attributes(rows: RowsOf, as_of: date) -> dict[str, Any]:
    """The customer's own row, if it was known on the date."""
    known = known_rows("customers", rows.get("customers", ()), as_of)
    found = zip(*(known[name] for name in ("days_ago", *ATTRIBUTES)), strict=True)
    return dict(zip(("days_ago", *ATTRIBUTES), next(found, ()), strict=False))


def person_of(row: Mapping[str, Any], status: Status, heard: bool) -> Person:
    insufficient: str | None = None if status == ACTIVE else status
    if insufficient is None and row["days_ago"] < LEAST_DAYS:
        insufficient = "too_new"
    if insufficient is None and not heard:
        insufficient = "nothing_known"
    told = {name: row[name] for name in ATTRIBUTES}
    return Person(row["customer_id"], **told, status=status, insufficient=insufficient)


def _telling(known: Known) -> set[str] | None:
    """The customers of whom more is known than their contract; None where no table could say."""
    tables = [known.tables[name] for name in TELLING if name in known.tables]
    ids = (rows.select("customer_id").distinct().to_pyarrow()["customer_id"] for rows in tables)
    return {customer for found in ids for customer in found.to_pylist()} if tables else None


def _rows(history: History, customers: Sequence[str]) -> Mapping[str, RowsOf]:
    """All rows of some customers, by customer and table."""
    if len(customers) == 1:
        return {customer: customer_rows(history, customer) for customer in customers}
    return rows_of(history.of(list(customers)))


def rows_of(history: History) -> dict[str, RowsOf]:
    """All rows of a history, by customer and table."""
    found: dict[str, RowsOf] = {}
    for name, rows in history.tables.items():
        for row in rows.to_pyarrow().to_pylist():
            found.setdefault(row["customer_id"], {}).setdefault(name, []).append(row)
    return found


def _require(asked: Sequence[str], known: Mapping[str, Any] | Sequence[str], as_of: date) -> None:
    if missing := sorted(set(asked) - set(known)):
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        raise UnknownCustomer(f"No customer {', '.join(missing[:NAMED])}{more} on {as_of}.")
