"""What a CSM records: what was done, and whether the score is right."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import BrowserContext, expect
from starlette.applications import Starlette

from features.rules import REASON
from features.sources.files import in_memory
from features.tables import TREATMENTS
from features.usable import judged_table
from serving.board import Board
from serving.treatments import Ledger
from serving.web import pages
from tests.web.conftest import served
from tests.web.made_up import NOW, SCRIPT, write_book

DAY = timedelta(days=1)
CYAN = pa.table({"customer_id": ["cyan"], "created_at": [datetime(2025, 1, 1)]})
FORM = {"customer_id": "cyan", "at": "2026-11-02", "play": "training_session", "by": "Ana"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where records are kept."""
    return tmp_path / "recorded"


@pytest.fixture
def site(tmp_path: Path, folder: Path) -> Starlette:
    """The pages over the book, with nothing recorded yet."""
    write_book(tmp_path / "scores")
    return pages(Board(tmp_path / "scores"), ledger=Ledger(folder, lambda: NOW))


@pytest.fixture
def asking(site: Starlette) -> Iterator[httpx.Client]:
    """Asks the pages without a browser."""
    with served(site) as address, httpx.Client(base_url=address) as client:
        yield client


def files(folder: Path, kind: str) -> list[dict[str, object]]:
    """The rows of one kind of record."""
    found = sorted((folder / kind).glob("*.parquet"))
    return [row for file in found for row in pq.read_table(file).to_pylist()]


def test_a_form_is_kept_and_leads_back_to_the_customer(asking: httpx.Client, folder: Path) -> None:
    answer = asking.post("/treatments", data=FORM | {"note": " trained three people "})
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/customers/cyan?recorded=1#done",
    )
    page = asking.get(answer.headers["location"]).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "2 Nov 2026: Training session, Ana" in page
    assert "<q>trained three people</q>" in page
    assert 'role="status">Recorded.' in page
    assert files(folder, "verdicts") == []


def test_a_treatment_is_a_row_of_the_canonical_table(asking: httpx.Client, folder: Path) -> None:
    asking.post("/treatments", data=FORM)
    [row] = files(folder, "treatments")
    assert set(TREATMENTS.names) <= row.keys()
    assert (row["at"], row["arm"]) == (datetime(2026, 11, 2, 12), "chosen")
    assert row["known_at"] == NOW.astimezone(UTC).replace(tzinfo=None)
    history = in_memory({"treatments": pq.read_table(folder / "treatments"), "customers": CYAN})
    judged = judged_table(history, "treatments", {"customers": history.tables["customers"]})
    assert judged[REASON].to_pyarrow().to_pylist() == [None]


def test_a_verdict_is_kept_beside_the_score_it_is_about(asking: httpx.Client, folder: Path) -> None:
    said = {"customer_id": "cyan", "at": "2026-11-03", "verdict": "disagree", "note": "=boom"}
    assert asking.post("/treatments", json=said).status_code == 201
    [row] = files(folder, "verdicts")
    assert (row["probability"], row["band"], row["as_of"]) == (
        0.9,
        "critical",
        NOW.date() - 2 * DAY,
    )
    assert files(folder, "treatments") == []
    [told] = csv.DictReader(StringIO(asking.get("/disagreement.csv").text.lstrip("\ufeff")))
    assert (told["customer_id"], told["note"], told["model_version"]) == ("cyan", "'=boom", "7")
    assert asking.get("/disagreement.json").json()[0]["verdict"] == "disagree"
    assert "Cyan Foods" in asking.get("/disagreement").text


def test_the_latest_verdict_on_a_customer_counts(asking: httpx.Client) -> None:
    for day, verdict in (("01", "disagree"), ("02", "agree")):
        said = {"customer_id": "cyan", "at": f"2026-11-{day}", "verdict": verdict}
        asking.post("/treatments", json=said)
    assert asking.get("/disagreement.json").json() == []
    assert "Nobody disagrees" in asking.get("/disagreement").text


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ({"customer_id": "nobody"}, 404, "nobody"),
        ({"at": "2026-11-04"}, 422, "in the future"),
        ({"at": "soon"}, 422, "at: "),
        ({"play": ""}, 422, "Say what was done"),
        ({"verdict": "maybe"}, 422, "verdict: "),
        ({"note": "x" * 2001}, 422, "note: "),
        ({"arm": "control"}, 422, "arm: "),
        ({"note": "x" * 70_000}, 413, "too long"),
    ],
)
def test_what_cannot_be_is_refused_with_what_is_wrong(
    asking: httpx.Client, folder: Path, said: dict[str, str], status: int, words: str
) -> None:
    answer = asking.post("/treatments", data=FORM | said)
    assert answer.status_code == status
    assert words in answer.text
    assert not folder.exists()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"content-type": "text/plain"}, 415),
    ],
)
def test_only_our_own_pages_may_send_the_form(
    asking: httpx.Client, headers: dict[str, str], status: int
) -> None:
    assert asking.post("/treatments", data=FORM, headers=headers).status_code == status


def test_another_process_sees_a_record_as_soon_as_it_is_there(
    folder: Path, site: Starlette
) -> None:
    first, second = site.state.ledger, Ledger(folder, lambda: NOW)
    assert second.records().treatments == ()
    with served(site) as address:
        httpx.post(f"{address}/treatments", data=FORM)
    assert second.records() == first.records()
    assert len(second.records().of("cyan").treatments) == 1


def test_a_play_is_shown_with_why_and_days(client: httpx.Client) -> None:
    page = client.get("/customers/cyan").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Recommended because usage raises the score most and the risk is critical." in page
    assert "begin by 3 Nov 2026" in page
    assert "8 Nov 2026" in page  # five days later: the second step


def test_who_is_held_out_is_recommended_nothing_and_marked(client: httpx.Client) -> None:
    page = client.get("/customers/gale").text
    assert "left alone on purpose" in page
    assert "Recommended because" not in page


def test_a_browser_records_with_the_keyboard_and_without_scripts(opened: BrowserContext) -> None:
    page = opened.new_page()
    page.goto("/customers/acme")
    page.get_by_label("Play").select_option("check_in_call")
    page.get_by_label("I disagree").check()
    page.get_by_label("By", exact=True).fill(SCRIPT)
    page.get_by_role("button", name="Record").press("Enter")
    expect(page.get_by_role("status")).to_have_text("Recorded.")
    expect(page.get_by_text("disagrees with the score").first).to_be_visible()
    page.get_by_role("link", name="Disagreement").click()
    expect(page.get_by_role("link", name="Ácme")).to_be_visible()
