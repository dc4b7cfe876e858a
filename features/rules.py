"""Why a row cannot be used: one ordered list of rules, read by scoring, training and `churn check`.

A row's fate must not depend on what arrives after it, or the past would look different from what
was known. So a rule reads the row itself as it arrived, what is static about its customer, and rows
that arrived before it; a reveal that contradicts its row later is blanked instead.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

import ibis
import ibis.expr.types as ir

from features.tables import CUSTOMERS, Kind, Table, arrival_of

REASON = "set_aside"
SIGNED_UP = "signed_up_at"
OUTSIDE = "outside_subscription"
USE = ("customer_id", "day", "arrived_day")


@dataclass(frozen=True)
class Reason:
    """Why rows are set aside, and what a person can do about it."""

    name: str
    what: str
    do: str


REASONS = (
    Reason(
        "missing_value",
        "lack a required value, or hold one that cannot be read",
        "Fill the required columns in the source, or leave the row out of the table.",
    ),
    Reason(
        "in_the_future",
        "happened after now",
        "Correct the time, its time zone (UTC) or its format; plans are not history.",
    ),
    Reason(
        "unknown_customer",
        "belong to a customer_id that is not among the usable customers",
        "Add those customers, or use the same customer_id in every table.",
    ),
    Reason(
        "before_sign_up",
        "happened before the day the customer signed up",
        "Correct customers.created_at or the time of the row.",
    ),
    Reason(
        "ends_before_start",
        "ended before they began",
        "Correct the two times; a wrong date format often swaps day and month.",
    ),
    Reason(
        "impossible_value",
        "hold a number that cannot be",
        "Correct the number; set surveys.scale where an answer has another highest value.",
    ),
    Reason(
        "outside_subscription",
        "were used while no subscription was known",
        "Add the missing subscriptions, or keep such rows with outside_subscription = 'keep'.",
    ),
    Reason(
        "duplicate",
        "repeat the key of a row that arrived before",
        "Write one row per key; what became known later has columns of its own.",
    ),
)
ENDS = {
    "subscriptions": ("ended_at",),
    "tickets": ("first_response_at", "resolved_at", "reopened_at", "csat_at"),
    "invoices": ("paid_at", "voided_at"),
}
BLANKED_LATE = ("tickets", "invoices")
MAY_PRECEDE_SIGN_UP = ("customers", "subscriptions", "treatments")
LEAST = {("usage", "quantity"): 0.0}
RANGES = {
    ("subscriptions", "mrr"): (0.0, float("inf")),
    ("subscriptions", "seats"): (0.0, float("inf")),
    ("subscriptions", "term_months"): (0.0, float("inf")),
    ("tickets", "csat"): (1.0, 5.0),
    ("tickets", "handle_minutes"): (0.0, float("inf")),
}
SCALES = {"NPS": (0.0, 10.0), "CSAT": (1.0, 5.0), "CES": (1.0, 7.0)}


def judged(
    table: Table,
    rows: ir.Table,
    customers: ir.Table | None = None,
    now: datetime | None = None,
    outside: ir.Table | None = None,
) -> ir.Table:
    """The rows with a column `set_aside`: the first reason not to use a row, null where used.

    `customers` are the usable ones (None when judging themselves); `outside` holds the days of use
    outside any subscription, where it is to be set aside. Repeated keys are for `first_arrived`.
    """
    told = _of_customers(rows, customers)
    told = told if outside is None else _of_days(table, told, outside)
    tests = _tests(table, told, now)
    cases = [(tests[reason.name], reason.name) for reason in REASONS if reason.name in tests]
    told = told.mutate(**{REASON: ibis.cases(*cases, else_=ibis.null("string"))})
    return told.select(*rows.columns, REASON)


def first_arrived(table: Table, rows: ir.Table) -> ir.Table:
    """Judged rows of which only the first to arrive of each key is used.

    A row that is set aside for another reason takes no key.
    """
    used = rows[REASON].isnull()
    nth = ibis.row_number().over(
        group_by=[*(rows[name] for name in table.key), used], order_by=_order(table, rows)
    )
    again = used & (nth > 0)
    return rows.mutate(**{REASON: again.ifelse("duplicate", rows[REASON])})


def blanked(table: Table, rows: ir.Table) -> ir.Table:
    """The rows without values that cannot be, and without ends that came later and contradict."""
    ranges = {column: span for (name, column), span in RANGES.items() if name == table.name}
    values = {c: _inside(rows[c], *span).ifelse(rows[c], None) for c, span in ranges.items()}
    cut = rows.mutate(**values) if values else rows
    for end in ENDS[table.name] if table.name in BLANKED_LATE else ():
        wrong = before(cut[end], cut[table.at]).fill_null(False)
        hidden = table.reveals[end]
        cut = cut.mutate(**{c: wrong.ifelse(ibis.null(cut[c].type()), cut[c]) for c in hidden})
    return cut


def arrived(rows: ir.Table, happened: str, known: str = "known_at") -> ir.TimestampValue:
    """When a moment was known: when it happened, or when it arrived where that was later."""
    return ibis.greatest(rows[happened], ibis.coalesce(rows[known], rows[happened]))


def day(moment: ir.TimestampValue) -> ir.TimestampValue:
    """The midnight that begins the day of a moment."""
    return moment.truncate("D")


def before(end: ir.TimestampValue, start: ir.TimestampValue) -> ir.BooleanValue:
    """Whether a moment lies before another; a bare date stands for any moment of its day."""
    return (end < start) & (end != day(start))


def _tests(table: Table, rows: ir.Table, now: datetime | None) -> dict[str, ir.BooleanValue]:
    tests = {"missing_value": _any([_missing(table, rows, name) for name in table.required])}
    if now is not None:
        tests["in_the_future"] = rows[table.at] > ibis.literal(now, "timestamp")
    if SIGNED_UP in rows.columns:
        tests["unknown_customer"] = rows[SIGNED_UP].isnull()
        if table.name not in MAY_PRECEDE_SIGN_UP:
            tests["before_sign_up"] = rows[table.at] < day(rows[SIGNED_UP])
    if table.name in ENDS:
        tests["ends_before_start"] = _any([_ended(table, rows, e) for e in ENDS[table.name]])
    if impossible := _impossible(table, rows):
        tests["impossible_value"] = _any(impossible)
    if OUTSIDE in rows.columns:
        tests["outside_subscription"] = rows[OUTSIDE].notnull()
    return tests


def _missing(table: Table, rows: ir.Table, name: str) -> ir.BooleanValue:
    blank = table[name].kind is Kind.TEXT
    return rows[name].isnull() | (rows[name] == "") if blank else rows[name].isnull()


def _ended(table: Table, rows: ir.Table, end: str) -> ir.BooleanValue:
    """Whether the row said when it arrived that it had ended before it began."""
    # By day: every as-of date is a midnight, so what arrives within a day is known together.
    by_then = day(arrived(rows, end, arrival_of(end))) <= day(arrived(rows, table.at))
    return before(rows[end], rows[table.at]) & by_then


def _impossible(table: Table, rows: ir.Table) -> list[ir.BooleanValue]:
    tests = [rows[c] < least for (name, c), least in LEAST.items() if name == table.name]
    if table.name != "surveys":
        return tests
    return [_off_scale(rows, kind, *span) for kind, span in SCALES.items()]


def _off_scale(rows: ir.Table, kind: str, least: float, most: float) -> ir.BooleanValue:
    """Whether an answer lies outside its scale; one that names its own scale starts at 0."""
    lowest = rows["scale"].isnull().ifelse(least, 0.0)
    highest = rows["scale"].fill_null(most)
    return (rows["kind"] == kind) & ((rows["score"] < lowest) | (rows["score"] > highest))


def _inside(value: ir.NumericValue, least: float, most: float) -> ir.BooleanValue:
    within = value >= least
    return within if most == float("inf") else within & (value <= most)


def _of_customers(rows: ir.Table, customers: ir.Table | None) -> ir.Table:
    if customers is None:
        return rows
    signed_up = customers.select("customer_id", **{SIGNED_UP: customers[CUSTOMERS.at]})
    return rows.left_join(signed_up, "customer_id").drop("customer_id_right")


def _of_days(table: Table, rows: ir.Table, outside: ir.Table) -> ir.Table:
    days = rows.mutate(day=day(rows[table.at]), arrived_day=day(arrived(rows, table.at)))
    told = outside.select(*USE, **{OUTSIDE: ibis.literal(True)})
    return days.left_join(told, USE, rname="{name}_right")


def _order(table: Table, rows: ir.Table) -> list[ir.Value]:
    """By arrival, then by what was known on arrival, then by what was revealed first.

    On any earlier date rows that differ only in what is revealed later are equal, so that it does
    not matter which of them is kept.
    """
    hidden = {name for names in table.reveals.values() for name in names}
    shown = [name for name in table.names if name not in hidden]
    reveals = [arrived(rows, time, arrival_of(time)) for time in table.reveals]
    first = [ibis.least(*reveals)] if len(reveals) > 1 else []
    order = [arrived(rows, table.at), *(rows[n] for n in shown), *first, *reveals]
    return [value.asc(nulls_first=False) for value in [*order, *(rows[n] for n in sorted(hidden))]]


def _any(tests: list[ir.BooleanValue]) -> ir.BooleanValue:
    return reduce(or_, (test.fill_null(False) for test in tests))
