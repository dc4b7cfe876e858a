"""The usable part of a history, and the account of the rows set aside: none is dropped silently."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

import ibis.expr.types as ir

from features.history import History
from features.rules import REASON, REASONS, arrived, blanked, judged
from features.tables import SUBSCRIPTIONS, TABLES, USAGE, arrival_of

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
        accounts[name] = counted(name, rows)
        clean = not accounts[name].set_aside
        used = history.tables[name] if clean else rows.filter(rows[REASON].isnull()).drop(REASON)
        kept[name] = blanked(TABLES[name], used)
    return History(kept), accounts


def judged_table(
    history: History,
    name: str,
    kept: Mapping[str, ir.Table],
    outside_subscription: Outside = "keep",
    now: datetime | None = None,
) -> ir.Table:
    """A table's rows with the reason why each is set aside, given the usable tables before it."""
    rows = history.tables[name]
    strict = outside_subscription == "set_aside" and name == "usage" and "subscriptions" in kept
    inside = inside_moments(rows, kept["subscriptions"]) if strict else None
    return judged(TABLES[name], rows, kept.get("customers"), now, inside)


def counted(name: str, rows: ir.Table) -> Account:
    """The account of judged rows."""
    counts = rows.group_by(REASON).aggregate(rows=rows.count()).to_pyarrow().to_pylist()
    by_reason = {count[REASON]: count["rows"] for count in counts}
    aside = {r.name: by_reason[r.name] for r in REASONS if r.name in by_reason}
    return Account(name, sum(by_reason.values()), aside)


def inside_moments(usage: ir.Table, subscriptions: ir.Table) -> ir.Table:
    """The moments of use (customer_id, moment, arrived) inside a subscription.

    As known when the use arrived: a subscription, or an end, that arrived later does not count.
    """
    times = {"moment": usage[USAGE.at], "arrived": arrived(usage, USAGE.at)}
    moments = usage.select("customer_id", **times).distinct()
    at = SUBSCRIPTIONS.at
    states = subscriptions.select(
        "customer_id",
        "subscription_id",
        "ended_at",
        began=subscriptions[at],
        told=arrived(subscriptions, at),
        end_told=arrived(subscriptions, "ended_at", arrival_of("ended_at")),
    )
    known = moments.join(
        states,
        [
            moments["customer_id"] == states["customer_id"],
            moments["moment"] >= states["began"].truncate("D"),
            moments["arrived"].truncate("D") >= states["told"].truncate("D"),
        ],
    )
    keys = ["customer_id", "moment", "arrived"]
    by_then = known["end_told"].truncate("D") <= known["arrived"].truncate("D")
    over = (known["ended_at"] < known["moment"]) & by_then
    latest = known.group_by([*keys, "subscription_id"]).aggregate(
        over=over.fill_null(False).first(order_by=[known["began"].desc(), known["told"].desc()])
    )
    return latest.filter(~latest["over"]).select(*keys).distinct()
