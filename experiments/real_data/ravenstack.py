"""RavenStack (SYNTHETIC, random and dirty): what is wrong is reported, and the gate refuses.

The label is a row of churn_events within 90 days, as the set's makers mean it; subscriptions only
say who is a customer. Dates are day-month-year and are handed on as found.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from experiments.real_data.case import Case
from features.history import History
from features.sources.files import in_memory
from training.labels import next_exit
from training.snapshots import Split, month_starts

DAY_FIRST = "%d-%m-%Y"
PUBLISHED = {"LightGBM": "AUC .545, log-loss .641", "base rate": "log-loss .586"}


@dataclass(frozen=True)
class EventLabel:
    """A churn event in [as_of, as_of + horizon)."""

    events: pd.DataFrame
    horizon_days: int = 90
    lead_days: int = 0
    month_ends: tuple[int, ...] = (30, 60, 90)

    @property
    def reach_days(self) -> int:
        """Days after the as-of date until its label can be trusted."""
        return self.horizon_days

    def of(self, history: History, wanted: pd.DataFrame) -> pd.DataFrame:
        """The spine with `churned`, `churned_at` and `cause`."""
        return next_exit(wanted, self.events, 0, self.horizon_days)


def case(data: Path) -> Case:
    """Train on 2023 and early 2024, test on the summer of 2024."""
    folder = data / "ravenstack" / "as_found"
    events = pd.read_csv(folder / "churn_events.csv")
    exits = pd.DataFrame(
        {
            "customer_id": events["account_id"],
            "churned_at": pd.to_datetime(events["churn_date"], format=DAY_FIRST),
            "cause": "voluntary",
        }
    )
    return Case(
        history=in_memory(tables(folder), DAY_FIRST),
        label=EventLabel(exits),
        windows=Split(
            tuple(month_starts(date(2023, 6, 1), date(2024, 4, 1))),
            tuple(month_starts(date(2024, 7, 1), date(2024, 9, 1))),
        ),
        now=date(2025, 1, 1),
        key_events=(),
        capacity=25,
        published=PUBLISHED,
        outside_subscription="set_aside",
    )


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The five files as canonical tables, moments as found."""
    subscriptions = pd.read_csv(folder / "subscriptions.csv")
    owners = subscriptions.set_index("subscription_id")["account_id"]
    return {
        "customers": _customers(pd.read_csv(folder / "accounts.csv", keep_default_na=False)),
        "subscriptions": _subscriptions(subscriptions),
        "usage": _usage(pd.read_csv(folder / "feature_usage.csv"), owners),
        "tickets": _tickets(pd.read_csv(folder / "support_tickets.csv")),
    }


def _customers(accounts: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": accounts["account_id"],
            "name": accounts["account_name"],
            "created_at": accounts["signup_date"],
            "segment": accounts["industry"],
            "country": accounts["country"],
            "channel": accounts["referral_source"],
        }
    )


def _subscriptions(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": rows["account_id"],
            "subscription_id": rows["subscription_id"],
            "at": rows["start_date"],
            "plan": rows["plan_tier"],
            "seats": rows["seats"].astype(float),
            "mrr": rows["mrr_amount"].astype(float),
            "term_months": rows["billing_frequency"].map({"monthly": 1.0, "annual": 12.0}),
            "auto_renew": rows["auto_renew_flag"],
            "ended_at": rows["end_date"],
        }
    )


def _usage(rows: pd.DataFrame, owners: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": rows["subscription_id"].map(owners),
            "at": rows["usage_date"],
            "event": rows["feature_name"],
            "quantity": rows["usage_count"].astype(float),
        }
    )


def _tickets(rows: pd.DataFrame) -> pd.DataFrame:
    """Closed and answered are moments; an answer to the survey is known when the ticket closes."""
    opened = pd.to_datetime(rows["submitted_at"], format=DAY_FIRST)
    closed = pd.to_datetime(rows["closed_at"], format=f"{DAY_FIRST} %H:%M")
    answered = opened + pd.to_timedelta(rows["first_response_time_minutes"], unit="min")
    return pd.DataFrame(
        {
            "customer_id": rows["account_id"],
            "ticket_id": rows["ticket_id"],
            "opened_at": rows["submitted_at"],
            "priority": rows["priority"].replace({"medium": "normal"}),
            "complaint": rows["escalation_flag"],
            "first_response_at": answered,
            "resolved_at": closed,
            "csat": rows["satisfaction_score"],
            "csat_at": closed.where(rows["satisfaction_score"].notna()),
        }
    )
