"""No feature looks ahead: what comes after an as-of date changes nothing, bit for bit."""

from datetime import timedelta
from random import Random

import pandas as pd
import pytest

from features.catalogue import CHURN
from features.derived import midnight
from features.tables import TABLES, arrival_of
from features.vectors import spine, vectors
from tests.features.every import history_of
from tests.features.strategies import DATES, LATEST, random_history

CUSTOMERS = [f"customer-{number}" for number in range(300)]
GIVEN = random_history(Random(5), CUSTOMERS)
FUTURE_ROWS = 10_000
LATER = [timedelta(0), timedelta(microseconds=1), timedelta(days=1), timedelta(days=6)]


def vectors_of(tables, as_of=LATEST) -> pd.DataFrame:
    return vectors(CHURN, history_of(tables), spine(CUSTOMERS, [as_of]))


def came(moment, arrival):
    """When a moment was known, or None for a moment that is not."""
    return moment and max(moment, arrival or moment)


def later(random):
    return midnight(LATEST) + random.choice(LATER)


def coming(name, random):
    """A row of a table that happened, or arrived, at the as-of date or after it."""
    row = random.choice(GIVEN[name]) | {"customer_id": random.choice(CUSTOMERS)}
    return row | random.choice([{"known_at": later(random)}, {TABLES[name].at: later(random)}])


def revealed_later(name, row, random):
    """The row with moments that are still to come, or still to arrive, wherever it has none yet."""
    for moment, columns in TABLES[name].reveals.items():
        known = came(row[moment], row[arrival_of(moment)])
        if known is None or known >= midnight(LATEST):
            other = random.choice(GIVEN[name])
            late = {moment: row[TABLES[name].at], arrival_of(moment): later(random)}
            row = row | {column: other[column] for column in columns}
            row |= random.choice([late, {moment: later(random)}])
    return row


def cut(name, rows, as_of):
    """The rows that had arrived before a date, without the columns that had not."""
    table, end = TABLES[name], midnight(as_of)
    kept = []
    for row in rows:
        shown = dict(row)
        if came(row[table.at], row["known_at"]) < end:
            for moment, columns in table.reveals.items():
                known = came(row[moment], row[arrival_of(moment)])
                if known is None or known >= end:
                    shown |= dict.fromkeys(columns)
            kept.append(shown)
    return kept


def future():
    """The tables with what was still to come."""
    random = Random(6)
    tables = {n: [revealed_later(n, row, random) for row in rows] for n, rows in GIVEN.items()}
    rows = {name: [coming(name, random) for _ in range(FUTURE_ROWS)] for name in TABLES}
    return {name: [*tables[name], *rows[name]] for name in TABLES}


@pytest.fixture(scope="module")
def given() -> dict[object, pd.DataFrame]:
    return {as_of: vectors_of(GIVEN, as_of) for as_of in DATES}


@pytest.fixture(scope="module")
def with_future() -> pd.DataFrame:
    return vectors_of(future())


@pytest.fixture(scope="module")
def truncated() -> dict[object, pd.DataFrame]:
    past = {as_of: {n: cut(n, rows, as_of) for n, rows in GIVEN.items()} for as_of in DATES}
    return {as_of: vectors_of(tables, as_of) for as_of, tables in past.items()}


@pytest.mark.parametrize("name", CHURN.recipes)
def test_future_rows_and_reveals_change_no_value(given, with_future, name):
    pd.testing.assert_series_equal(with_future[name], given[LATEST][name], check_exact=True)


@pytest.mark.parametrize("as_of", DATES, ids=str)
@pytest.mark.parametrize("name", CHURN.recipes)
def test_tables_cut_at_the_date_by_arrival_give_the_same_value(given, truncated, name, as_of):
    pd.testing.assert_series_equal(truncated[as_of][name], given[as_of][name], check_exact=True)


def test_the_future_that_is_tried_holds_something_of_every_kind():
    """A test of the tests: who looked a week ahead would see it."""
    seen = vectors_of(future(), LATEST + timedelta(days=7))
    now = vectors_of(GIVEN, LATEST + timedelta(days=7))
    assert not [name for name in seen if seen[name].equals(now[name])]
