"""The made-up company on a small scale: complete, reproducible, and true to its own rules."""

from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.demo import Demo, simulate, write
from features.demo.calendar import Calendar
from features.demo.recorded import schema
from features.tables import TABLES, arrival_of

ENDS = date(2026, 3, 17)
NOW = datetime(2026, 3, 17)
small = partial(simulate, customers=500, months=14, ends=ENDS)


@pytest.fixture(scope="module")
def demo() -> Demo:
    return small()


@pytest.fixture(scope="module")
def ask(demo):
    """Questions in SQL to the tables and the truth; `at` is reserved there, so it is `moment`."""
    backend = duckdb.connect()
    for name, table in demo.tables.items():
        names = ["moment" if column == "at" else column for column in table.column_names]
        backend.register(name, table.rename_columns(names))
    backend.register("truth", demo.truth)
    return lambda question: backend.execute(question).fetchall()


def test_every_canonical_table_has_rows_and_exactly_the_declared_columns(demo):
    assert {name: t.schema for name, t in demo.tables.items()} == {
        name: schema(table) for name, table in TABLES.items()
    }
    assert all(len(table) for table in demo.tables.values())


def test_every_column_is_filled_somewhere(demo):
    empty = {
        f"{name}.{column}"
        for name, table in demo.tables.items()
        for column in table.column_names
        if table[column].null_count == len(table)
    }
    written_at_once = {"customers.known_at", "milestones.known_at", "treatments.known_at"}
    told_at_once = {"tickets.first_response_known_at", "tickets.reopened_known_at"}
    assert empty - {"surveys.scale", "invoices.voided_known_at"} == written_at_once | told_at_once


def test_text_columns_hold_only_what_the_contract_allows(demo):
    found = {
        (name, column.name): set(demo.tables[name][column.name].unique().to_pylist()) - {None}
        for name, table in TABLES.items()
        for column in table
        if column.allowed
    }
    assert all(v <= set(TABLES[name][column].allowed) for (name, column), v in found.items())


def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(tmp_path):
    def files(folder: str, seed: int) -> dict[str, bytes]:
        write(simulate(customers=60, months=8, seed=seed), tmp_path / folder / "history")
        return {p.name: p.read_bytes() for p in (tmp_path / folder).rglob("*.parquet")}

    first = files("first", seed=1)
    assert first == files("again", seed=1)
    other = files("other", seed=2)
    assert all(other[name] != first[name] for name in first)


def test_nothing_in_the_history_happened_arrived_or_was_revealed_after_its_end(demo):
    times = {
        (name, column): demo.tables[name][column]
        for name, table in TABLES.items()
        for column in {table.at, "known_at", *table.reveals, *map(arrival_of, table.reveals)}
        if column in table.names
    }
    latest = {
        key: max(filter(None, t.unique().to_pylist()), default=NOW) for key, t in times.items()
    }
    known = {
        key: moment for key, moment in latest.items() if times[key].null_count < len(times[key])
    }
    assert {key for key, moment in known.items() if moment >= NOW} == set()
    assert latest["usage", "at"] == NOW - timedelta(days=1)


def test_what_follows_a_reveal_is_empty_until_it_comes(demo):
    for name, table in TABLES.items():
        rows = demo.tables[name].to_pandas()
        for moment, hidden in table.reveals.items():
            open_ = rows[rows[moment].isna()]
            assert open_[list(hidden)].isna().all(axis=None), (name, moment)


def test_rows_arrive_late_for_a_few_per_cent_and_never_early(demo):
    for name in ("usage", "tickets", "invoices", "payments", "surveys"):
        rows = demo.tables[name].to_pandas()
        at = rows[TABLES[name].at]
        assert 0.01 < rows["known_at"].notna().mean() < 0.07, name
        assert (rows["known_at"].dropna() > at[rows["known_at"].notna()]).all(), name


def test_people_use_the_product_only_while_a_subscription_runs(ask):
    assert ask("""
        select count(*) from usage u where customer_id <> 'C99999' and not exists (
            select 1 from (
                select customer_id, min(moment) as began, max(ended_at) as ended
                from subscriptions group by customer_id, subscription_id
            ) s where s.customer_id = u.customer_id and u.moment >= s.began
              and u.moment < coalesce(s.ended, timestamp '2100-01-01'))
    """) == [(0,)]


def test_a_subscription_has_one_state_at_a_time_until_notice_and_renews_when_its_term_ends(ask):
    assert ask("""
        select count(*) from (
            select *, lead(moment) over states as next,
                   lag(term_ends_at) over states as expected
            from subscriptions window states as (partition by subscription_id order by moment)
        ) where next <= moment or moment > expected or term_ends_at <= moment
             or (ended_at is not null and next is not null)
             or cancel_requested_at < moment or ended_at <= cancel_requested_at
    """) == [(0,)]


def test_who_asks_to_leave_does_so_at_a_renewal(ask):
    leavers = ask("select term_ends_at, ended_at from subscriptions where end_reason = 'voluntary'")
    assert leavers
    assert all(term_ends == ended for term_ends, ended in leavers)


def test_only_who_did_not_pay_ends_involuntarily(ask):
    assert ask("""
        select bool_and(exists (
            select 1 from payments p join invoices i using (invoice_id)
            where p.customer_id = s.customer_id and i.paid_at is null and p.status = 'failed'
              and p.moment < s.ended_at and p.moment > s.ended_at - interval 15 day))
        from subscriptions s where end_reason = 'involuntary'
    """) == [(True,)]


def test_a_handful_of_rows_cannot_be_true(demo, ask):
    assert ask(
        "select count(*) from usage where customer_id not in (from customers select customer_id)"
    ) == [(5,)]
    assert ask("""
        select count(*) from tickets join customers using (customer_id) where opened_at < created_at
    """) == [(3,)]
    assert ask("select count(*) - count(distinct ticket_id) from tickets") == [(1,)]
    assert 9 / sum(len(table) for table in demo.tables.values()) < 0.001


def test_some_who_left_come_back_with_a_subscription_of_their_own(ask):
    ((many,),) = ask("""
        select count(*) from (
            select customer_id from subscriptions
            group by customer_id having count(distinct subscription_id) > 1)
    """)
    assert 0 < many < 20


def test_the_truth_has_a_row_for_each_active_customer_without_notice(ask):
    assert ask("""
        with running as (
            select customer_id, subscription_id, min(moment) as began, max(ended_at) as ended,
                   max(cancel_requested_at) as notice
            from subscriptions group by all),
        months as (select distinct month from truth where month < timestamp '2026-03-17'),
        expected as (
            select customer_id, month from running, months where began < month
            and coalesce(ended > month, true) and coalesce(notice >= month, true))
        select count(*), count(t.customer_id), count(e.customer_id)
        from (from truth where month < timestamp '2026-03-17') t
        full join expected e using (customer_id, month)
        where t.customer_id is null or e.customer_id is null
    """) == [(0, 0, 0)]


def test_the_truth_lies_outside_the_history_and_other_files_are_left_alone(demo, tmp_path):
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "notes.txt").write_text("mine")
    write(demo, tmp_path / "history")
    write(demo, tmp_path / "history")
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {
        "history/notes.txt",
        "truth/truth.parquet",
        *(f"history/{name}.parquet" for name in TABLES),
    }


def test_files_hold_the_tables_in_plain_types(demo, tmp_path):
    write(demo, tmp_path / "history")
    usage = pq.read_table(tmp_path / "history" / "usage.parquet")
    assert usage.schema.field("customer_id").type == pa.string()
    assert usage.equals(demo.tables["usage"])


def test_a_write_that_fails_leaves_the_old_files_as_they_were(demo, tmp_path):
    write(demo, tmp_path / "history")
    before = (tmp_path / "history" / "customers.parquet").read_bytes()
    broken = Demo(demo.tables | {"treatments": "no table"}, demo.truth)
    with pytest.raises(AttributeError):
        write(broken, tmp_path / "history")
    assert (tmp_path / "history" / "customers.parquet").read_bytes() == before
    assert sorted(p.suffix for p in Path(tmp_path / "history").iterdir()) == [".parquet"] * 9


def test_progress_is_told_each_stage_in_order():
    told: list[str] = []
    simulate(customers=50, months=6, progress=told.append)
    assert told == ["lives", "usage", "tables", "truth"]


@pytest.mark.parametrize("asked", [{"customers": 19}, {"months": 2}])
def test_too_small_a_company_is_refused(asked):
    with pytest.raises(ValueError, match="20 customers and 3 months"):
        simulate(**asked)


@pytest.mark.parametrize(("customers", "months"), [(20, 3), (33, 40)])
def test_odd_sizes_work_too(customers, months):
    made = simulate(customers=customers, months=months, ends=date(2024, 2, 29))
    assert len(made.tables["customers"]) == customers


def test_renewals_fall_on_real_dates():
    calendar = Calendar.ending(date(2026, 3, 1), months=1)
    assert (calendar.start, calendar.days) == (np.datetime64("2026-02-01"), 28)
    since = np.array([-1, 0, 27])  # 31 January is too late in a month for anybody to sign up
    assert calendar.early(since).tolist() == [-4, 0, 27]
    renewals = calendar.next_renewal(since[1:], np.array([1, 12]), 27)
    assert calendar.moment(renewals).astype("M8[D]").astype(str).tolist() == [
        "2026-03-01",
        "2027-02-28",
    ]
