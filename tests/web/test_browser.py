"""The pages in a real browser, as wide as a desk and as a phone."""

import re
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.web.made_up import RANKED, SCRIPT

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SHEET = re.compile(rb"/Type\s*/Page\b")


def names(page: Page) -> list[str]:
    """The customers on the page, in order."""
    return page.locator(".portfolio").get_by_role("rowheader").get_by_role("link").all_inner_texts()


def test_the_portfolio_lists_customers_by_revenue_at_risk(opened: BrowserContext) -> None:
    page = opened.new_page()
    page.goto("/")
    assert names(page) == RANKED
    assert page.title() == "Everybody · Customers at risk"


def test_a_click_shows_one_customer_with_its_reasons_and_record(opened: BrowserContext) -> None:
    page = opened.new_page()
    page.goto("/")
    page.get_by_role("link", name="Cyan Foods").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cyan Foods")
    expect(page.get_by_text("Active people down 57 %").first).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Usage: "))).to_be_visible()
    page.get_by_role("link", name="All customers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Customers by revenue at risk")


def test_a_search_and_filters_are_in_the_address_and_can_be_taken_away(
    opened: BrowserContext,
) -> None:
    page = opened.new_page()
    page.goto("/")
    if not page.get_by_label("Owner").is_visible():
        page.get_by_text("Filter and sort").click()
    page.get_by_label("Owner").select_option("Ana Ruiz")
    page.get_by_label("Renewal").select_option("30")
    page.get_by_role("button", name="Show").click()
    assert "owner=Ana+Ruiz" in page.url
    assert names(page) == ["Ácme"]
    page.get_by_role("link", name="Remove the filter Owner: Ana Ruiz").click()
    assert names(page) == ["Beta", "Ácme"]
    page.get_by_label("Search").fill("nobody of that name")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nobody here")).to_be_visible()


def test_the_views_are_one_click_away(opened: BrowserContext) -> None:
    page = opened.new_page()
    page.goto("/")
    page.get_by_role("link", name=re.compile("^Persistently at risk")).click()
    assert names(page) == ["Cyan Foods"]


def test_a_heading_sorts_and_turns_the_order_round(browser: Browser, address: str) -> None:
    page = browser.new_page(base_url=address)
    page.goto("/")
    for way, first in (("ascending", "Beta"), ("descending", "Cyan Foods")):
        page.get_by_role("columnheader", name="Renewal").get_by_role("link").click()
        heading = page.get_by_role("columnheader", name="Renewal")
        expect(heading).to_have_attribute("aria-sort", way)
        assert names(page)[0] == first
    page.close()


def test_the_file_is_downloaded_with_the_filters_in_force(opened: BrowserContext) -> None:
    page = opened.new_page()
    page.goto("/?band=critical")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    assert download.value.suggested_filename == "customers-2026-11-01.csv"
    assert download.value.path().read_text("utf-8-sig").count("\n") == 2


@pytest.mark.parametrize("path", ["/", "/?view=silent&search=no", "/customers/cyan", "/nowhere"])
def test_nothing_is_wider_than_the_screen(browser: Browser, address: str, path: str) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 812}, base_url=address)
    page.goto(path)
    assert page.evaluate(SIDEWAYS) == 0
    page.close()


def test_a_name_that_is_a_script_is_shown_and_not_run(opened: BrowserContext) -> None:
    page = opened.new_page()
    page.goto("/")
    page.get_by_role("link", name=SCRIPT).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(SCRIPT)
    assert page.title() != "taken over"


def test_the_keyboard_reaches_the_content_first_and_then_everything(
    browser: Browser, address: str
) -> None:
    page = browser.new_page(base_url=address)
    page.goto("/")
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.textContent")
    assert focused == "Skip to the content"
    page.get_by_role("link", name="Cyan Foods").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cyan Foods")
    page.close()


def test_a_customer_prints_on_one_sheet(browser: Browser, address: str) -> None:
    page = browser.new_page(base_url=address)
    page.goto("/customers/cyan")
    assert len(SHEET.findall(page.pdf(prefer_css_page_size=True))) == 1
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/?search=no", "/customers/cyan", "/nowhere"])
def test_axe_finds_nothing_that_keeps_anybody_out(
    browser: Browser, address: str, scheme: Literal["light", "dark"], path: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not here")
    page = browser.new_page(base_url=address, color_scheme=scheme)
    page.goto(path)
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    page.close()
