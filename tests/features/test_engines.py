"""Every engine gives the same vectors: plain Python, one date, a spine of dates, PostgreSQL."""

from contextlib import contextmanager
from datetime import timedelta
from random import Random

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import CHURN
from features.derived import midnight
from features.reference import planned, vector_of
from features.sources.canonical import canonical
from features.tables import TABLES
from features.vectors import vectors
from tests.features.every import EVERY, arrow, assert_equal, history_of
from tests.features.strategies import CUSTOMERS, DATES, histories, of_customer, random_history

PLANS = {"every": planned(EVERY), "churn": planned(CHURN)}
MANY = [DATES[-1] - timedelta(days=number) for number in range(80)]
FEW = settings(max_examples=10, derandomize=True, database=None)


def spine(pairs):
    return pd.DataFrame(pairs, columns=["customer_id", "as_of"])


@contextmanager
def written(url, tables):
    """A database that holds the tables."""
    backend = ibis.connect(url)
    for name in TABLES:
        backend.create_table(name, arrow(name, tables[name]), overwrite=True)
    yield canonical({name: backend.table(name) for name in TABLES})
    backend.disconnect()


def reference(features, tables, index) -> pd.DataFrame:
    """The vectors of plain Python."""
    of = {customer: of_customer(tables, customer) for customer in index.unique("customer_id")}
    plan = PLANS[features.name]
    return pd.DataFrame([vector_of(plan, of[c], date) for c, date in index], index=index)


@FEW
@given(histories(), st.sampled_from(DATES))
def test_plain_python_gives_the_vectors_of_the_database(tables, as_of):
    found = vectors(EVERY, history_of(tables), spine([(c, as_of) for c in CUSTOMERS]))
    assert_equal(found, reference(EVERY, tables, found.index))


@FEW
@given(histories(), st.randoms(use_true_random=False))
def test_a_spine_of_many_dates_gives_each_customer_the_vectors_of_its_own(tables, random):
    wanted = spine([(random.choice(CUSTOMERS), date) for date in MANY] + [(CUSTOMERS[0], DATES[0])])
    found = vectors(EVERY, history_of(tables), wanted.drop_duplicates())
    assert_equal(found, reference(EVERY, tables, found.index))


def test_several_dates_in_one_call_are_the_dates_one_by_one_in_the_order_asked_for():
    history = history_of(random_history(Random(1)))
    dates = DATES[:0:-1]
    wanted = spine([(c, date) for c in CUSTOMERS for date in dates])
    together = vectors(EVERY, history, wanted)
    assert list(together.index) == list(wanted.itertuples(index=False, name=None))
    for date in dates:
        alone = vectors(EVERY, history, wanted[wanted["as_of"] == date])
        pd.testing.assert_frame_equal(together.loc[(slice(None), date), :], alone)


def test_every_feature_of_the_catalogue_is_the_same_in_plain_python():
    customers = [f"customer-{number}" for number in range(100)]
    tables = random_history(Random(2), customers)
    found = vectors(CHURN, history_of(tables), spine([(c, DATES[-1]) for c in customers]))
    assert_equal(found, reference(CHURN, tables, found.index))
    assert not [name for name in found if found[name].nunique() < 2], "nothing is proven of these"


def test_tables_that_a_business_has_not_leave_their_features_empty():
    tables = {name: random_history(Random(3))[name] for name in ("customers", "payments")}
    found = vectors(EVERY, history_of(tables), spine([(c, DATES[-1]) for c in CUSTOMERS]))
    assert_equal(found, reference(EVERY, tables, found.index))


def test_the_order_of_the_rows_changes_no_bit():
    tables, random = random_history(Random(5), CUSTOMERS * 8), Random(6)
    mixed = {name: random.sample(rows, len(rows)) for name, rows in tables.items()}
    wanted = spine([(c, DATES[-1]) for c in CUSTOMERS])
    found, again = (vectors(EVERY, history_of(given), wanted) for given in (tables, mixed))
    pd.testing.assert_frame_equal(found, again, check_exact=True)
    found, again = (reference(EVERY, given, found.index) for given in (tables, mixed))
    pd.testing.assert_frame_equal(found, again, check_exact=True)


@pytest.mark.parametrize("features", [EVERY, CHURN], ids=["every", "churn"])
def test_postgres_gives_the_vectors_of_plain_python(features, postgres):
    tables = random_history(Random(4))
    with written(postgres, tables) as history:
        for dates in (DATES[:1], MANY):
            wanted = spine([(c, date) for c in CUSTOMERS for date in dates])
            found = vectors(features, history, wanted)
            assert_equal(found, reference(features, tables, found.index))


def test_equally_late_texts_are_ordered_by_their_bytes_whatever_language_postgres_speaks(postgres):
    at = midnight(DATES[-1]) - timedelta(days=40)
    state = {"customer_id": "acme", "at": at, "mrr": 10.0}
    tables = {
        **random_history(Random(7), []),
        "payments": [{"customer_id": "acme", "at": at, "status": s} for s in ("Paid", "open")],
        "subscriptions": [
            {**state, "subscription_id": "B2", "plan": "upper"},
            {**state, "subscription_id": "a1", "plan": "lower"},
        ],
    }
    wanted = spine([("acme", DATES[-1])])
    with written(postgres, tables) as history:
        for found in (vectors(EVERY, history, wanted), vectors(EVERY, history_of(tables), wanted)):
            assert found[["paid", "plan"]].values.tolist() == [["open", "upper"]]
            assert_equal(found, reference(EVERY, tables, found.index))
