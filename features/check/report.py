"""The report: every finding about a history, and the account of its rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from features.check.aside import TableRows, judged_tables, kept_in_doubt, repeated, set_aside
from features.check.book import left, months, never_subscribed, one_moment, silent, size, stale
from features.check.finding import Finding, Severity
from features.check.schema import schema
from features.check.values import values
from features.errors import ContractError
from features.history import History
from features.sources import found_at
from features.sources.canonical import ISO, absent, canonical
from features.sources.found import Found
from features.tables import TABLES
from features.usable import Account, Outside

if TYPE_CHECKING:
    from features.settings import Settings


@dataclass(frozen=True)
class Terms:
    """What a history is judged by: as in the settings of the same names."""

    date_format: str = ISO
    outside_subscription: Outside = "keep"
    contracts: bool = True
    inactivity_days: int = 60
    gap_days: int = 30
    currency: str = "USD"
    freshness_days: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: "Settings") -> "Terms":
        """What the settings say a history is to be judged by."""
        return cls(
            date_format=settings.date_format or "",
            outside_subscription=settings.usage_outside_subscription,
            contracts=settings.label == "contract",
            inactivity_days=settings.inactivity_days,
            gap_days=settings.gap_days,
            currency=settings.currency,
            freshness_days=settings.freshness_days,
        )


@dataclass(frozen=True)
class Report:
    """What is wrong with a history as of `now`, and what it amounts to.

    `months` is how long customers were watched; `churned` how many customers left in that time.
    """

    now: datetime
    findings: tuple[Finding, ...]
    tables: Mapping[str, TableRows]
    customers: int
    churned: int
    months: float

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(f for f in self.findings if f.severity is severity)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What makes the tables unusable: training stops."""
        return self.of(Severity.ERROR)

    @property
    def accounts(self) -> Mapping[str, Account]:
        """Rows in, used and set aside by reason, by table."""
        return {name: rows.account for name, rows in self.tables.items()}


def report(source: str | Found | History, now: datetime, terms: Terms | None = None) -> Report:
    """Everything that is wrong with a history: a location, tables as found, or a `History`.

    Costs two scans a table. Rows of tables that cannot be read at all are not counted.

    Raises:
        SourceError: There is nothing to read at the location.
    """
    judged_by = terms or Terms()
    found = _found(source)
    named = list(schema(found, judged_by.contracts))
    whole = {n: t for n, t in found.tables.items() if not absent(TABLES[n], t)}
    for name, rows in whole.items():
        named += values(TABLES[name], rows, judged_by.date_format, judged_by.currency)
    if "customers" not in whole:
        return Report(now, _ordered(named), {}, 0, 0, 0.0)
    return _of_rows(canonical(whole, judged_by.date_format), now, judged_by, named)


def refuse_errors(told: Report) -> None:
    """Stops training on tables that cannot be used.

    Raises:
        ContractError: The report holds errors; the message names each and what to do.
    """
    if told.errors:
        said = " ".join(f"{finding.what} {finding.do}" for finding in told.errors)
        raise ContractError(f"The history cannot be used: {said} See `churn check`.")


def said(told: Report) -> dict[str, Any]:
    """The report as plain values, for JSON."""
    return {
        "now": told.now.isoformat(),
        "usable": not told.errors,
        "customers": told.customers,
        "churned": told.churned,
        "months": round(told.months, 1),
        "tables": {name: _said(rows) for name, rows in told.tables.items()},
        "findings": [vars(f) | {"examples": list(f.examples)} for f in told.findings],
    }


def _of_rows(history: History, now: datetime, terms: Terms, named: list[Finding]) -> Report:
    kept, told = judged_tables(history, terms.outside_subscription, now)
    customers, length = told["customers"].account.used, months(told)
    churned = left(kept, terms.gap_days, now)
    if not terms.contracts and "usage" in told:
        churned = silent(kept, terms.inactivity_days, told["usage"].last)
    named += set_aside(told, but={f.table for f in named if f.severity is Severity.ERROR})
    named += _of_usable(kept, told, terms)
    named += [*one_moment(told), *stale(told, terms.freshness_days, now)]
    if not any(f.severity is Severity.ERROR for f in named):  # which would only repeat itself
        named += size(customers, churned, length)
    return Report(now, _ordered(named), told, customers, churned, length)


def _of_usable(kept: History, told: Mapping[str, TableRows], terms: Terms) -> Iterator[Finding]:
    yield from kept_in_doubt(kept, told, terms.outside_subscription)
    yield from repeated(kept, told)
    yield from never_subscribed(kept)


def _found(source: str | Found | History) -> Found:
    if isinstance(source, str):
        return found_at(source)
    return Found(source.tables) if isinstance(source, History) else source


def _ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Errors first; within a severity by table, in the order of the contract."""
    severities, tables = list(Severity), ["", *TABLES]
    places = {name: place for place, name in enumerate(tables)}
    last = len(places)
    return tuple(
        sorted(findings, key=lambda f: (severities.index(f.severity), places.get(f.table, last)))
    )


def _said(rows: TableRows) -> dict[str, Any]:
    account = rows.account
    return {
        "rows": account.rows,
        "used": account.used,
        "set_aside": dict(account.set_aside),
        "first": rows.first.isoformat() if rows.first else None,
        "last": rows.last.isoformat() if rows.last else None,
    }
