"""What the history amounts to: customers, those who left, how long it is and how fresh."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir
from ibis import _

from features.check.aside import TableRows
from features.check.finding import Finding, Severity
from features.check.schema import BEHAVIOUR
from features.history import History
from features.tables import TABLES, USAGE

# Tables that gain rows only when something changes have no limit unless one is set.
FRESHNESS_DAYS = {"usage": 3, "tickets": 30, "invoices": 45, "payments": 45}
DAYS_A_MONTH = 365.25 / 12
MONTHS_TO_TRAIN = 4
MONTHS_WANTED = 12
CHURNED_WANTED = 100


def left(history: History, gap_days: int, now: datetime) -> int:
    """The customers who once had no subscription for more than `gap_days`."""
    if "subscriptions" not in history.tables:
        return 0
    spans = _spans(history.tables["subscriptions"])
    ends = spans.filter(spans["until"] <= ibis.literal(now, "timestamp")).view()
    gap = ibis.interval(days=gap_days)
    goes_on = spans["until"].isnull() | (spans["until"] > ends["until"])
    meets = spans["since"] <= ends["until"] + gap
    same = ends["customer_id"] == spans["customer_id"]
    gone = ends.anti_join(spans, [same, meets, goes_on])
    return int(gone["customer_id"].nunique().to_pyarrow().as_py())


def silent(history: History, inactivity_days: int, last: datetime | None) -> int:
    """The customers whose last use lies more than `inactivity_days` before the newest row."""
    if last is None:
        return 0
    usage = history.tables["usage"]
    ends = usage.group_by("customer_id").aggregate(last=usage[USAGE.at].max())
    limit = ibis.literal(last - timedelta(days=inactivity_days), "timestamp")
    return int(ends.filter(ends["last"] < limit).count().to_pyarrow().as_py())


def months(told: Mapping[str, TableRows]) -> float:
    """How long customers have been watched, in months: by their use, else by what there is."""
    watched = ["usage"] if "usage" in told else [name for name in BEHAVIOUR if name in told]
    spans = [(told[name].first, told[name].last) for name in watched]
    days = [(last - first).days for first, last in spans if first and last]
    return max(days, default=0) / DAYS_A_MONTH


def size(customers: int, churned: int, length: float) -> Iterator[Finding]:
    """Whether there is enough to learn from."""
    if not customers:
        yield _too_little(
            "no_customers", Severity.ERROR, "There is no usable customer.", "customers"
        )
        return
    if churned == 0:
        yield _too_little("no_churn", Severity.ERROR, "Nobody has left: there is nothing to learn.")
    elif churned < CHURNED_WANTED:
        what = f"Customers who left: {churned}; below {CHURNED_WANTED} a model is a baseline only."
        yield _too_little("few_churned", Severity.WARNING, what)
    if length < MONTHS_WANTED:
        short = length < MONTHS_TO_TRAIN
        severity = Severity.ERROR if short else Severity.ADVICE
        need = f"at least {MONTHS_TO_TRAIN}" if short else f"{MONTHS_WANTED} or more"
        what = f"The history is {length:.1f} months long; training wants {need}."
        yield _too_little("short_history", severity, what)


def stale(
    told: Mapping[str, TableRows], limits: Mapping[str, int], now: datetime
) -> Iterator[Finding]:
    """Tables whose newest row is older than its limit."""
    for name, limit in {**FRESHNESS_DAYS, **limits}.items():
        newest = told[name].last if name in told else None
        if newest and (age := (now - newest).days) > limit:
            what = f"The newest row of {name} is {age:,} days old; its limit is {limit}."
            do = (
                f"Refresh the export, check as of its own day with --now {newest:%Y-%m-%d}, or set "
            )
            at = (name, "", 0, (str(newest),))
            yield Finding("stale", Severity.WARNING, what, f"{do}freshness_days.{name}.", *at)


def one_moment(told: Mapping[str, TableRows]) -> Iterator[Finding]:
    """Tables whose rows all happened at once."""
    for name, rows in told.items():
        if rows.account.used > 1 and rows.first == rows.last:
            what = f"All usable rows of {name} happened at the same moment, {rows.first}."
            do = "Give the time of each event, not the day of the export."
            yield Finding("one_moment", Severity.WARNING, what, do, name, TABLES[name].at)


def never_subscribed(history: History) -> Iterator[Finding]:
    """Customers who cannot be scored, having no subscription."""
    if "subscriptions" not in history.tables:
        return
    without = history.tables["customers"].anti_join(history.tables["subscriptions"], "customer_id")
    ids = without["customer_id"]
    asked = without.aggregate(rows=without.count(), low=ids.min(), high=ids.max())
    [told] = asked.to_pyarrow().to_pylist()
    if told["rows"]:
        what = f"Customers who never had a subscription: {told['rows']:,}; they are not scored."
        examples = tuple(dict.fromkeys((told["low"], told["high"])))
        at = ("customers", "", told["rows"], examples)
        do = "Nothing, if they never paid; else add their subscriptions."
        yield Finding("never_subscribed", Severity.ADVICE, what, do, *at)


def _spans(subscriptions: ir.Table) -> ir.Table:
    """Each subscription's first moment and, in its latest state, its end."""
    latest = [_["at"].desc()]
    return subscriptions.group_by("customer_id", "subscription_id").aggregate(
        since=_["at"].min(), until=_["ended_at"].first(order_by=latest, include_null=True)
    )


def _too_little(name: str, severity: Severity, what: str, table: str = "") -> Finding:
    do = {
        "no_customers": "Give customers with customer_id and created_at.",
        "no_churn": "Fill subscriptions.ended_at, and give a history in which some ended.",
        "few_churned": "Give a longer history; until then read the scores beside the baselines.",
        "short_history": "Give a longer history.",
    }
    return Finding(name, severity, what, do[name], table)
