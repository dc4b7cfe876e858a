"""What becomes of rows that cannot be used: one reason each, and the same past on every date."""

from datetime import date, datetime, timedelta
from random import Random

import ibis
import pyarrow as pa
import pytest

from features.history import History
from features.rules import REASONS, arrived
from features.sources.files import in_memory
from features.tables import TABLES, Kind, arrival_of
from features.usable import usable

START = datetime(2024, 1, 1)
NOW = datetime(2024, 12, 1)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def arrow(rows) -> pa.Table:
    columns = {name: None for row in rows for name in row}
    return pa.Table.from_pylist([{**columns, **row} for row in rows])


def history(**tables) -> History:
    customers = [{"customer_id": "acme", "created_at": START}]
    return in_memory({n: arrow(rows) for n, rows in {"customers": customers, **tables}.items()})


def aside(outside="keep", **tables) -> dict[str, dict[str, int]]:
    accounts = usable(history(**tables), outside, NOW)[1]
    return {name: dict(a.set_aside) for name, a in accounts.items() if a.set_aside}


def ticket(**columns) -> dict[str, object]:
    return {"customer_id": "acme", "ticket_id": "t1", "opened_at": day(9), **columns}


def used(**columns) -> dict[str, object]:
    return {"customer_id": "acme", "event": "login", "at": day(9), **columns}


def subscribed(**columns) -> dict[str, object]:
    return {"customer_id": "acme", "subscription_id": "s1", "at": day(5), **columns}


@pytest.mark.parametrize(
    ("reason", "tables"),
    [
        ("missing_value", {"usage": [used(event=None)]}),
        ("missing_value", {"usage": [used(), used(at=None)]}),
        ("in_the_future", {"usage": [used(at=NOW + timedelta(seconds=1))]}),
        ("unknown_customer", {"tickets": [ticket(customer_id="nobody")]}),
        ("before_sign_up", {"tickets": [ticket(opened_at=day(-0.1))]}),
        ("before_sign_up", {"usage": [used(at=day(-1))]}),
        ("ends_before_start", {"tickets": [ticket(resolved_at=day(8))]}),
        ("ends_before_start", {"subscriptions": [subscribed(ended_at=day(4))]}),
        (
            "ends_before_start",
            {
                "invoices": [
                    {
                        "customer_id": "acme",
                        "invoice_id": "i",
                        "issued_at": day(9),
                        "paid_at": day(2),
                    }
                ]
            },
        ),
        ("impossible_value", {"usage": [used(quantity=-1)]}),
        (
            "impossible_value",
            {"surveys": [{"customer_id": "acme", "at": day(9), "kind": "NPS", "score": 11}]},
        ),
        (
            "impossible_value",
            {"surveys": [{"customer_id": "acme", "at": day(9), "kind": "CSAT", "score": 0}]},
        ),
        ("duplicate", {"tickets": [ticket(), ticket(priority="low")]}),
        ("duplicate", {"subscriptions": [subscribed(plan="a"), subscribed(plan="b")]}),
    ],
)
def test_a_row_that_cannot_be_used_is_set_aside_under_its_reason(reason, tables):
    [name] = tables
    assert aside(**tables) == {name: {reason: 1}}


@pytest.mark.parametrize(
    "tables",
    [
        {"usage": [used(at=START), used(), used()]},
        {"tickets": [ticket(opened_at=day(9.5), resolved_at=day(9))]},
        {"subscriptions": [subscribed(at=day(-300)), subscribed(mrr=-5)]},
        {"subscriptions": [subscribed(cancel_requested_at=day(1))]},
        {
            "surveys": [
                {"customer_id": "acme", "at": day(9), "kind": "CSAT", "score": 80, "scale": 100}
            ]
        },
        {
            "invoices": [
                {"customer_id": "acme", "invoice_id": "i", "issued_at": day(9), "amount": -5.0}
            ]
        },
    ],
    ids=[
        "use on the day of sign-up, twice in one second",
        "a bare date is any moment of its day",
        "a subscription older than the sign-up",
        "notice given in an earlier state",
        "a scale of its own",
        "a credit note",
    ],
)
def test_a_row_that_can_be_true_is_used(tables):
    assert aside(**tables) == {}


def test_a_customer_set_aside_takes_its_rows_along():
    customers = [{"customer_id": "acme", "created_at": None}]
    told = aside(customers=customers, usage=[used()])
    assert told == {"customers": {"missing_value": 1}, "usage": {"unknown_customer": 1}}


def test_a_row_with_several_faults_is_counted_once():
    told = aside(tickets=[ticket(customer_id="nobody", opened_at=day(-9), resolved_at=day(-99))])
    assert told == {"tickets": {"unknown_customer": 1}}


def test_rows_in_are_rows_used_and_rows_set_aside():
    rows = [used(), used(at=None), used(customer_id="nobody"), used(at=day(-3))]
    kept, accounts = usable(history(usage=rows), now=NOW)
    assert (accounts["usage"].rows, accounts["usage"].used) == (4, 1)
    assert kept.tables["usage"].to_pyarrow().num_rows == 1


def test_of_rows_with_the_same_key_the_first_to_arrive_is_used():
    late, early = (
        ticket(known_at=day(20), priority="low"),
        ticket(known_at=day(10), priority="high"),
    )
    kept, _ = usable(history(tickets=[late, early]))
    assert kept.tables["tickets"].priority.to_pyarrow().to_pylist() == ["high"]


def test_a_row_set_aside_does_not_take_the_key_of_a_good_one():
    broken, good = ticket(opened_at=day(-5)), ticket(priority="high")
    kept, accounts = usable(history(tickets=[broken, good]))
    assert accounts["tickets"].set_aside == {"before_sign_up": 1}
    assert kept.tables["tickets"].priority.to_pyarrow().to_pylist() == ["high"]


def test_a_value_that_cannot_be_is_blank_and_its_row_used():
    kept, accounts = usable(history(tickets=[ticket(csat=11.0, csat_at=day(10), priority="low")]))
    row = kept.tables["tickets"].to_pyarrow().to_pylist()[0]
    assert (row["csat"], row["priority"], accounts["tickets"].used) == (None, "low", 1)


def test_an_end_that_contradicts_its_row_only_later_is_blank():
    rows = [ticket(resolved_at=day(8), resolved_known_at=day(30), handle_minutes=5.0)]
    kept, accounts = usable(history(tickets=rows))
    row = kept.tables["tickets"].to_pyarrow().to_pylist()[0]
    assert accounts["tickets"].used == 1
    assert row["resolved_at"] is row["resolved_known_at"] is row["handle_minutes"] is None


@pytest.mark.parametrize(
    ("at", "arrives", "inside"),
    [
        (day(4), None, False),
        (day(5), None, True),
        (day(40), None, True),
        (day(41), None, False),
        (day(41), day(44), False),
    ],
)
def test_use_outside_any_subscription_is_set_aside_when_asked(at, arrives, inside):
    tables = {
        "subscriptions": [subscribed(at=day(5.5), ended_at=day(40))],
        "usage": [used(at=at, known_at=arrives)],
    }
    assert aside(**tables) == {}
    assert aside("set_aside", **tables) == (
        {} if inside else {"usage": {"outside_subscription": 1}}
    )


def test_use_is_judged_by_the_ends_known_when_it_arrived():
    ended = subscribed(ended_at=day(20), ended_known_at=day(50))
    rows = [used(at=day(30)), used(at=day(30), known_at=day(60))]
    told = aside("set_aside", subscriptions=[ended], usage=rows)
    assert told == {"usage": {"outside_subscription": 1}}


def test_use_before_a_subscription_had_arrived_was_outside():
    late = subscribed(known_at=day(50))
    rows = [used(at=day(30)), used(at=day(60))]
    told = aside("set_aside", subscriptions=[late], usage=rows)
    assert told == {"usage": {"outside_subscription": 1}}


def test_of_equal_rows_the_one_that_changes_first_is_used():
    answered = ticket(csat=5.0, csat_at=day(10), resolved_at=day(20))
    resolved = ticket(csat=None, csat_at=None, resolved_at=day(15))
    whole = history(tickets=[answered, resolved])
    as_of = day(12)
    then, now = usable(cut(whole, as_of))[0], usable(whole)[0]
    assert _known(now, as_of.date()) == _known(then, as_of.date())


def cut(history: History, as_of: datetime) -> History:
    """What had arrived before a date, as a source would have handed it over then."""
    return History({name: _cut(name, rows, as_of) for name, rows in history.tables.items()})


def _cut(name: str, rows, as_of: datetime):
    table = TABLES[name]
    moment = ibis.literal(as_of, "timestamp")
    seen = rows.filter((arrived(rows, table.at) < moment) | rows[table.at].isnull())
    for time, columns in table.reveals.items():
        shown = arrived(seen, time, arrival_of(time)) < moment
        seen = seen.mutate(**{c: shown.ifelse(seen[c], ibis.null(seen[c].type())) for c in columns})
    return seen


def noise(table: str, rows: int, draw: Random) -> list[dict[str, object]]:
    """Rows in which anything may be wrong, all within a fortnight."""
    choices = {
        Kind.TIME: lambda: draw.choice([None, day(draw.randint(-3, 12)), day(draw.uniform(0, 12))]),
        Kind.NUMBER: lambda: draw.choice([-1.0, 1.0, 5.0, 9.0]),
        Kind.FLAG: lambda: draw.choice([True, False]),
        Kind.TEXT: lambda: draw.choice("ab"),
    }
    made = [{c.name: choices[c.kind]() for c in TABLES[table]} for _ in range(rows)]
    key = TABLES[table].key[:1]
    return [{**row, **{k: f"{k}-{draw.randrange(rows // 3)}" for k in key}} for row in made]


def every_fault(rows: int = 600) -> History:
    draw = Random(7)
    tables = {n: noise(n, rows, draw) for n in ("tickets", "subscriptions", "usage", "invoices")}
    customers = [{"customer_id": c, "created_at": START, "known_at": None} for c in "abcdefgh"]
    for row in (row for table in tables.values() for row in table):
        row["customer_id"] = draw.choice("abcdefghi")
    return history(customers=customers, **tables)


@pytest.mark.parametrize("outside", ["keep", "set_aside"])
def test_the_past_is_the_same_whatever_arrives_later(outside):
    whole = every_fault()
    now, accounts = usable(whole, outside)
    assert all(0 < accounts[name].used < 600 for name in ("tickets", "invoices", "usage"))
    for days in (1, 4, 8, 12):
        then, _ = usable(cut(whole, day(days)), outside)
        assert _known(now, day(days).date()) == _known(then, day(days).date())


def _known(history: History, as_of: date) -> dict[str, list[str]]:
    known = history.known(as_of).tables
    return {name: sorted(map(str, rows.to_pyarrow().to_pylist())) for name, rows in known.items()}


def test_every_reason_says_what_is_wrong_and_what_to_do():
    for reason in REASONS:
        assert reason.what
        assert reason.do.endswith(".")
