"""The input usability report: every fault is found, named, counted, and said with what to do."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import churn
from features.check import Finding, Report, Severity, Terms, refuse_errors, report, said
from features.check.formats import advice, looks_like
from features.errors import ContractError, ExitCode
from features.sources.canonical import canonical
from features.sources.files import held

NOW = datetime(2024, 12, 1)
START = datetime(2023, 1, 1)
Row = dict[str, object]


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def arrow(rows: Sequence[Row]) -> pa.Table:
    columns = {name: None for row in rows for name in row}
    return pa.Table.from_pylist([{**columns, **row} for row in rows])


def customer(**columns) -> Row:
    return {"customer_id": "acme", "created_at": START, **columns}


def subscribed(**columns) -> Row:
    return {"customer_id": "acme", "subscription_id": "s1", "at": START, **columns}


def used(**columns) -> Row:
    return {"customer_id": "acme", "at": day(500), "event": "login", **columns}


def ticket(**columns) -> Row:
    return {"customer_id": "acme", "ticket_id": "t1", "opened_at": day(500), **columns}


def invoice(**columns) -> Row:
    return {"customer_id": "acme", "invoice_id": "i1", "issued_at": day(500), **columns}


WHOLE = {
    "customers": [customer(), customer(customer_id="left", created_at=day(2))],
    "subscriptions": [
        subscribed(end_reason=None, ended_at=None),
        subscribed(
            customer_id="left",
            subscription_id="s2",
            at=day(2),
            ended_at=day(400),
            end_reason="voluntary",
        ),
    ],
    "usage": [used(at=day(1)), used(at=day(698)), used(customer_id="left", known_at=day(500))],
}


def checked(terms: Terms | None = None, without: str = "", **tables) -> Report:
    rows = {name: r for name, r in {**WHOLE, **tables}.items() if name != without}
    return report(held({name: arrow(r) for name, r in rows.items()}), NOW, terms)


def findings(name: str, told: Report) -> list[Finding]:
    return [finding for finding in told.findings if finding.name == name]


def one(name: str, told: Report) -> Finding:
    [finding] = findings(name, told)
    return finding


def test_a_sound_history_has_no_errors_and_only_says_what_could_be_more():
    told = checked()
    names = {finding.name for finding in told.findings}
    assert told.errors == ()
    assert names == {"few_churned", "no_such_table", "outside_subscription"}
    assert (told.customers, told.churned, round(told.months)) == (2, 1, 23)


@pytest.mark.parametrize(
    ("name", "severity", "column", "tables"),
    [
        (
            "missing_column",
            "error",
            "usage.event",
            {"usage": [{"customer_id": "acme", "at": START}]},
        ),
        ("unknown_column", "advice", "usage.userid", {"usage": [used(userid="ann")]}),
        (
            "overwritten_column",
            "warning",
            "customers.health_score",
            {"customers": [customer(health_score=5)]},
        ),
        ("wrong_type", "error", "usage.at", {"usage": [used(at=1_700_000_000)]}),
        ("wrong_type", "warning", "tickets.csat", {"tickets": [ticket(csat=START)]}),
        ("unreadable", "error", "usage.at", {"usage": [used(at="27-07-2023")]}),
        ("unreadable", "warning", "subscriptions.mrr", {"subscriptions": [subscribed(mrr="ten")]}),
        ("unreadable", "warning", "tickets.complaint", {"tickets": [ticket(complaint="maybe")]}),
        ("empty_column", "error", "usage.event", {"usage": [used(event=None)]}),
        ("empty_column", "advice", "usage.user_id", {"usage": [used(user_id=None)]}),
        (
            "mostly_empty",
            "advice",
            "usage.user_id",
            {"usage": [used(user_id=None), used(user_id="ann")]},
        ),
        ("not_allowed", "warning", "tickets.priority", {"tickets": [ticket(priority="P1")]}),
        (
            "beyond_range",
            "warning",
            "tickets.csat",
            {"tickets": [ticket(csat=9.0, csat_at=day(501))]},
        ),
        (
            "beyond_range",
            "warning",
            "subscriptions.seats",
            {"subscriptions": [subscribed(seats=-1)]},
        ),
        ("negative_amount", "advice", "invoices.amount", {"invoices": [invoice(amount=-1.0)]}),
        ("never_revealed", "warning", "tickets.csat", {"tickets": [ticket(csat=5.0)]}),
        ("arrived_before", "warning", "usage.known_at", {"usage": [used(known_at=day(400))]}),
        (
            "due_before_issued",
            "warning",
            "invoices.due_at",
            {"invoices": [invoice(due_at=day(400))]},
        ),
        (
            "other_currency",
            "warning",
            "subscriptions.currency",
            {"subscriptions": [subscribed(currency="EUR")]},
        ),
        (
            "end_without_reason",
            "advice",
            "subscriptions.end_reason",
            {"subscriptions": [subscribed(ended_at=day(600))]},
        ),
        (
            "missing_value",
            "warning",
            "usage.customer_id, at, event",
            {"usage": [used(), used(event=None)]},
        ),
        ("in_the_future", "warning", "usage.at", {"usage": [used(at=NOW + timedelta(days=1))]}),
        (
            "unknown_customer",
            "warning",
            "usage.customer_id",
            {"usage": [used(customer_id="nobody")]},
        ),
        (
            "before_sign_up",
            "warning",
            "tickets.opened_at",
            {"tickets": [ticket(opened_at=day(-1))]},
        ),
        ("ends_before_start", "warning", "tickets.", {"tickets": [ticket(resolved_at=day(400))]}),
        ("impossible_value", "warning", "usage.", {"usage": [used(quantity=-1.0)]}),
        ("duplicate", "warning", "tickets.ticket_id", {"tickets": [ticket(), ticket()]}),
        ("repeated_rows", "advice", "usage.", {"usage": [used(), used()]}),
        ("outside_subscription", "warning", "usage.", {"usage": [used(customer_id="left")]}),
        (
            "subscription_before_sign_up",
            "warning",
            "subscriptions.",
            {"subscriptions": [subscribed(at=day(-9))]},
        ),
        (
            "never_subscribed",
            "advice",
            "customers.",
            {"customers": [customer(), customer(customer_id="free")]},
        ),
        ("one_moment", "warning", "usage.at", {"usage": [used(), used()]}),
        ("nothing_left", "warning", "usage.", {"usage": [used(customer_id="nobody")]}),
        (
            "nothing_left",
            "error",
            "subscriptions.",
            {"subscriptions": [subscribed(customer_id="nobody")]},
        ),
        ("stale", "warning", "usage.", {"usage": [used(), used(at=day(600))]}),
        ("no_churn", "error", ".", {"subscriptions": [subscribed()]}),
        ("few_churned", "warning", ".", {}),
        ("short_history", "error", ".", {"usage": [used(), used(at=day(610))]}),
        ("short_history", "advice", ".", {"usage": [used(), used(at=day(200))]}),
        ("no_such_table", "advice", ".", {}),
        ("no_arrival_times", "advice", ".", {"usage": [used()]}),
        ("missing_table", "error", "customers.", {"without": "customers"}),
        ("missing_table", "error", "subscriptions.", {"without": "subscriptions"}),
        ("missing_table", "error", ".", {"without": "usage"}),
    ],
)
def test_a_fault_is_found_and_said_with_what_to_do(name, severity, column, tables):
    told = findings(name, checked(**tables))
    assert (severity, column) in {(f.severity.value, f"{f.table}.{f.column}") for f in told}
    for finding in told:
        assert finding.what.endswith(".")
        assert finding.do.endswith(".")


def test_a_finding_counts_its_rows_and_shows_examples():
    rows = [used(quantity=q) for q in ("7", "many", "few", "")]
    finding = one("unreadable", checked(usage=rows))
    assert (finding.rows, finding.examples) == (2, ("few", "many"))
    assert "2 of 4 rows (50 %)" in finding.what


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["27-07-2023", "01-02-2023"], 'set date_format = "%d-%m-%Y"'),
        (["07/27/2023 10:00"], 'set date_format = "%m/%d/%Y"'),
        (["01/02/2023", "03/04/2023"], "find a date after the 12th"),
        (["1700000000"], "seconds since 1970"),
        (["1700000000000"], "milliseconds since 1970"),
        (["soon", "later"], "yyyy-mm-dd"),
    ],
)
def test_dates_that_are_not_read_are_told_by_their_look(values, said):
    assert said in advice(values, "")


def test_a_few_stray_values_do_not_hide_a_date_format():
    assert looks_like(["27.07.2023"] * 9 + ["unknown"]) == ["dd.mm.yyyy"]


def test_a_date_format_that_does_not_fit_all_tables_says_so():
    rows = [used(at=text) for text in ("2024-01-31", "28-01-2024")]
    told = checked(Terms(date_format="%d-%m-%Y"), usage=rows)
    finding = one("unreadable", told)
    assert (finding.rows, finding.examples) == (1, ("2024-01-31",))
    assert "drop date_format" in finding.do


def test_dates_that_cannot_be_read_are_reported_once_not_in_every_consequence():
    rows = [customer(created_at="27-07-2023"), customer(created_at="01-02-2023")]
    told = checked(customers=rows)
    assert [f.name for f in told.errors if f.table == "customers"] == ["unreadable"]
    assert not findings("no_customers", told)


def test_every_row_is_used_or_set_aside_under_one_reason():
    rows = [used(), used(at=None), used(customer_id="nobody", at=day(-9)), used(at=day(-9))]
    account = checked(usage=rows).accounts["usage"]
    assert account.set_aside == {"missing_value": 1, "unknown_customer": 1, "before_sign_up": 1}
    assert (account.rows, account.used) == (4, 1)


def test_a_table_without_a_required_column_does_not_hide_the_others_faults():
    told = checked(tickets=[{"customer_id": "acme"}], usage=[used(at=day(-9)), used()])
    assert {f.table for f in told.findings if f.name == "missing_column"} == {"tickets"}
    assert one("before_sign_up", told).table == "usage"


@pytest.mark.parametrize(
    ("again", "churned"),
    [(day(410), 0), (day(430), 0), (day(431), 1), (day(399), 0)],
)
def test_a_customer_who_comes_back_within_the_gap_has_not_left(again, churned):
    back = subscribed(customer_id="left", subscription_id="s3", at=again)
    told = checked(Terms(gap_days=30), subscriptions=[*WHOLE["subscriptions"], back])
    assert told.churned == churned


def test_a_subscription_that_ended_and_was_resumed_in_a_later_state_has_not_ended():
    back = subscribed(customer_id="left", subscription_id="s2", at=day(410))
    assert checked(subscriptions=[*WHOLE["subscriptions"], back]).churned == 0


def test_without_contracts_those_who_fell_silent_have_left():
    terms = Terms(contracts=False, inactivity_days=60)
    told = checked(terms, without="subscriptions")
    assert told.churned == 1
    assert not findings("missing_table", told)


def test_freshness_limits_may_be_set_by_table():
    told = checked(Terms(freshness_days={"usage": 1}))
    finding = one("stale", told)
    assert (finding.table, finding.examples) == ("usage", (str(day(698)),))
    assert "--now 2024-11-29" in finding.do


def test_set_aside_use_is_reported_as_such_when_asked():
    told = checked(Terms(outside_subscription="set_aside"))
    assert told.accounts["usage"].set_aside == {"outside_subscription": 1}
    assert "set aside" in one("outside_subscription", told).what


def test_a_history_is_checked_as_it_is_read():
    history = canonical(held({name: arrow(rows) for name, rows in WHOLE.items()}).tables)
    told = report(history, NOW)
    assert told.errors == ()
    assert {name: a.used for name, a in told.accounts.items()} == {
        "customers": 2,
        "subscriptions": 2,
        "usage": 3,
    }


def test_errors_stop_training_and_say_which():
    refuse_errors(checked())
    with pytest.raises(ContractError, match="Nobody has left"):
        refuse_errors(checked(subscriptions=[subscribed()]))


def test_the_report_is_plain_json():
    told = json.loads(json.dumps(said(checked())))
    assert told["usable"] is True
    assert told["tables"]["usage"]["rows"] == 3
    assert {finding["severity"] for finding in told["findings"]} == {"warning", "advice"}


def test_errors_come_first():
    severities = [f.severity for f in checked(subscriptions=[subscribed()]).findings]
    assert severities == sorted(severities, key=list(Severity).index)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "customers.csv").write_text("customer_id,created_at\nacme,31-01-2023\n")
    (tmp_path / "subscriptions.csv").write_text(
        "customer_id,subscription_id,at,ended_at,end_reason,mrr\n"
        "acme,s1,31-01-2023,,,10\nacme,s2,31-01-2023,30-06-2023,other,5\n"
    )
    (tmp_path / "usage.csv").write_text(
        "customer_id,at,event\nacme,01-02-2023,login\nacme,31-05-2023,login\n"
    )
    return str(tmp_path)


def run(*arguments: str) -> int:
    return int(churn.run(arguments, standalone=False) or 0)


def test_churn_check_ends_with_the_contract_code_on_errors(folder, capsys):
    assert run("check", "--history", folder, "--now", "2023-06-30") == ExitCode.CONTRACT
    shown = " ".join(capsys.readouterr().out.split())
    assert 'They look like dd-mm-yyyy; set date_format = "%d-%m-%Y".' in shown
    assert "Correct the errors before training." in shown


def test_churn_check_prints_the_account_of_the_rows(folder, capsys):
    arguments = ["--history", folder, "--date-format", "%d-%m-%Y", "--now", "2023-06-30", "--json"]
    assert run("check", *arguments) == ExitCode.CONTRACT
    told = json.loads(capsys.readouterr().out)
    assert told["tables"]["usage"]["used"] == 2
    errors = [f["name"] for f in told["findings"] if f["severity"] == "error"]
    assert errors == ["no_churn", "short_history"]


def test_churn_features_lists_the_features(folder, capsys):
    assert run("features", "--json") == 0
    listed = json.loads(capsys.readouterr().out)["features"]
    assert {"name", "is", "unit", "theme", "risk"} == set(listed[0])


def test_churn_features_writes_the_vectors_of_active_customers(folder, capsys, monkeypatch):
    monkeypatch.setenv("CHURN_DATE_FORMAT", "%d-%m-%Y")
    dates = ["--as-of", "2023-06-01", "--as-of", "2023-01-31"]
    assert run("features", "--history", folder, *dates, "--out", "v.parquet", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    written = pq.read_table("v.parquet")
    assert (told["vectors"], written.num_rows) == (1, 1)
    assert written["as_of"].to_pylist() == [datetime(2023, 6, 1).date()]
    assert written["mrr"].to_pylist() == [15.0]
