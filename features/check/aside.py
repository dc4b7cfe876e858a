"""What becomes of the rows: used, or set aside under one reason each."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import ibis.expr.types as ir

from features.check.finding import Finding, Severity, few, share
from features.history import History
from features.rules import REASON, REASONS, SIGNED_UP, USE, arrived, day
from features.tables import CUSTOMERS, SUBSCRIPTIONS, TABLES, USAGE, Table
from features.usable import Account, Outside, judged_table, kept_rows, outside_days


@dataclass(frozen=True)
class TableRows:
    """A table's account, the moments of its first and last usable row, and examples by reason."""

    account: Account
    first: datetime | None
    last: datetime | None
    examples: Mapping[str, tuple[str, ...]]


def judged_tables(
    history: History, outside_subscription: Outside, now: datetime
) -> tuple[History, Mapping[str, TableRows]]:
    """The usable history, and what became of every table's rows, by one scan a table."""
    kept: dict[str, ir.Table] = {}
    told: dict[str, TableRows] = {}
    for name in (name for name in TABLES if name in history.tables):
        rows = judged_table(history, name, kept, outside_subscription, now)
        told[name] = _summary(TABLES[name], rows)
        kept[name] = kept_rows(history, name, rows, told[name].account)
    return History(kept), told


def set_aside(told: Mapping[str, TableRows], but: Collection[str] = ()) -> Iterator[Finding]:
    """A finding for every table and reason; tables in `but` are known to be useless."""
    for name, rows in told.items():
        for reason in REASONS:
            if count := rows.account.set_aside.get(reason.name, 0):
                what = f"{share(count, rows.account.rows)} of {name} {reason.what}: set aside."
                column = _column(TABLES[name], reason.name)
                at = (name, column, count, rows.examples[reason.name])
                yield Finding(reason.name, Severity.WARNING, _capital(what), reason.do, *at)
        if rows.account.rows and not rows.account.used and name not in but:
            yield _nothing_left(name)


def kept_in_doubt(
    history: History, told: Mapping[str, TableRows], outside_subscription: Outside
) -> Iterator[Finding]:
    """Rows that are used although something is odd about them."""
    if "subscriptions" not in history.tables:
        return
    yield from _early_subscriptions(history, told)
    if "usage" in history.tables and outside_subscription == "keep":
        yield from _use_outside(history, told)


def repeated(history: History, told: Mapping[str, TableRows]) -> Iterator[Finding]:
    """Equal rows of tables without a key: they may be true, or an export that ran twice."""
    for name, rows in history.tables.items():
        used = told[name].account.used
        again = 0 if TABLES[name].key else used - int(rows.distinct().count().to_pyarrow().as_py())
        if again:
            what = (
                f"{share(again, used)} of {name} repeat another row in every column; all are used."
            )
            do = "Nothing, if they happened twice; else export each row once."
            yield Finding("repeated_rows", Severity.ADVICE, _capital(what), do, name, "", again)


def _summary(table: Table, rows: ir.Table) -> TableRows:
    shown, at = rows[table.key[0] if table.key else "customer_id"], rows[table.at]
    parts = rows.group_by(REASON).aggregate(
        rows=rows.count(), low=shown.min(), high=shown.max(), first=at.min(), last=at.max()
    )
    told = {part[REASON]: part for part in parts.to_pyarrow().to_pylist()}
    used = told.get(None, {"first": None, "last": None})
    aside = {r.name: told[r.name]["rows"] for r in REASONS if r.name in told}
    account = Account(table.name, sum(part["rows"] for part in told.values()), aside)
    examples = {name: few([told[name]["low"], told[name]["high"]]) for name in aside}
    return TableRows(account, used["first"], used["last"], examples)


def _nothing_left(name: str) -> Finding:
    needed = name in (CUSTOMERS.name, SUBSCRIPTIONS.name)
    what = f"No row of {name} can be used."
    do = "Correct what the other findings say of it, first its dates and its customer_id."
    return Finding("nothing_left", Severity.ERROR if needed else Severity.WARNING, what, do, name)


def _early_subscriptions(history: History, told: Mapping[str, TableRows]) -> Iterator[Finding]:
    rows, customers = history.tables["subscriptions"], history.tables["customers"]
    signed_up = customers.select("customer_id", **{SIGNED_UP: customers[CUSTOMERS.at]})
    pairs = rows.join(signed_up, "customer_id")
    early = pairs.filter(pairs[SUBSCRIPTIONS.at] < day(pairs[SIGNED_UP]))
    yield from _kept(
        early,
        "subscription_before_sign_up",
        told["subscriptions"],
        "began before their customer signed up: used as they are",
        "Correct customers.created_at: it should be the first day of the first contract.",
    )


def _use_outside(history: History, told: Mapping[str, TableRows]) -> Iterator[Finding]:
    usage = history.tables["usage"]
    rows = usage.mutate(day=day(usage[USAGE.at]), arrived_day=day(arrived(usage, USAGE.at)))
    yield from _kept(
        rows.semi_join(outside_days(usage, history.tables["subscriptions"]), USE),
        "outside_subscription",
        told["usage"],
        "were done while no subscription was running: used as they are",
        "Add missing subscriptions, or set usage_outside_subscription = 'set_aside'.",
    )


def _kept(odd: ir.Table, name: str, told: TableRows, what: str, do: str) -> Iterator[Finding]:
    ids = odd["customer_id"]
    [found] = (
        odd.aggregate(rows=odd.count(), low=ids.min(), high=ids.max()).to_pyarrow().to_pylist()
    )
    if found["rows"]:
        said = _capital(
            f"{share(found['rows'], told.account.used)} of {told.account.table} {what}."
        )
        examples = few([found["low"], found["high"]])
        at = (told.account.table, "", found["rows"], examples)
        yield Finding(name, Severity.WARNING, said, do, *at)


def _column(table: Table, reason: str) -> str:
    columns = {
        "missing_value": ", ".join(table.required),
        "in_the_future": table.at,
        "unknown_customer": "customer_id",
        "before_sign_up": table.at,
        "duplicate": ", ".join(table.key),
    }
    return columns.get(reason, "")


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
