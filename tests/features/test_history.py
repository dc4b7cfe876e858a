"""What was known on a date: rows that had happened and arrived, columns that had been revealed."""

from contextlib import closing
from datetime import date, datetime, timedelta

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.derived import derived
from features.known_rows import known_rows
from features.sources.canonical import canonical
from features.tables import TABLES, arrival_of
from tests.features.every import history_of
from tests.features.strategies import CUSTOMERS, DATES, histories

AS_OF = date(2024, 3, 1)
MIDNIGHT = datetime(2024, 3, 1)
INSTANT = timedelta(microseconds=1)
DAY = timedelta(days=1)
REVEALS = [(name, moment) for name, table in TABLES.items() for moment in table.reveals]
SAMPLES = {"number": 3.0, "text": "other", "flag": True}


def known(name, *rows, as_of=AS_OF):
    """The rows of a table as known on a date, and the same in plain Python."""
    given = [{"customer_id": "acme", **row} for row in rows]
    found = history_of({name: given}).known(as_of).tables[name].to_pyarrow().to_pylist()
    in_python = known_rows(name, given, as_of)
    assert len(in_python["days_ago"]) == len(found)
    return found


def ticket(opened_at=MIDNIGHT - 10 * DAY, **columns):
    return {"ticket_id": "t1", "opened_at": opened_at, **columns}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_what_happens_at_midnight_of_the_date_is_not_known_and_an_instant_before_is(table):
    assert known(table.name, {table.at: MIDNIGHT}) == []
    [row] = known(table.name, {table.at: MIDNIGHT - INSTANT})
    assert (row["days_ago"], row["moment"]) == (1, MIDNIGHT - INSTANT)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_row_that_arrived_late_is_known_once_it_had_arrived(table):
    late = {table.at: MIDNIGHT - 9 * DAY, "known_at": MIDNIGHT}
    assert known(table.name, late) == []
    [row] = known(table.name, late, as_of=AS_OF + DAY)
    assert row["days_ago"] == 10


def test_a_row_that_arrived_before_it_happened_is_known_once_it_has_happened():
    early = {"at": MIDNIGHT, "event": "login", "known_at": MIDNIGHT - DAY}
    assert known("usage", early) == []
    assert len(known("usage", early, as_of=AS_OF + DAY)) == 1


def test_a_row_that_happened_nobody_knows_when_is_never_known():
    assert known("usage", {"at": None, "event": "login", "known_at": MIDNIGHT - DAY}) == []


@pytest.mark.parametrize(("name", "moment"), REVEALS)
def test_what_a_moment_reveals_is_missing_up_to_that_moment_and_there_after(name, moment):
    table = TABLES[name]
    shown = {c: SAMPLES[table[c].kind] for c in table.reveals[moment] if table[c].kind != "time"}
    row = {table.at: MIDNIGHT - 9 * DAY, **shown}
    for at, seen in ((MIDNIGHT, False), (MIDNIGHT - INSTANT, True)):
        [found] = known(name, {**row, moment: at})
        expected = {**shown, moment: at} if seen else dict.fromkeys([*shown, moment])
        assert {column: found[column] for column in expected} == expected


@pytest.mark.parametrize(("name", "moment"), REVEALS)
def test_a_reveal_that_arrived_late_is_missing_until_it_had_arrived(name, moment):
    row = {TABLES[name].at: MIDNIGHT - 9 * DAY, moment: MIDNIGHT - 5 * DAY}
    for arrived, seen in ((MIDNIGHT, False), (MIDNIGHT - INSTANT, True), (None, True)):
        [found] = known(name, {**row, arrival_of(moment): arrived})
        assert found[moment] == (row[moment] if seen else None)
        assert found[arrival_of(moment)] == (arrived if seen else None)


def test_one_moment_reveals_nothing_of_another():
    rated = ticket(resolved_at=MIDNIGHT, csat_at=MIDNIGHT - DAY, csat=4.0, handle_minutes=30.0)
    [found] = known("tickets", rated)
    assert (found["csat"], found["handle_minutes"], found["resolved_at"]) == (4.0, None, None)


def test_an_answer_without_its_moment_is_never_revealed():
    [found] = known("tickets", ticket(csat=4.0, csat_known_at=MIDNIGHT - DAY))
    assert found["csat"] is None


def test_hours_are_exact_to_the_second_and_missing_while_what_ends_them_is_unknown():
    opened = datetime(2024, 2, 27, 10, 0, 0, 900_000)
    answered = datetime(2024, 2, 27, 11, 30, 1, 100_000)
    [found] = known(
        "tickets", ticket(opened, first_response_at=answered, resolved_at=MIDNIGHT + DAY)
    )
    assert found["hours_to_first_response"] == 5401 / 3600
    assert found["hours_to_resolve"] is None


def test_days_are_whole_calendar_days_with_a_sign():
    issued, due = datetime(2024, 2, 1, 23, 59), datetime(2024, 2, 28, 0, 0, 1)
    [found] = known("invoices", {"invoice_id": "i", "issued_at": issued, "due_at": due,
                                 "paid_at": datetime(2024, 2, 27, 23, 59, 59)})  # fmt: skip
    assert (found["days_ago"], found["days_overdue"], found["days_late"]) == (29, 2, -1)
    term = {"subscription_id": "s", "at": issued, "term_ends_at": datetime(2024, 3, 31, 5)}
    assert known("subscriptions", term)[0]["days_to_term_end"] == 30


def test_usage_without_a_quantity_happened_once():
    rows = [{"at": MIDNIGHT - DAY, "event": "login", "quantity": q} for q in (None, 0.0)]
    assert sorted(row["quantity"] for row in known("usage", *rows)) == [0.0, 1.0]
    assert sorted(known_rows("usage", rows, AS_OF)["quantity"]) == [0.0, 1.0]


def test_a_spine_shows_each_customer_its_own_past_on_each_of_its_dates():
    rows = [{"customer_id": c, "ticket_id": c, "opened_at": MIDNIGHT - 3 * DAY} for c in "ab"]
    spine = [("a", MIDNIGHT), ("a", MIDNIGHT - 2 * DAY), ("b", MIDNIGHT - 3 * DAY)]
    asked = pa.Table.from_pylist([{"customer_id": c, "as_of": date} for c, date in spine])
    seen = history_of({"tickets": rows}).known(ibis.memtable(asked)).tables["tickets"]
    found = seen.select("customer_id", "as_of", "days_ago").to_pyarrow().to_pylist()
    assert sorted(tuple(row.values()) for row in found) == [
        ("a", MIDNIGHT - 2 * DAY, 1),
        ("a", MIDNIGHT, 3),
    ]


@settings(max_examples=8, derandomize=True, database=None)
@given(histories(), st.sampled_from(DATES))
def test_plain_python_knows_the_same_rows_and_columns(tables, as_of):
    found = history_of(tables).known(as_of).tables
    for name, table in TABLES.items():
        columns = [*table.names, "moment", *(e.name for e in derived(name, table.at))]
        rows = known_rows(name, tables[name], as_of)
        in_python = sorted(zip(*(rows[column] for column in columns), strict=True), key=repr)
        in_database = found[name].select(columns).to_pyarrow().to_pylist()
        assert _plain(in_python) == _plain(sorted(map(_values, in_database), key=repr))


def _values(row):
    return tuple(row.values())


def _plain(rows):
    return sorted(repr([float(v) if type(v) is int else v for v in row]) for row in rows)


def test_a_history_cut_on_a_day_holds_only_what_was_known_by_it():
    tables = {
        "tickets": [
            {"customer_id": "a", **ticket(resolved_at=MIDNIGHT + DAY, csat=2.0, csat_at=MIDNIGHT)},
            {"customer_id": "a", **ticket(MIDNIGHT + DAY)},
        ],
        "usage": [
            {"customer_id": "a", "at": MIDNIGHT - DAY, "event": "login"},
            {"customer_id": "a", "at": MIDNIGHT - DAY, "event": "late", "known_at": MIDNIGHT},
        ],
    }
    cut = history_of(tables).until(AS_OF).known(AS_OF + 99 * DAY).tables
    [told] = cut["tickets"].to_pyarrow().to_pylist()
    assert (told["opened_at"], told["resolved_at"], told["csat"]) == (
        MIDNIGHT - 10 * DAY,
        None,
        None,
    )
    assert cut["usage"].event.to_pyarrow().to_pylist() == ["login"]


def test_a_history_of_some_customers_holds_their_rows_only():
    rows = [{"customer_id": c, "at": MIDNIGHT - DAY, "event": "login"} for c in CUSTOMERS]
    found = history_of({"usage": rows}).of(["c03", "nobody"]).tables["usage"].to_pyarrow()
    assert found["customer_id"].to_pylist() == ["c03"]


def test_moments_in_postgres_are_read_in_utc_wherever_the_server_lives(postgres):
    backend = ibis.connect(postgres)
    with closing(backend.con):
        backend.raw_sql(
            """DROP TABLE IF EXISTS customers, usage;
            CREATE TABLE customers (customer_id int, created_at timestamptz);
            INSERT INTO customers VALUES (7, '2024-02-29 23:30:00.25-01:00');
            CREATE TABLE usage (customer_id int, at date, event varchar(9), quantity int);
            INSERT INTO usage VALUES (7, '2024-02-29', 'login', 3), (7, '2024-03-01', 'login', 1)"""
        ).close()
        found = {name: backend.table(name) for name in ("customers", "usage")}
        tables = canonical(found).known(AS_OF + DAY).tables
        [customer] = tables["customers"].to_pyarrow().to_pylist()
        assert customer["created_at"] == datetime(2024, 3, 1, 0, 30, 0, 250_000)
        assert customer["customer_id"] == "7"
        assert sorted(tables["usage"].to_pyarrow()["days_ago"].to_pylist()) == [1, 2]
