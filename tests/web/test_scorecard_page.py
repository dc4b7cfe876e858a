"""The scorecard's page in a real browser: on a phone, in the dark, and without scripts."""

from typing import Literal

import pytest
from playwright.sync_api import Browser

from tests.training.test_page import PAGE
from tests.web.test_browser import SIDEWAYS


def test_it_is_not_wider_than_a_phone(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 812})
    page.set_content(PAGE)
    assert page.evaluate(SIDEWAYS) == 0
    page.close()


def test_without_scripts_the_cut_offs_are_a_table_and_there_is_no_slider(browser: Browser) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.set_content(PAGE)
    assert (
        page.get_by_role("cell", name="most profitable")
        .or_(page.get_by_role("rowheader", name="most profitable"))
        .first.is_visible()
    )
    assert not page.get_by_role("slider").is_visible()
    page.close()


def test_the_slider_says_what_a_cut_off_brings(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(PAGE)
    page.get_by_role("slider").fill("100")
    assert page.locator("output").inner_text().startswith("500; ")
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_it(browser: Browser, scheme: Literal["light", "dark"]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not here")
    page = browser.new_page(color_scheme=scheme, bypass_csp=True)
    page.set_content(PAGE)
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    page.close()
