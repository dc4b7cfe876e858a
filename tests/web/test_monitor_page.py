"""The page Watch: what stands since when, and what is said where nobody has looked."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from playwright.sync_api import Browser, ViewportSize
from prometheus_client import REGISTRY

from serving.board import Board
from serving.monitor.chronicle import FILE, Chronicle, write
from serving.monitor.counted import count_findings
from serving.monitor.finding import Check, Finding, Severity
from serving.web import pages
from tests.serving.monitor.test_chronicle import DAY, STALE, looked
from tests.web.conftest import served
from tests.web.made_up import SCRIPT, write_book

GIVEN = {"feature": "csat <b>", "now": "98 %", "before": "3 %"}
NULL = Finding(Check.MISSING, "csat", Severity.CRITICAL, "feature_missing", GIVEN)
ROWS: dict[Check, tuple[dict[str, Any], ...]] = {
    Check.FRESHNESS: ({"table": "usage", "days": 12, "silence": 1, "limit": 4},),
    Check.MISSING: (
        {"column": "usage.user_id", "rows": 90, "now": 0.5, "before": 0.1, "most_before": 0.1},
        {"column": "usage.event", "rows": 90, "now": 0.1, "before": 0.1, "most_before": 0.1},
    ),
    Check.DRIFT: (
        {"column": "score", "psi": 0.012, "bound": 0.1, "missing_now": 0.0, "missing_before": 0.0,
         "rows": 90},
        {"column": "csat", "psi": 4.2, "bound": 0.2, "missing_now": 0.98, "missing_before": 0.03,
         "rows": 90},
    ),
    Check.BANDS: ({"band": "low", "now": 1.0, "before": 0.9},),
    Check.LIST: ({"size": 50, "replaced": 11, "share": 0.22, "at_least": 0.14},),
    Check.FORECAST: (
        {"customers": 90, "auc": 0.768, "low": 0.75, "high": 0.78, "log_loss": 0.2, "brier": 0.05,
         "leaving": 5.4, "mean": 0.06},
    ),
    Check.OUTCOMES: (
        {"column": "plan", "value": "team", "customers": 1504, "expected": 23.3, "observed": 17,
         "ratio": 0.729, "low": 0.425, "high": 1.17, "chance": 0.2},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chronicle in which one finding has stood, one is over and one is new."""
    place = tmp_path_factory.mktemp("findings")
    gone = replace(STALE, subject="tickets", given=dict(STALE.given) | {"table": SCRIPT})
    told = Chronicle().after(looked(0, STALE, gone)).after(looked(1, STALE))
    write(place, told.after(replace(looked(2, NULL, STALE), rows=ROWS)))
    return place


@pytest.fixture(scope="module")
def here(found: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the pages beside that chronicle."""
    scores = tmp_path_factory.mktemp("scores")
    write_book(scores)
    with served(pages(Board(scores), findings=found)) as address:
        yield address


def text_of(address: str) -> str:
    return httpx.get(address).text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_page_tells_what_was_found_since_when_and_what_to_do(here: str) -> None:
    page = text_of(f"{here}/monitor")
    for words in (
        "The table usage ends on 2026-10-20, 12 days ago",
        "since 1 Nov 2026",
        "csat &lt;b&gt; is missing for 98 % of the customers",
        "Look at the columns that it is made from",
        "plan team",
        "0.73",
        "1 Nov 2026 to 3 Nov 2026",
        "usage.user_id",
    ):
        assert words in page
    assert page.index("is missing for") < page.index("The table usage")
    assert "usage.event" not in page  # it lacks no more than before
    assert SCRIPT not in page


def test_where_nobody_has_looked_the_page_says_how(tmp_path: Path) -> None:
    write_book(tmp_path / "scores")
    with served(pages(Board(tmp_path / "scores"), findings=tmp_path)) as address:
        assert "Nobody has looked yet" in text_of(f"{address}/monitor")
        (tmp_path / FILE).write_text("{")
        assert "cannot be read" in text_of(f"{address}/monitor")


def test_prometheus_reads_how_many_stand_and_when_somebody_looked(found: Path) -> None:
    count_findings(found)

    def value(check: str, severity: str) -> float | None:
        labels = {"check": check, "severity": severity}
        return REGISTRY.get_sample_value("churn_findings", labels)

    assert (value("freshness", "warning"), value("missing", "critical")) == (1, 1)
    assert value("drift", "critical") == 0
    at = REGISTRY.get_sample_value("churn_monitor_looked_timestamp_seconds")
    assert at == (looked(2).at).timestamp()
    assert looked(2).today - DAY == timedelta(days=2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_and_keeps_nobody_out(
    browser: Browser, here: str, scheme: Literal["light", "dark"]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not here")
    size: ViewportSize = {"width": 375, "height": 812}
    page = browser.new_page(base_url=here, color_scheme=scheme, viewport=size)
    page.goto("/monitor")
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    page.close()
