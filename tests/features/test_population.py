"""Who is scored on a date, and the days on which that changes."""

from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest

from features.history import History
from features.population import population, population_by_activity
from features.sources.files import in_memory

AS_OF = date(2024, 6, 1)
MIDNIGHT = datetime(2024, 6, 1)
SECOND = timedelta(seconds=1)


def days_ago(days: float) -> datetime:
    return MIDNIGHT - timedelta(days=days)


def arrow(rows) -> pa.Table:
    columns = {name: None for row in rows for name in row}
    return pa.Table.from_pylist([{**columns, **row} for row in rows])


def history(**tables) -> History:
    customers = [{"customer_id": "acme", "created_at": days_ago(900)}]
    return in_memory({n: arrow(rows) for n, rows in {"customers": customers, **tables}.items()})


def subscription(**columns) -> dict[str, object]:
    return {"customer_id": "acme", "subscription_id": "s1", "at": days_ago(300), **columns}


def status(*subscriptions, **tables) -> str:
    told = population(history(subscriptions=list(subscriptions), **tables), AS_OF)
    assert told["customer_id"].tolist() == ["acme"]
    return str(told["status"].item())


@pytest.mark.parametrize(
    ("ended_at", "expected"),
    [
        (None, "active"),
        (MIDNIGHT + SECOND, "active"),
        (MIDNIGHT, "active"),
        (MIDNIGHT - SECOND, "ended"),
        (days_ago(200), "ended"),
    ],
)
def test_an_end_counts_from_the_day_after_it(ended_at, expected):
    assert status(subscription(ended_at=ended_at)) == expected


def test_an_end_that_arrives_later_is_not_known_yet():
    late = subscription(ended_at=days_ago(9), ended_known_at=MIDNIGHT)
    assert status(late) == "active"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [(days_ago(1), "notice_given"), (MIDNIGHT, "active"), (days_ago(-1), "active")],
)
def test_notice_counts_from_the_day_after_it(asked, expected):
    assert status(subscription(cancel_requested_at=asked)) == expected


def test_notice_on_one_of_two_subscriptions_leaves_a_customer_active():
    noticed = subscription(cancel_requested_at=days_ago(5))
    other = subscription(subscription_id="s2", cancel_requested_at=None)
    assert status(noticed, other) == "active"


def test_notice_on_the_only_subscription_still_active_is_notice():
    ended = subscription(ended_at=days_ago(50), cancel_requested_at=None)
    noticed = subscription(subscription_id="s2", ended_at=None, cancel_requested_at=days_ago(5))
    assert status(ended, noticed) == "notice_given"


def test_a_subscription_that_begins_on_the_date_is_not_known_yet():
    assert status(subscription(at=MIDNIGHT)) == "not_subscribed"


def dunning(overdue: float = 61, failures: int = 3, last: float = 60, **invoice) -> str:
    issued = {"customer_id": "acme", "invoice_id": "i1", "issued_at": days_ago(100)}
    failed = {"customer_id": "acme", "status": "failed"}
    return status(
        subscription(),
        invoices=[{**issued, "due_at": days_ago(overdue), **invoice}],
        payments=[{**failed, "at": days_ago(last - i)} for i in range(failures)],
    )


def test_dunning_ends_after_sixty_days_and_three_failures():
    assert dunning() == "dunning"


@pytest.mark.parametrize(
    "case",
    [
        {"overdue": 60},
        {"failures": 2},
        {"last": 61},
        {"paid_at": days_ago(1)},
        {"voided_at": days_ago(1)},
    ],
    ids=str,
)
def test_a_customer_who_is_not_past_all_reminders_is_active(case):
    assert dunning(**case) == "active"


def test_a_payment_that_is_not_known_yet_does_not_end_dunning():
    assert dunning(paid_at=MIDNIGHT) == "dunning"


def test_a_customer_who_signs_up_on_the_date_is_not_known_yet():
    created = {"acme": days_ago(1), "new": MIDNIGHT}
    rows = [{"customer_id": c, "created_at": at} for c, at in created.items()]
    told = population(history(customers=rows), AS_OF)
    assert told.to_dict("list") == {"customer_id": ["acme"], "status": ["not_subscribed"]}


@pytest.mark.parametrize(
    ("used", "expected"),
    [(1, "active"), (28, "active"), (29, "inactive"), (0, "inactive")],
)
def test_without_contracts_those_who_used_the_product_lately_are_active(used, expected):
    usage = [{"customer_id": "acme", "at": days_ago(used), "event": "login"}]
    told = population_by_activity(history(usage=usage), AS_OF, days=28)
    assert told["status"].item() == expected
