"""The model page: how good, how many to call, how scores move, what the model looks at."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from features.languages import ENGLISH
from serving.board import Board
from serving.curves import points_of, reliability, wilson
from serving.cut_off import Terms, best_calls, simulated, terms_of
from serving.web import pages
from tests.web.conftest import served
from tests.web.made_up import LATEST, TODAY, write_book, write_run

# 100 test customers of whom 10 left: 5 are among the first 10 by score, 9 among the first 50.
CUT_OFFS = {"contacted": [0.0, 10.0, 50.0, 100.0], "caught": [0.0, 5.0, 9.0, 10.0]}
TERMS = Terms(clv=100.0, incentive=10.0, contact=1.0, accept=0.5)


def measure(point: float, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    """A measure of the scorecard."""
    return {"name": "x", "value": {"point": point, "low": low, "high": high}}


CARD = {
    "grade": {"letter": "B", "rule": "it beats the logistic baseline"},
    "data": {"customers": 100, "as_of": ["2026-05-01", "2026-07-01"]},
    "ranking": {"capacity": 10, "top_decile_lift": measure(5.0), "auc": measure(0.77, 0.7, 0.8)},
    "probability": {
        "observed_expected": measure(1.06, 0.97, 1.16),
        "months": [{"as_of": "2026-05-01", "rows": 100, "expected": 9.4, "observed": 10}],
        "reliability": {"rows": [50, 50], "predicted": [0.02, 0.18], "observed": [0.02, 0.2]},
    },
    "money": {
        "offer": {"clv": [50.0, 150.0], "incentive": 10.0, "contact": 1.0, "accept": 0.5},
        "cut_offs": CUT_OFFS,
    },
}


@pytest.mark.parametrize(
    ("calls", "caught", "profit"),
    [
        (0, 0.0, 0.0),
        (10, 5.0, 5 * 44 - 5 * 11),
        (30, 7.0, 7 * 44 - 23 * 11),  # half-way between two cut-offs
        (100, 10.0, 10 * 44 - 90 * 11),
        (900, 10.0, 10 * 44 - 90 * 11),  # there are no more customers to call
    ],
)
def test_calls_catch_what_the_test_showed_and_earn_by_the_terms(
    calls: int, caught: float, profit: float
) -> None:
    told = simulated(CUT_OFFS, 100, calls, TERMS)
    assert (told.caught, told.false_alarms) == (caught, min(calls, 100) - caught)
    assert told.profit == pytest.approx(profit)


def test_a_larger_book_has_the_same_rates() -> None:
    told = simulated(CUT_OFFS, 1000, 100, TERMS)
    assert (told.caught, told.share_caught, told.precision) == (50.0, 0.5, 0.5)
    assert best_calls(CUT_OFFS, 1000, TERMS) == 100


def test_terms_are_those_asked_for_and_else_the_models_own() -> None:
    asked = {"clv": "500", "incentive": "-1", "contact": "x", "accept": "20,5"}
    terms = terms_of(CARD["money"]["offer"], asked)  # type: ignore[index]
    assert terms == Terms(clv=500.0, incentive=10.0, contact=1.0, accept=0.205)
    assert terms_of(CARD["money"]["offer"], {}).clv == 100.0  # type: ignore[index]  # the mean


def test_the_room_of_chance_is_wilsons() -> None:
    for end in wilson(0.1, 100):  # where (p - x)^2 = z^2 x (1 - x) / n
        assert (0.1 - end) ** 2 == pytest.approx(1.645**2 * end * (1 - end) / 100)
    assert wilson(0.0, 0) == (0.0, 1.0)


def test_a_point_on_the_diagonal_is_true() -> None:
    drawn = reliability(points_of({"rows": [10], "predicted": [0.5], "observed": [0.5]}), ENGLISH)
    assert 'cx="229.5" cy="120.5"' in drawn  # as far right as it is high, of a square up to 80 %
    assert "<b>" not in drawn


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A published model with its scorecard, and the champions there were."""
    place = tmp_path / "bundle"
    (place / "v2").mkdir(parents=True)
    (place / "current").write_text("v2\n")
    (place / "v2" / "scorecard.json").write_text(json.dumps(CARD))
    reign = {"how": "gate", "by": "gate", "reason": "AUC <b> rose"}
    said = [
        {"version": v, "at": f"2026-{m}-01T00:00", **reign} for v, m in (("1", "09"), ("2", "10"))
    ]
    (place / "champions.json").write_text(json.dumps(said))
    return place


@pytest.fixture
def asking(tmp_path: Path, bundle: Path) -> Iterator[httpx.Client]:
    """Asks the pages over the book, beside that bundle."""
    write_book(tmp_path / "scores")
    site = pages(Board(tmp_path / "scores"), bundle=bundle)
    with served(site) as address, httpx.Client(base_url=address) as client:
        yield client


def test_the_page_tells_grade_months_champions_and_drift(asking: httpx.Client) -> None:
    page = asking.get("/model").text.replace("\N{NO-BREAK SPACE}", " ")
    for words in (
        "it beats the logistic baseline",
        "5.0\N{MULTIPLICATION SIGN}",
        "1.06",
        "Judged on 100 customers it had not seen, on later dates (1 May 2026 to 1 Jul 2026)",
        "Drift of",
    ):
        assert words in page
    assert page.index("version 2, by gate") < page.index("version 1, by gate")
    assert "AUC &lt;b&gt; rose" in page


def test_an_address_asks_for_a_cut_off(asking: httpx.Client) -> None:
    page = asking.get("/model?calls=3&clv=1000&accept=100").text
    row = re.findall(r'Your choice</th><td class="num">(\d+)</td>', page)
    assert row == ["3"]
    assert 'name="clv" min="0" step="any" value="1000.0"' in page
    assert asking.get("/model?calls=-1&clv=nan&accept=1e99").status_code == 200


def test_without_a_scorecard_the_page_says_so(tmp_path: Path) -> None:
    write_run(tmp_path / "scores", TODAY, LATEST)
    write_run(tmp_path / "scores", TODAY - timedelta(days=7), LATEST)
    with served(pages(Board(tmp_path / "scores"))) as address:
        page = httpx.get(f"{address}/model").text
    assert "published without its scorecard" in page
    assert "0.000" in page  # the same scores: nothing has moved
