"""What the pages say, asked without a browser."""

import csv
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from urllib.parse import quote

import httpx
import pyarrow.parquet as pq
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from serving.board import Board
from serving.web import pages
from tests.web.conftest import served
from tests.web.made_up import (
    FELL,
    HAPPY,
    LATEST,
    OVERDUE,
    PLAN,
    SCRIPT,
    TODAY,
    TRAVERSAL,
    URGENT,
    scored,
    write_run,
)


def downloaded(client: httpx.Client, query: str = "") -> list[dict[str, str]]:
    """The rows of the CSV file."""
    text = client.get(f"/customers.csv{query}").text
    return list(csv.DictReader(StringIO(text.removeprefix("\N{BYTE ORDER MARK}"))))


def ids(client: httpx.Client, query: str = "") -> list[str]:
    """Who is listed, in order."""
    return [row["customer_id"] for row in downloaded(client, query)]


def test_customers_are_ranked_by_revenue_at_risk_then_renewal_and_the_unsaid_come_last(
    client: httpx.Client,
) -> None:
    assert ids(client) == ["cyan", "gale", "beta", "acme", "fern", TRAVERSAL, "dune"]


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ("?owner=Ben+Okafor", ["beta"]),
        ("?segment=enterprise", ["acme"]),
        ("?band=critical", ["cyan"]),
        ("?band=critical&band=insufficient_data", ["cyan", "dune"]),
        ("?theme=billing", ["cyan", "gale"]),
        ("?renewal=30", ["beta", "acme"]),
        ("?search=acme", ["acme"]),
        ("?search=%C3%81CME", ["acme"]),
        ("?search=100%25", []),
        ("?search=etc", [TRAVERSAL]),
        ("?owner=Ana+Ruiz&band=high&renewal=90", ["acme"]),
        ("?owner=%27+OR+1%3D1", []),
        ("?view=worsened", ["cyan", "acme"]),
        ("?view=persistent", ["cyan"]),
        ("?view=renewals", ["beta", "acme"]),
        ("?view=silent", ["cyan"]),
        ("?view=nonsense&sort=;drop&page=x&renewal=7&theme=no&band=no&search=beta", ["beta"]),
    ],
)
def test_an_address_says_who_is_listed(client: httpx.Client, query: str, listed: list[str]) -> None:
    assert ids(client, query) == listed
    assert f"<strong>{len(listed)}\N{NO-BREAK SPACE}customer" in client.get(f"/{query}").text


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [
        ("probability", "cyan", "dune"),
        ("-probability", TRAVERSAL, "dune"),
        ("change", "cyan", "dune"),
        ("-change", "gale", "dune"),
        ("mrr", "cyan", "dune"),
        ("renewal", "beta", "fern"),
        ("name", TRAVERSAL, "fern"),
        ("-name", "fern", TRAVERSAL),
        ("band", "cyan", "dune"),
        ("owner", "cyan", "fern"),
        ("reason", "gale", "dune"),
        ("-revenue", TRAVERSAL, "dune"),
    ],
)
def test_an_order_holds_for_everybody_and_the_unknown_come_last(
    client: httpx.Client, sort: str, first: str, last: str
) -> None:
    listed = ids(client, f"?sort={sort}")
    assert (listed[0], listed[-1], len(listed)) == (first, last, len(LATEST))


@pytest.mark.parametrize(
    ("customer", "change"),
    [
        ("cyan", "risk up by 25 points"),
        ("gale", "risk down by 15 points"),
        ("beta", "risk up by 1 point "),  # written 25 % and 24 %: what is written adds up
        ("fern", "new"),
    ],
)
def test_the_change_is_that_of_the_written_probabilities(
    client: httpx.Client, customer: str, change: str
) -> None:
    assert change in section(client, customer, "score")


def test_totals_are_those_of_who_is_listed(client: httpx.Client) -> None:
    page = client.get("/?band=high&band=critical").text
    assert "$14.8K" in page  # 10,800 + 2,400 + 1,200 + 420
    assert "$1,235" in page  # (900 + 200 + 100 + 35): what a month is expected to lose


def test_the_page_says_how_fresh_it_is_and_which_model_spoke(client: httpx.Client) -> None:
    page = client.get("/").text.replace("\N{NO-BREAK SPACE}", " ")
    for words in ["<strong>1 Nov 2026</strong>", "90 days", "model 7", "the run of 25 Oct 2026"]:
        assert words in page


def test_the_file_has_the_horizon_beside_the_probability_and_quotes_formulas(
    client: httpx.Client,
) -> None:
    cyan, gale, *_ = downloaded(client)
    assert (cyan["probability"], cyan["horizon_days"]) == ("0.9", "90")
    assert (cyan["change"], cyan["probability_previous"]) == ("0.25", "0.65")
    assert cyan["reason_2"] == "An invoice is 16 days overdue"
    assert cyan["renewal_date"] == "2027-03-01"
    assert gale["name"] == "'=cmd|gale"


def test_what_a_customer_is_called_is_text_and_never_markup(client: httpx.Client) -> None:
    for path in ("/", f"/customers/{quote(TRAVERSAL, safe='')}", f"/?search={quote(SCRIPT)}"):
        page = client.get(path).text
        assert "<script" not in page
        assert "&lt;script&gt;" in page


def test_a_customer_whose_id_looks_like_a_path_has_a_page(client: httpx.Client) -> None:
    answer = client.get(f"/customers/{quote(TRAVERSAL, safe='')}")
    assert answer.status_code == 200
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    "path", ["/customers/nobody", "/customers/<b>", "/nowhere", "/static/../app.py", "/customers/"]
)
def test_what_is_not_there_is_said_in_the_same_design(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert 'href="/static/pages.css' in answer.text
    assert "<b>" not in answer.text


def section(client: httpx.Client, customer: str, name: str) -> str:
    """The words of one part of a customer's page, each blank a plain one."""
    page = client.get(f"/customers/{customer}").text.replace("\N{NO-BREAK SPACE}", " ")
    [part] = re.findall(f'<h2 id="{name}">(.*?)</section>', page, re.DOTALL)
    return " ".join(re.sub("<[^>]*>", " ", part).split())


def test_a_customer_page_has_reasons_by_theme_the_strongest_first(client: httpx.Client) -> None:
    assert section(client, "cyan", "why") == (
        f"What raises the score Usage +60 points {FELL.text} +21 points "
        f"Billing +24 points {OVERDUE.text} +9 points Each raises the score; none is a proven "
        "cause. Points are its share of the difference to a typical customer."
    )
    assert "does not say that a call would keep" in client.get("/customers/cyan").text


def test_what_lowers_the_score_and_what_nobody_can_act_on_stand_apart(
    client: httpx.Client,
) -> None:
    minus = "\N{MINUS SIGN}"
    assert section(client, "cyan", "protects") == f"What lowers it {HAPPY.text} {minus}3 points"
    assert section(client, "cyan", "context").endswith(f"act on it. {PLAN.text} +1 point")


def test_a_customer_page_says_by_theme_what_changed_since_the_last_run(
    client: httpx.Client,
) -> None:
    changed = section(client, "cyan", "changed")
    assert "65 % on 25 Oct 2026, 90 % on 1 Nov 2026: from critical" not in changed  # same band
    told = ["Usage +52 points", "Support \N{MINUS SIGN}24.8 points", "Sentiment", "Contract"]
    assert [changed.index(words) for words in told] == sorted(map(changed.index, told))
    assert f"Now: nothing among the strongest Then: {URGENT.text}" in changed
    assert "Billing" not in changed  # .2 points are not worth a line


def test_what_lies_ahead_is_told_by_days_and_as_a_curve(asking: httpx.Client, scores: Path) -> None:
    ahead = {30: 0.2, 60: 0.35, 90: 0.5}
    write_run(scores, TODAY, [scored("one", 0.5, by_days=ahead)])
    told = section(asking, "one", "score")
    assert "20 % within 30 days 35 % within 60 days 50 % within 90 days" in told
    page = asking.get("/customers/one").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Still here: 80 % after 30 days, 65 % after 60 days, and 50 % after 90 days" in page


@pytest.mark.parametrize(
    ("customer", "said"),
    [
        ("cyan", "No use has been recorded since 22 Sep 2026 (40 days)"),
        ("cyan", "This business keeps no surveys here"),
        ("beta", "No use has ever been recorded"),
        ("dune", "Known for 9 days; 28 are needed"),
        ("fern", "had no score on 25 Oct 2026"),
    ],
)
def test_a_customer_page_names_what_is_not_known(
    client: httpx.Client, customer: str, said: str
) -> None:
    assert said in client.get(f"/customers/{customer}").text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    "said",
    [
        'aria-label="Score: 90 % now, 61 % on 18 Oct 2026"',
        'aria-label="Usage: 0 actions in the last 4 weeks, 17 in the 4 weeks before"',
        'aria-label="Tickets: 1 opened in the last 12 weeks, 1 of them pressing or complaints"',
        'aria-label="Invoices: 4 issued, 3 paid late, 1 overdue"',
        'aria-label="MRR: $1,000 a month, $800 on 2 Nov 2025"',
        "2 Oct 2026: training, by mail",
    ],
)
def test_the_record_is_told_in_words_beside_its_charts(client: httpx.Client, said: str) -> None:
    assert said in client.get("/customers/cyan").text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("path", ["/", "/customers/cyan", "/nowhere", "/customers.csv"])
def test_every_answer_lets_the_browser_run_and_load_nothing_else(
    client: httpx.Client, path: str
) -> None:
    answer = client.get(path)
    assert "default-src 'self'; script-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert not {"style=", "onclick=", "http://", "https://"} & set(answer.text.split('"'))


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """An empty data set."""
    return tmp_path / "scores"


@pytest.fixture
def asking(scores: Path) -> Iterator[httpx.Client]:
    """Asks pages over the empty data set, mounted under /risk."""
    mounted = Starlette(routes=[Mount("/risk", pages(Board(scores)))])
    with served(mounted) as address, httpx.Client(base_url=f"{address}/risk") as client:
        yield client


def test_before_the_first_run_the_page_says_what_to_do(asking: httpx.Client) -> None:
    assert "churn score" in asking.get("/").text
    assert asking.get("/customers.csv").status_code == 404
    assert asking.get("/customers/one").status_code == 404


def test_a_new_run_is_shown_as_soon_as_it_is_there(asking: httpx.Client, scores: Path) -> None:
    write_run(scores, date(2026, 10, 25), [scored("old", 0.5)])
    assert ids(asking) == ["old"]
    assert "nothing to compare with" in asking.get("/").text
    write_run(scores, TODAY, [scored("new", 0.5)])
    assert ids(asking) == ["new"]
    assert "nothing to compare with" not in asking.get("/").text


def test_pages_under_another_root_link_to_themselves(asking: httpx.Client, scores: Path) -> None:
    write_run(scores, TODAY, [scored("one", 0.5)])
    page = asking.get("/").text
    assert 'href="/risk/customers/one"' in page
    assert asking.get("/customers/one").status_code == 200
    [style] = re.findall(r'href="/risk(/static/pages.css[^"]*)"', page)
    assert asking.get(style).status_code == 200


def test_without_a_history_a_customer_page_still_has_its_reasons(
    asking: httpx.Client, scores: Path
) -> None:
    write_run(scores, TODAY, LATEST)
    page = asking.get("/customers/cyan").text
    assert "Active people down" in page
    assert "The record" not in page


def test_pages_turn_and_the_last_is_shown_for_one_beyond(
    asking: httpx.Client, scores: Path
) -> None:
    write_run(scores, TODAY, [scored(f"c{n:03}", 0.5, mrr=float(1000 - n)) for n in range(120)])
    assert "Page 1 of 3" in asking.get("/").text
    for page, first, listed in ((1, "c000", 50), (2, "c050", 50), (3, "c100", 20), (9, "c100", 20)):
        found = re.findall("/customers/(c[0-9]+)", asking.get(f"/?page={page}").text)
        assert (found[0], len(found)) == (first, listed)
    assert len(ids(asking, "?page=2")) == 120


def test_what_has_worsened_is_compared_with_a_week_ago_and_the_change_with_the_last_run(
    asking: httpx.Client, scores: Path
) -> None:
    for days, chance in ((9, 0.2), (8, 0.3), (6, 0.49), (1, 0.5)):
        write_run(scores, TODAY - timedelta(days=days), [scored("one", chance)])
    write_run(scores, TODAY, [scored("one", 0.5)])
    [row] = downloaded(asking, "?view=worsened")
    assert row["probability_previous"] == "0.5"
    page = asking.get("/?view=worsened").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "at least 2 points, since the run of 24 Oct 2026" in page


def test_a_run_from_before_there_were_plays_is_shown_without_them(
    asking: httpx.Client, scores: Path
) -> None:
    write_run(scores, TODAY, [scored("one", 0.5)])
    [file] = scores.glob("*/scores.parquet")
    pq.write_table(pq.read_table(file).drop_columns(["advice", "held_out"]), file)
    assert ids(asking) == ["one"]
    assert asking.get("/customers/one").status_code == 200


def test_another_horizon_is_not_compared(asking: httpx.Client, scores: Path) -> None:
    write_run(scores, date(2026, 10, 25), [scored("one", 0.2, horizon_days=30)])
    write_run(scores, TODAY, [scored("one", 0.5)])
    [row] = downloaded(asking)
    assert row["probability_previous"] == ""


def test_a_run_by_another_model_is_said_to_be_one(asking: httpx.Client, scores: Path) -> None:
    write_run(scores, date(2026, 10, 25), [scored("one", 0.2, model_version="6")])
    write_run(scores, TODAY, [scored("one", 0.5)])
    assert "another model, 6" in asking.get("/").text
    assert "Another model scored then" in asking.get("/customers/one").text


def test_many_who_look_at_once_see_the_same(client: httpx.Client) -> None:
    paths = ["/", "/customers/cyan", "/customers/acme", "/?view=silent"]
    with ThreadPoolExecutor(8) as together:
        seen = list(together.map(lambda path: (path, client.get(path)), paths * 6))
    assert {answer.status_code for _, answer in seen} == {200}
    assert len({(path, answer.text) for path, answer in seen}) == len(paths)
