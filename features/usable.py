"""The usable part of a history, and the account of the rows set aside: none is dropped silently."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

import ibis
import ibis.expr.types as ir
from ibis import _

from features.errors import SourceError
from features.history import History
from features.rules import REASON, REASONS, USE, arrived, blanked, day, first_arrived, judged
from features.tables import SUBSCRIPTIONS, TABLES, USAGE, Table, arrival_of

Outside: TypeAlias = Literal["keep", "set_aside"]


@dataclass(frozen=True)
class Account:
    """What became of a table's rows; each row set aside is counted under exactly one reason."""

    table: str
    rows: int
    set_aside: Mapping[str, int]

    @property
    def used(self) -> int:
        """Rows in, less rows set aside."""
        return self.rows - sum(self.set_aside.values())


def usable(
    history: History, outside_subscription: Outside = "keep", now: datetime | None = None
) -> tuple[History, Mapping[str, Account]]:
    """The history of the rows that can be used, and each table's account.

    Whether a row is used never depends on what arrived after it, so a history cut at a date gives
    the rows it gave then. Counting takes one scan a table; a table without fault is passed on as it
    is, and one with faults as a lazy filter.
    """
    kept: dict[str, ir.Table] = {}
    accounts: dict[str, Account] = {}
    for name in (name for name in TABLES if name in history.tables):
        rows = judged_table(history, name, kept, outside_subscription, now)
        accounts[name] = _counted(name, rows)
        kept[name] = kept_rows(history, name, rows, accounts[name])
    return History(kept), accounts


def require_read(accounts: Mapping[str, Account]) -> None:
    """Refuses a history of which a whole table cannot be read: most often its dates.

    Raises:
        SourceError: Every row of a table lacks a required value, or holds one that is not read.
    """
    for name, account in accounts.items():
        if account.rows and account.set_aside.get(REASONS[0].name) == account.rows:
            raise SourceError(
                f"No row of table {name!r} can be read: all {account.rows} lack a required value "
                "or hold one that cannot be read. If its dates are not written as 2026-11-25, say "
                "how with date_format; `churn check` names the columns."
            )


def judged_table(
    history: History,
    name: str,
    kept: Mapping[str, ir.Table],
    outside_subscription: Outside = "keep",
    now: datetime | None = None,
) -> ir.Table:
    """A table's rows with the reason why each is set aside, given the usable tables before it."""
    table, rows = TABLES[name], history.tables[name]
    strict = outside_subscription == "set_aside" and name == "usage" and "subscriptions" in kept
    outside = outside_days(rows, kept["subscriptions"]) if strict else None
    told = judged(table, rows, kept.get("customers"), now, outside)
    return first_arrived(table, told) if _repeats(table, rows) else told


def kept_rows(history: History, name: str, rows: ir.Table, account: Account) -> ir.Table:
    """The rows of a judged table that are used, without values that cannot be."""
    clean = not account.set_aside
    used = history.tables[name] if clean else rows.filter(rows[REASON].isnull()).drop(REASON)
    return blanked(TABLES[name], used)


def outside_days(usage: ir.Table, subscriptions: ir.Table) -> ir.Table:
    """The days of use (customer_id, day, arrived_day) on which no subscription was running.

    As known when the use arrived: a subscription, or an end, that arrived later does not count.
    """
    at = usage[USAGE.at]
    used = usage.select("customer_id", day=day(at), arrived_day=day(arrived(usage, USAGE.at)))
    states = _states(subscriptions)
    lasting = used.left_join(_lasting(states), "customer_id")
    doubtful = lasting.filter(lasting["since"].isnull() | (lasting["day"] < lasting["since"]))
    doubtful = doubtful.select(*USE).distinct()
    outside = doubtful.anti_join(_inside(doubtful, states), USE)
    return ibis.memtable(outside.to_pyarrow())


def _counted(name: str, rows: ir.Table) -> Account:
    counts = rows.group_by(REASON).aggregate(rows=rows.count()).to_pyarrow().to_pylist()
    by_reason = {count[REASON]: count["rows"] for count in counts}
    aside = {r.name: by_reason[r.name] for r in REASONS if r.name in by_reason}
    return Account(name, sum(by_reason.values()), aside)


def _repeats(table: Table, rows: ir.Table) -> bool:
    """Whether a key occurs twice; where none does, nothing has to be put in order."""
    if not table.key:
        return False
    keys = rows.group_by(list(table.key)).aggregate(rows=rows.count())
    return bool((keys["rows"] > 1).any().to_pyarrow().as_py())


def _states(subscriptions: ir.Table) -> ir.Table:
    """Every state by day: when it began, when that was known, and the same of its end."""
    ended = "ended_at"
    return subscriptions.select(
        "customer_id",
        "subscription_id",
        "at",
        began=day(subscriptions[SUBSCRIPTIONS.at]),
        told=day(arrived(subscriptions, SUBSCRIPTIONS.at)),
        ended=day(subscriptions[ended]),
        end_told=day(arrived(subscriptions, ended, arrival_of(ended))),
    )


def _lasting(states: ir.Table) -> ir.Table:
    """Since when a customer has had a subscription that never ended: most use need not be asked."""
    known = ibis.greatest(states["began"], states["told"]).min()
    held = states.group_by("customer_id", "subscription_id").aggregate(
        since=known, ends=states["ended"].count()
    )
    return held.filter(held["ends"] == 0).group_by("customer_id").aggregate(since=_.since.min())


def _inside(used: ir.Table, states: ir.Table) -> ir.Table:
    """The days on which the latest known state of some subscription had not ended."""
    known = used.join(
        states,
        [
            used["customer_id"] == states["customer_id"],
            used["day"] >= states["began"],
            used["arrived_day"] >= states["told"],
        ],
    )
    over = (known["ended"] < known["day"]) & (known["end_told"] <= known["arrived_day"])
    latest = known.group_by([*USE, "subscription_id"]).aggregate(
        over=over.fill_null(False).argmax(known["at"])
    )
    return latest.filter(~latest["over"]).select(*USE).distinct()
