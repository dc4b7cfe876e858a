"""One customer is looked up by statements that are written once, and gives the same rows."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from ibis.backends.sql.compilers import DuckDBCompiler

from features.history import History
from features.sources.files import in_memory
from features.usable import usable
from serving.cases import rows_of
from serving.lookup import customer_rows

JUNE = datetime(2026, 6, 1)


def ticket(customer: str, ticket_id: str | None, day: int, known: int | None = None) -> Any:
    opened, arrived = JUNE.replace(day=day), known and JUNE.replace(day=known)
    return {
        "customer_id": customer,
        "ticket_id": ticket_id,
        "opened_at": opened,
        "known_at": arrived,
        "complaint": False,
    }


TICKETS = [
    ticket("ann", "t1", 3),
    ticket("ann", "t1", 4),  # the same ticket again
    ticket("bob", "t2", 2, known=20),  # bob's copy of it arrived after ann's: ann's is the ticket
    ticket("ann", "t2", 5, known=6),
    ticket("bob", "t3", 7),
    ticket("ann", "t3", 9),  # and this one is bob's
    ticket("ann", None, 9),  # of no use
]


@pytest.fixture
def history() -> History:
    """Tickets that arrived twice, also under another customer."""
    return made(TICKETS)


def made(tickets: list[Any]) -> History:
    born = [{"customer_id": name, "created_at": datetime(2026, 1, 1)} for name in ("ann", "bob")]
    tables = {"customers": born, "tickets": tickets}
    found = in_memory({name: pa.Table.from_pylist(rows) for name, rows in tables.items()})
    return usable(found, now=datetime(2026, 7, 1))[0]


def in_order(rows: list[Any]) -> list[str]:
    return sorted(map(str, rows))


@pytest.mark.parametrize("customer", ["ann", "bob"])
def test_the_rows_are_those_of_the_usable_history(history: History, customer: str):
    found, whole = customer_rows(history, customer), rows_of(history)[customer]
    assert {name: in_order(rows) for name, rows in found.items()} == {
        name: in_order(rows) for name, rows in whole.items()
    }


def test_a_key_of_two_customers_is_whose_row_arrived_first(history: History):
    tickets = {name: customer_rows(history, name)["tickets"] for name in ("ann", "bob")}
    ids = {name: sorted(row["ticket_id"] for row in rows) for name, rows in tickets.items()}
    assert ids == {"ann": ["t1", "t2"], "bob": ["t3"]}


def test_who_is_not_there_has_no_rows(history: History):
    for nobody in ("nobody", "ann' OR '1'='1", "$1", ""):
        assert customer_rows(history, nobody) == {"customers": [], "tickets": []}


def test_each_history_is_asked_for_its_own_rows(history: History):
    customer_rows(history, "ann")
    other = made([ticket("ann", "another company's", 3)])
    assert [row["ticket_id"] for row in customer_rows(other, "ann")["tickets"]] == [
        "another company's"
    ]
    assert len(customer_rows(history, "ann")["tickets"]) == 2


def test_a_statement_is_written_once(history: History, monkeypatch: pytest.MonkeyPatch):
    customer_rows(history, "ann")
    written: list[object] = []
    whole: Callable[..., object] = DuckDBCompiler.to_sqlglot

    def counted(*given: Any, **named: Any) -> object:
        written.append(given)
        return whole(*given, **named)

    monkeypatch.setattr(DuckDBCompiler, "to_sqlglot", counted)
    assert customer_rows(history, "bob")["tickets"]
    assert written == []
