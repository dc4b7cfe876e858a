"""What the service reads without pandas is what training reads with it."""

from collections import defaultdict
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from features.catalogue import CHURN
from features.columns import columns
from features.history import History
from features.reference import planned, vector_of
from features.sources.files import in_memory
from features.status import status_of, status_of_activity, statuses, statuses_by_activity
from features.vectors import spine, vectors
from tests.features.test_population import arrow

AS_OF = date(2024, 6, 1)
MIDNIGHT = datetime(2024, 6, 1)
CUSTOMERS = [f"c{n}" for n in range(120)]
Row = dict[str, object]


def rows_at_random(seed: int) -> dict[str, list[Row]]:
    """Subscriptions, invoices and payments around the as-of date, on its edges above all."""
    rng = np.random.default_rng(seed)

    def moment(*days: float) -> datetime | None:
        return MIDNIGHT - timedelta(days=float(rng.choice(days)))

    def maybe(*days: float) -> datetime | None:
        return moment(*days) if rng.random() < 0.5 else None

    tables: dict[str, list[Row]] = defaultdict(list)
    for customer in CUSTOMERS:
        who: Row = {"customer_id": customer}
        tables["customers"].append({**who, "created_at": moment(0, 1, 400)})
        for n in range(rng.integers(0, 3)):
            tables["subscriptions"].append(
                {
                    **who,
                    "subscription_id": f"{customer}-{n}",
                    "at": moment(0, 1, 90),
                    "ended_at": maybe(-5, 0, 0.5, 3),
                    "cancel_requested_at": maybe(-5, 0, 2),
                    "known_at": maybe(0, 0.5),
                }
            )
        for n in range(rng.integers(0, 2)):
            invoice: Row = {**who, "invoice_id": f"{customer}-{n}", "issued_at": moment(90)}
            due = moment(60, 61, 70)
            tables["invoices"].append({**invoice, "due_at": due, "paid_at": maybe(0, 1)})
        for _ in range(rng.integers(0, 9)):
            status = str(rng.choice(["failed"] * 4 + ["succeeded"]))
            tables["payments"].append({**who, "at": moment(0, 1, 60, 61), "status": status})
            tables["usage"].append({**who, "at": moment(0, 28, 29), "event": "login"})
    return tables


def in_history(tables: dict[str, list[Row]]) -> History:
    return in_memory({name: arrow(rows) for name, rows in tables.items()})


def of_customer(history: History) -> dict[str, dict[str, list[Row]]]:
    found: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for name, table in history.tables.items():
        for row in table.to_pyarrow().to_pylist():
            found[row["customer_id"]][name].append(row)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_one_customer_in_plain_python_has_the_status_that_everybody_has_in_ibis(seed: int) -> None:
    history = in_history(rows_at_random(seed))
    known, rows = history.known(AS_OF), of_customer(history)
    by_contract, by_use = statuses(known), statuses_by_activity(known, 28)
    assert len(set(by_contract.values())) == 5
    assert len(set(by_use.values())) == 2
    assert {c: status_of(rows[c], AS_OF) for c in by_contract} == by_contract
    assert {c: status_of_activity(rows[c], AS_OF, 28) for c in by_use} == by_use


def test_without_subscriptions_nobody_is_subscribed() -> None:
    tables = rows_at_random(1)
    del tables["subscriptions"]
    assert set(statuses(in_history(tables).known(AS_OF)).values()) == {"not_subscribed"}


def test_columns_are_the_vectors_in_the_order_of_the_customers_asked_for() -> None:
    history = in_history(rows_at_random(2))
    asked = [*reversed(CUSTOMERS), "nobody"]
    made = columns(CHURN, history, AS_OF, asked)
    expected = vectors(CHURN, history, spine(asked, [AS_OF]))
    assert list(made) == list(expected.columns)
    for name, column in made.items():
        np.testing.assert_array_equal(column, expected[name].to_numpy(), err_msg=name)


def test_columns_are_what_the_plain_engine_says() -> None:
    history = in_history(rows_at_random(3))
    plan, rows = planned(CHURN), of_customer(history)
    made = columns(CHURN, history, AS_OF, CUSTOMERS)
    for place, customer in enumerate(CUSTOMERS):
        told = vector_of(plan, rows[customer], AS_OF)
        for name, value in told.items():
            found = made[name][place]
            expected = value if isinstance(value, str) else pytest.approx(value, nan_ok=True)
            assert found == expected, (customer, name)
