"""A made-up social network (SYNTHETIC, fight-churn's simulator): churn within 31 days.

Monthly terms that follow each other are one subscription; the first that is not renewed ends it.
"""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from experiments.real_data.case import Case
from features.sources.files import in_memory
from training.labels import ChurnLabel
from training.snapshots import Split

# Events are told until the end of June, renewals only until the first of it.
LAST_RENEWAL = pd.Timestamp(2020, 6, 1)
LABEL = ChurnLabel(horizon_days=31, gap_days=0, arrival_lag_days=0)
PUBLISHED = {
    "LightGBM": "AUC .624, log-loss .0914",
    "logistic": "AUC .664",
    "base rate": "log-loss .0938",
}


def case(data: Path) -> Case:
    """Train on weekly as-of dates of March, test on the last whose renewals are all told.

    The first 3,000 accounts all begin in January, so that February is everybody's first renewal:
    training begins after it, with eight weeks of history.
    """
    folder = data / "fightchurn_socialnet7"
    accounts = pd.read_csv(folder / "account.csv", keep_default_na=False)
    terms = pd.read_csv(folder / "subscription.csv", parse_dates=["start_date", "end_date"])
    tables = {
        "customers": _customers(accounts, terms),
        "subscriptions": _subscriptions(terms),
        "usage": _usage(pd.read_parquet(folder / "event_daily.parquet")),
    }
    test = (date(2020, 4, 21), date(2020, 5, 1))
    train = tuple(date(2020, 2, 29) + timedelta(days=7 * i) for i in range(4))
    return Case(
        history=in_memory(tables),
        label=LABEL,
        windows=Split(train, test),
        now=date(2020, 7, 1),
        key_events=(
            "like",
            "dislike",
            "post",
            "message",
            "reply",
            "adview",
            "newfriend",
            "unfriend",
        ),
        capacity=100,
        published=PUBLISHED,
    )


def _ids(accounts: pd.Series) -> pd.Series:
    return "account-" + accounts.astype(str)


def _customers(accounts: pd.DataFrame, terms: pd.DataFrame) -> pd.DataFrame:
    began = terms.groupby("account_id")["start_date"].min()
    return pd.DataFrame(
        {
            "customer_id": _ids(accounts["account_id"]),
            "created_at": accounts["account_id"].map(began),
            "channel": accounts["channel"],
            "country": accounts["country"],
        }
    )


def _subscriptions(terms: pd.DataFrame) -> pd.DataFrame:
    rows = terms.sort_values(["account_id", "start_date"])
    renewed = (
        rows["start_date"].shift(-1).where(rows["account_id"].eq(rows["account_id"].shift(-1)))
    )
    lapsed = ~(renewed <= rows["end_date"]) & (rows["end_date"] <= LAST_RENEWAL)
    return pd.DataFrame(
        {
            "customer_id": _ids(rows["account_id"]),
            "subscription_id": _ids(rows["account_id"]),
            "at": rows["start_date"],
            "plan": rows["product"],
            "mrr": rows["mrr"],
            "term_months": rows["bill_period_months"].astype(float),
            "term_ends_at": rows["end_date"],
            "ended_at": rows["end_date"].where(lapsed),
            "end_reason": lapsed.map({True: "voluntary", False: None}),
        }
    )


def _usage(events: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": _ids(events["account_id"]),
            "at": events["date"],
            "event": events["event_type"],
            "quantity": events["n"].astype(float),
        }
    )
