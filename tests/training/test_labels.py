"""What counts as churn, told by subscriptions small enough to read."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import ContractError
from features.sources.files import in_memory
from features.vectors import spine
from training.labels import ChurnLabel, InactivityLabel, churn_of, matured

AS_OF = date(2024, 6, 1)


def subscriptions(*rows: tuple[str, str, str, str | None]) -> pd.DataFrame:
    """Rows of customer, subscription, start and end; an end was asked for."""
    table = pd.DataFrame(rows, columns=["customer_id", "subscription_id", "at", "ended_at"])
    table["at"], table["ended_at"] = pd.to_datetime(table["at"]), pd.to_datetime(table["ended_at"])
    return table.assign(end_reason=table["ended_at"].notna().map({True: "voluntary", False: None}))


def label(rows: pd.DataFrame, how: ChurnLabel, as_of: date = AS_OF) -> pd.Series:
    customers = sorted(set(rows["customer_id"]))
    created = pd.DataFrame({"customer_id": customers, "created_at": pd.Timestamp(2023, 1, 1)})
    history = in_memory({"customers": created, "subscriptions": rows})
    told = how.of(history, spine(customers, [as_of]))
    return told.set_index("customer_id")["churned"]


@pytest.mark.parametrize(
    ("ended", "churned"),
    [
        ("2024-06-01", 1),  # at the as-of date: not yet known on it
        ("2024-08-29", 1),  # the last day of 90
        ("2024-08-30", 0),  # the first after the horizon
        (None, 0),
    ],
)
def test_churn_is_an_end_from_the_as_of_date_until_the_horizon_is_over(ended, churned):
    rows = subscriptions(("acme", "s", "2024-01-01", ended))
    assert label(rows, ChurnLabel(horizon_days=90))["acme"] == churned


def test_a_customer_who_comes_back_within_the_gap_has_not_churned():
    back = ("acme", "s2", "2024-07-25", None)
    rows = subscriptions(("acme", "s1", "2024-01-01", "2024-07-01"), back)
    assert label(rows, ChurnLabel(gap_days=30))["acme"] == 0
    assert label(rows, ChurnLabel(gap_days=20))["acme"] == 1


def test_ending_one_of_two_subscriptions_is_no_churn():
    rows = subscriptions(
        ("acme", "s1", "2024-01-01", "2024-07-01"), ("acme", "s2", "2024-01-01", None)
    )
    assert label(rows, ChurnLabel())["acme"] == 0


def test_the_last_end_of_overlapping_subscriptions_is_the_moment_of_churn():
    rows = subscriptions(
        ("acme", "s1", "2024-01-01", "2024-07-01"), ("acme", "s2", "2024-02-01", "2024-06-15")
    )
    assert churn_of(rows, 30)["churned_at"].tolist() == [pd.Timestamp(2024, 7, 1)]


def test_a_state_ends_with_the_subscriptions_next_row_and_not_with_churn():
    rows = subscriptions(
        ("acme", "s", "2024-01-01", None), ("acme", "s", "2024-03-01", "2024-07-01")
    )
    assert churn_of(rows, 30)["churned_at"].tolist() == [pd.Timestamp(2024, 7, 1)]


def test_who_leaves_before_the_lead_is_over_is_left_out():
    rows = subscriptions(
        ("early", "s1", "2024-01-01", "2024-06-10"), ("late", "s2", "2024-01-01", "2024-06-20")
    )
    told = label(rows, ChurnLabel(lead_days=14))
    assert told.to_dict() == {"late": 1}


def test_snapshots_are_censored_until_their_label_has_matured():
    how = ChurnLabel(horizon_days=90, gap_days=30, lead_days=0, arrival_lag_days=3)
    dates = [date(2024, 1, 1), date(2024, 2, 1)]
    assert matured(how, dates, date(2024, 5, 3)) == [date(2024, 1, 1)]
    assert matured(how, dates, date(2024, 5, 2)) == []


def test_the_contract_label_needs_subscriptions_and_says_what_to_set_instead():
    customers = pd.DataFrame({"customer_id": ["a"], "created_at": [pd.Timestamp(2024, 1, 1)]})
    with pytest.raises(ContractError, match="label = 'inactivity'"):
        ChurnLabel().of(in_memory({"customers": customers}), spine(["a"], [AS_OF]))


def test_a_label_without_a_horizon_cannot_be_made():
    with pytest.raises(ValueError, match="horizon"):
        ChurnLabel(horizon_days=0)


@pytest.mark.parametrize(
    ("used", "churned"),
    [("2024-06-01", 0), ("2024-06-30", 0), ("2024-07-01", 1), ("2024-05-31", 1)],
)
def test_inactivity_is_no_use_at_all_within_the_horizon(used, churned):
    customers = pd.DataFrame({"customer_id": ["a"], "created_at": [pd.Timestamp(2023, 1, 1)]})
    usage = pd.DataFrame({"customer_id": ["a"], "at": [pd.Timestamp(used)], "event": ["login"]})
    history = in_memory({"customers": customers, "usage": usage})
    told = InactivityLabel(horizon_days=30).of(history, spine(["a"], [AS_OF]))
    assert told["churned"].tolist() == [churned]


spans = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 120)), min_size=1, max_size=6)


@given(spans, st.integers(0, 60))
def test_exits_are_the_days_after_which_nothing_was_active_for_longer_than_the_gap(lived, gap):
    day = pd.Timestamp(2024, 1, 1)
    rows = pd.DataFrame(
        {
            "customer_id": "acme",
            "subscription_id": [f"s{i}" for i in range(len(lived))],
            "at": [day + pd.Timedelta(days=start) for start, _ in lived],
            "ended_at": [day + pd.Timedelta(days=start + length) for start, length in lived],
            "end_reason": "voluntary",
        }
    )
    active = {d for start, length in lived for d in range(start, start + length)}
    ends = {d + 1 for d in active if not active & set(range(d + 1, d + gap + 2))}
    found = {(moment - day).days for moment in churn_of(rows, gap)["churned_at"]}
    assert found == ends
