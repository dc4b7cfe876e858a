"""Who is a customer on a date, read twice: by Ibis for everybody, in plain Python for one.

`active` ones are scored and trained on; the others say why not.
"""

from datetime import date
from typing import Literal, TypeAlias

import ibis
import ibis.expr.types as ir

from features.history import Known
from features.known_rows import Rows, known_rows
from features.reference import Tables, active_states
from features.standing_engine import active_subscriptions

Status: TypeAlias = Literal[
    "active", "notice_given", "dunning", "ended", "not_subscribed", "inactive"
]
ACTIVE: Status = "active"
DUNNING_DAYS = 60
DUNNING_FAILURES = 3


def statuses(known: Known, dunning_days: int = DUNNING_DAYS) -> dict[str, Status]:
    """The status of every customer known, by contract.

    `active` has a subscription that is not known to have ended; `notice_given` has notice known on
    every active one; `dunning` has an invoice unpaid for more than `dunning_days` after it was due
    and 3 failed payments in as many days: past reminding, it is not about wanting to stay. `ended`
    had a subscription; `not_subscribed` never had one.
    """
    return _told(status_table(known, dunning_days))


def status_table(known: Known, dunning_days: int = DUNNING_DAYS) -> ir.Table:
    """The same as a table: customer_id and status."""
    everybody = known.tables["customers"].select("customer_id")
    if "subscriptions" not in known.tables:
        return everybody.mutate(status=ibis.literal("not_subscribed"))
    held = known.tables["subscriptions"].select("customer_id")
    active = active_subscriptions(known)
    stays = active.group_by("customer_id").aggregate(
        stays=active.count(where=active["cancel_requested_at"].isnull()) > 0
    )
    told = everybody.union(held, distinct=True)
    for name, of in {"held": held, "overdue": _in_dunning(known, dunning_days)}.items():
        told = marked(told, name, of) if of is not None else told.mutate(**{name: False})
    told = told.left_join(stays, "customer_id").drop("customer_id_right")
    return told.select("customer_id", status=_status(told))


def _status(told: ir.Table) -> ir.StringValue:
    return ibis.cases(
        (told["stays"].isnull(), told["held"].ifelse("ended", "not_subscribed")),
        (~told["stays"], "notice_given"),
        (told["overdue"], "dunning"),
        else_=ACTIVE,
    )


def statuses_by_activity(known: Known, days: int) -> dict[str, Status]:
    """The status of every customer known, by use: `active` in the last `days` or `inactive`."""
    return _told(activity_table(known, days))


def activity_table(known: Known, days: int) -> ir.Table:
    """The same as a table: customer_id and status."""
    used = known.tables["usage"]
    told = known.tables["customers"].select("customer_id")
    told = marked(told, "recent", used.filter(used["days_ago"] <= days))
    return told.select("customer_id", status=told["recent"].ifelse(ACTIVE, "inactive"))


def status_of(tables: Tables, as_of: date, dunning_days: int = DUNNING_DAYS) -> Status:
    """One customer's status by contract, from all of its rows (see `known_rows` for their form)."""
    states = _known("subscriptions", tables, as_of)
    requests = active_states(states, as_of)["cancel_requested_at"]
    if not requests:
        return "ended" if states["days_ago"] else "not_subscribed"
    if None not in requests:
        return "notice_given"
    return "dunning" if _is_in_dunning(tables, as_of, dunning_days) else ACTIVE


def status_of_activity(tables: Tables, as_of: date, days: int) -> Status:
    """One customer's status by use, from all of its rows."""
    latest = min(_known("usage", tables, as_of)["days_ago"], default=days + 1)
    return ACTIVE if latest <= days else "inactive"


def _in_dunning(known: Known, days: int) -> ir.Table | None:
    """The customers whose payment is past all reminders; None where no table could say."""
    if not {"invoices", "payments"} <= known.tables.keys():
        return None
    refused = _refused(known.tables["payments"], days)
    return _overdue(known.tables["invoices"], days).semi_join(refused, "customer_id")


def _overdue(invoices: ir.Table, days: int) -> ir.Table:
    unpaid = invoices["paid_at"].isnull() & invoices["voided_at"].isnull()
    return invoices.filter(unpaid, invoices["days_overdue"] > days)


def _refused(payments: ir.Table, days: int) -> ir.Table:
    failed = payments.filter(payments["status"] == "failed", payments["days_ago"] <= days)
    counts = failed.group_by("customer_id").aggregate(failures=failed.count())
    return counts.filter(counts["failures"] >= DUNNING_FAILURES)


def _is_in_dunning(tables: Tables, as_of: date, days: int) -> bool:
    invoices = _known("invoices", tables, as_of)
    states = zip(*(invoices[n] for n in ("paid_at", "voided_at", "days_overdue")), strict=True)
    overdue = [late for paid, void, late in states if paid is None and void is None]
    payments = _known("payments", tables, as_of)
    tries = zip(payments["status"], payments["days_ago"], strict=True)
    failures = sum(status == "failed" and ago <= days for status, ago in tries)
    return failures >= DUNNING_FAILURES and any(n is not None and n > days for n in overdue)


def _known(name: str, tables: Tables, as_of: date) -> Rows:
    return known_rows(name, tables.get(name, ()), as_of)


def marked(told: ir.Table, name: str, of: ir.Table) -> ir.Table:
    """The table with a column that says of each customer whether it is among others."""
    mark = of.select("customer_id").distinct().mutate(**{name: True})
    marked = told.left_join(mark, "customer_id").drop("customer_id_right")
    return marked.mutate(**{name: marked[name].fill_null(False)})


def _told(status: ir.Table) -> dict[str, Status]:
    found = status.to_pyarrow()
    return dict(zip(found["customer_id"].to_pylist(), found["status"].to_pylist(), strict=True))
