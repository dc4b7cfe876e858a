"""A feature set with every measure, test, change and combination, and how vectors are compared."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa

from features.conditions import above, at_least, at_most, below, missing, present
from features.feature import Change, Difference, Feature, Ratio, State, Theme, Trend
from features.featureset import FeatureSet
from features.history import History
from features.measures import (
    days_since_first,
    days_since_last,
    distinct,
    greatest,
    last,
    least,
    mean,
    share,
    total,
    weekly_slope,
)
from features.sources.canonical import TYPES
from features.sources.files import in_memory
from features.tables import TABLES

WORDS: Mapping[str, Any] = {
    "theme": Theme.USAGE, "unit": "rows", "reason": "{value}", "example": "", "gives": None
}  # fmt: skip
F, Words = partial(Feature, **WORDS), partial(Feature, **WORDS, categorical=True, if_none="none")
S, T = partial(State, **WORDS), partial(Trend, **WORDS)
C, R, D = partial(Change, **WORDS), partial(Ratio, **WORDS), partial(Difference, **WORDS)

EVERY = FeatureSet(
    "every",
    (
        F(name="used_7d", table="usage", days=7, if_none=0),
        F(name="used_28d", table="usage", days=28),
        F(name="quantity_28d", table="usage", days=28, measure=total("quantity")),
        F(name="quantity", table="usage", measure=mean("quantity")),
        F(name="users_7d", table="usage", days=7, measure=distinct("user_id")),
        F(name="users_28d", table="usage", days=28, measure=distinct("user_id")),
        F(name="users", table="usage", measure=distinct("user_id"), where={"event": "login"}),
        F(name="events_84d", table="usage", days=84, measure=distinct("event")),
        F(name="days_84d", table="usage", days=84, measure=distinct("days_ago")),
        F(
            name="many_28d",
            table="usage",
            days=28,
            where={"event": ("login", "export"), "quantity": above(1)},
        ),
        F(name="unknown_28d", table="usage", days=28, where={"user_id": missing()}),
        F(name="idle", table="usage", measure=days_since_last(), if_none=999),
        T(name="used_trend_84d", table="usage", days=84),
        T(
            name="export_trend_28d",
            table="usage",
            days=28,
            where={"event": "export"},
            measure=weekly_slope(),
        ),
        C(of="used_28d", days=28),
        C(of="users_28d", days=28),
        C(of="quantity_28d", days=56),
        C(of="csat_84d", days=84, if_none=0),
        F(name="csat_84d", table="tickets", days=84, measure=mean("csat")),
        F(name="csat", table="tickets", measure=last("csat")),
        F(name="slowest_84d", table="tickets", days=84, measure=greatest("hours_to_resolve")),
        F(name="quickest", table="tickets", measure=least("hours_to_first_response")),
        F(name="complaints_84d", table="tickets", days=84, measure=share({"complaint": True})),
        F(name="complained", table="tickets", measure=last("complaint")),
        F(name="no_complaints", table="tickets", where={"complaint": False}),
        F(name="open", table="tickets", where={"resolved_at": missing()}),
        F(name="reopened", table="tickets", where={"reopened_at": present()}),
        F(name="work", table="tickets", measure=total("handle_minutes")),
        F(name="bad", table="tickets", where={"csat": at_most(3)}),
        F(name="good", table="tickets", where={"csat": at_least(4), "priority": "high"}),
        F(name="quick", table="tickets", where={"hours_to_resolve": below(10)}),
        Words(name="priority", table="tickets", measure=last("priority")),
        F(
            name="urgent_share",
            table="tickets",
            where={"complaint": True},
            measure=share({"priority": "urgent"}),
        ),
        F(
            name="overdue_84d",
            table="invoices",
            days=84,
            where={"paid_at": missing(), "voided_at": missing(), "days_overdue": above(0)},
            measure=total("amount"),
        ),
        F(name="late", table="invoices", measure=mean("days_late")),
        F(name="latest_late", table="invoices", measure=last("days_late")),
        F(name="overdue", table="invoices", measure=greatest("days_overdue")),
        F(name="failed_28d", table="payments", days=28, measure=share({"status": "failed"})),
        Words(name="paid", table="payments", measure=last("status")),
        F(name="nps_28d", table="surveys", days=28, where={"kind": "NPS"}, measure=last("score")),
        F(name="steps", table="milestones", measure=distinct("milestone")),
        F(
            name="first_value",
            table="milestones",
            where={"milestone": "first_value"},
            measure=days_since_first(),
        ),
        Words(name="segment", table="customers", measure=last("segment")),
        F(name="age", table="customers", measure=days_since_first()),
        S(name="seats", column="seats", if_none=0),
        S(name="mrr", column="mrr"),
        S(name="team_mrr", column="mrr", where={"plan": "team"}),
        S(name="least_seats", column="seats", combine="min"),
        S(name="term", column="term_months", combine="max"),
        S(name="held", column="subscription_id", combine="count"),
        S(name="noticed", column="at", combine="count", where={"cancel_requested_at": present()}),
        S(name="no_renewal", column="at", combine="count", where={"auto_renew": False}),
        S(name="renews", column="auto_renew", combine="main", if_none=-1),
        S(name="plan", column="plan", combine="main", categorical=True, if_none="none"),
        S(name="main_seats", column="seats", combine="main", where={"seats": above(0)}),
        S(
            name="renewal",
            column="days_to_term_end",
            combine="min",
            where={"days_to_term_end": at_least(0)},
        ),
        C(of="mrr", days=28),
        C(of="seats", days=84),
        C(of="renewal", days=7),
        R(name="users_per_seat", of="users_28d", to="seats"),
        R(name="quarter_share", of="used_28d", to="events_84d", if_none=0),
        D(name="more_users", of="users_28d", less="seats"),
        D(name="satisfaction", of="csat", less="csat_84d"),
    ),
)


def arrow(table: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as an Arrow table of the declared columns and types."""
    schema = pa.schema([(c.name, TYPES[c.kind].to_pyarrow()) for c in TABLES[table]])
    return pa.Table.from_pylist(rows, schema=schema)


def history_of(tables: Mapping[str, list[dict[str, Any]]]) -> History:
    """A history in memory of a list of rows per table."""
    given = {"customers": [], **tables}
    return in_memory({name: arrow(name, rows) for name, rows in given.items()})


def assert_equal(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Equal indices and columns, equal words, numbers within 1e-9."""
    pd.testing.assert_frame_equal(
        found, expected[found.columns], rtol=1e-9, atol=1e-9, check_dtype=False
    )
