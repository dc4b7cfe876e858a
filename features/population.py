"""Who is a customer on a date: `active` ones are scored and trained on, the others say why not.

Two populations: by contract, and by use for businesses that have no contracts.
"""

from datetime import date
from typing import Literal, TypeAlias

import ibis.expr.types as ir
import pandas as pd

from features.history import History, Known
from features.standing_engine import active_subscriptions

Status: TypeAlias = Literal[
    "active", "notice_given", "dunning", "ended", "not_subscribed", "inactive"
]
ACTIVE: Status = "active"
DUNNING_DAYS = 60
DUNNING_FAILURES = 3


def population(history: History, as_of: date, dunning_days: int = DUNNING_DAYS) -> pd.DataFrame:
    """The status of every customer known on a date: columns customer_id and status, by customer_id.

    `active` has a subscription that is not known to have ended before `as_of`; `notice_given` has
    notice known on every active one; `dunning` has an invoice unpaid for more than `dunning_days`
    after it was due and 3 failed payments in as many days: past reminding, it is not about
    wanting to stay. `ended` had a subscription; `not_subscribed` never had one.
    """
    known = history.known(as_of)
    status = _customers(known)
    if "subscriptions" not in known.tables:
        return _told(status)
    status[_ids(known.tables["subscriptions"])] = "ended"
    active = _active(known)
    status[active.index] = ACTIVE
    status[_among(active.index, _in_dunning(known, dunning_days))] = "dunning"
    status[active.index[active["noticed"] == active["held"]]] = "notice_given"
    return _told(status)


def population_by_activity(history: History, as_of: date, days: int) -> pd.DataFrame:
    """The status of every customer known on a date, for businesses without contracts.

    `active` used the product in the `days` days before `as_of`; the others are `inactive`. Columns
    customer_id and status, ordered by customer_id.
    """
    known = history.known(as_of)
    status = _customers(known)
    status[:] = "inactive"
    used = known.tables["usage"]
    used = used.filter(used["days_ago"] <= days)
    status[_among(status.index, _ids(used))] = ACTIVE
    return _told(status)


def _customers(known: Known) -> pd.Series:
    """Every known customer, without a subscription so far; told subscriptions add their own."""
    ids = _ids(known.tables["customers"])
    return pd.Series("not_subscribed", index=ids, dtype=object)


def _active(known: Known) -> pd.DataFrame:
    """How many subscriptions each customer holds, and on how many notice is known."""
    active = active_subscriptions(known)
    counts = active.group_by("customer_id").aggregate(
        held=active.count(), noticed=active["cancel_requested_at"].count()
    )
    frame: pd.DataFrame = counts.to_pyarrow().to_pandas()
    return frame.set_index("customer_id")


def _in_dunning(known: Known, days: int) -> pd.Index:
    """The customers whose payment is past all reminders."""
    if not {"invoices", "payments"} <= known.tables.keys():
        return pd.Index([], dtype=object)
    overdue = _ids(_overdue(known.tables["invoices"], days))
    return _among(overdue, _ids(_refused(known.tables["payments"], days)))


def _overdue(invoices: ir.Table, days: int) -> ir.Table:
    unpaid = invoices["paid_at"].isnull() & invoices["voided_at"].isnull()
    return invoices.filter(unpaid, invoices["days_overdue"] > days)


def _refused(payments: ir.Table, days: int) -> ir.Table:
    failed = payments.filter(payments["status"] == "failed", payments["days_ago"] <= days)
    counts = failed.group_by("customer_id").aggregate(failures=failed.count())
    return counts.filter(counts["failures"] >= DUNNING_FAILURES)


def _ids(rows: ir.Table) -> pd.Index:
    ids = rows.select("customer_id").distinct().to_pyarrow()["customer_id"]
    index: pd.Index = pd.Index(ids.to_pylist(), dtype=object)
    return index


def _among(customers: pd.Index, some: pd.Index) -> pd.Index:
    return customers.intersection(some, sort=False)


def _told(status: pd.Series) -> pd.DataFrame:
    return status.rename_axis("customer_id").rename("status").sort_index().reset_index()
