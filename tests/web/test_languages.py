"""The pages in five languages: complete catalogues, nothing English left, one address for each."""

import re
from html import unescape
from string import Formatter

import httpx
import pytest
from babel.messages.catalog import Catalog, Message
from playwright.sync_api import BrowserContext, expect

from features.languages import LANGUAGES, NBSP
from serving.messages import messages, translations

CODES = [code for code in LANGUAGES if code != "en"]
ADDRESSES = [
    "/",
    "/?view=silent",
    "/?band=low&search=zzz",
    "/?sort=name",
    "/customers/cyan",
    "/customers/dune",
    "/customers/gale",
    "/model",
    "/disagreement",
    "/monitor",
    "/nowhere",
]
TAG = re.compile(r"\{\w*\}|<[^>]+>")
TEXT = re.compile(r">([^<>]+)<|(?:aria-label|title|placeholder|data-label)=\"([^\"]+)\"")
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WORD = re.compile(r"[A-Za-z]{2,}")
# Names, ids and what is the same in every language.
SAME = {
    *"MRR NPS CSAT CES AUC PSI UTC CSV churn score monitor keys add English US USD CHF".split(),  # noqa: SIM905
    *"Ana Ruiz Ben Okafor Cyan Foods Beta Fern Dune cme Gale small enterprise team".split(),  # noqa: SIM905
    *"cyan acme cmd gale fern dune beta script document title taken over etc passwd".split(),  # noqa: SIM905
    *"zzz training mail nowhere Known for days are needed".split(),  # noqa: SIM905
}


@pytest.fixture(scope="module")
def template() -> Catalog:
    return messages()


def forms(message: Message) -> list[str]:
    said = message.string
    return list(said) if isinstance(said, tuple | list) else [said or ""]


@pytest.mark.parametrize("code", CODES)
def test_every_message_is_translated_and_none_is_left_from_before(
    code: str, template: Catalog
) -> None:
    known = translations(code)
    wanted = {(m.context, m.id) for m in template if m.id}
    assert {(m.context, m.id) for m in known if m.id} == wanted, "run: make messages"
    assert [m.id for m in known if m.id and (not all(forms(m)) or m.fuzzy)] == []
    assert not known.obsolete


@pytest.mark.parametrize("code", CODES)
def test_a_translation_fills_the_same_places_with_the_same_tags(code: str) -> None:
    for message in (m for m in translations(code) if m.id):
        original = message.id if isinstance(message.id, str) else message.id[-1]
        for form in forms(message):
            assert sorted(TAG.findall(form)) == sorted(TAG.findall(original)), original
            assert {name for _, name, _, _ in Formatter().parse(form) if name != ""}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("path", ADDRESSES)
def test_no_english_is_left_over_on_a_page(code: str, path: str, client: httpx.Client) -> None:
    mark = "&" if "?" in path else "?"
    page = client.get(f"{path}{mark}lang={code}").text
    body = re.sub(r"(?s)<nav class=\"languages\".*?</nav>|<code>.*?</code>", "", page)
    said = " ".join(unescape(a or b) for a, b in TEXT.findall(body))
    assert set(WORD.findall(said)) - SAME == set()


@pytest.mark.parametrize("code", CODES)
def test_a_page_says_its_language_and_direction(code: str, client: httpx.Client) -> None:
    tag = {"zh": "zh-Hans"}.get(code, code)
    direction = "rtl" if code == "fa" else "ltr"
    assert f'<html lang="{tag}" dir="{direction}">' in client.get(f"/?lang={code}").text


def test_the_language_of_an_address_is_kept_by_every_link_and_form(client: httpx.Client) -> None:
    for address in ("/?lang=ru", "/customers/cyan?lang=ru", "/model?lang=ru"):
        page = client.get(address).text
        inside = re.sub(r"(?s)<nav class=\"languages\".*?</nav>", "", page)
        links = {unescape(link) for link in re.findall(r'(?:href|action)="([/?][^"]*)"', inside)}
        forms = re.findall(r"(?s)<form.*?</form>", inside)
        kept = {link for link in links if "static" not in link and "lang=ru" not in link}
        assert all('name="lang" value="ru"' in form for form in forms if 'method="get"' in form)
        assert kept <= {"/", "/model#cut"}, "only the actions of forms that send it themselves"


def test_a_record_leads_back_in_the_same_language(client: httpx.Client) -> None:
    said = {"customer_id": "cyan", "at": "2026-11-02", "verdict": "agree"}
    answer = client.post("/treatments?lang=th", data=said, follow_redirects=False)
    assert answer.headers["location"] == "/customers/cyan?lang=th&recorded=1#done"


def test_one_nights_scores_are_read_in_five_languages(client: httpx.Client) -> None:
    said = {code: client.get(f"/customers/cyan?lang={code}").text for code in LANGUAGES}
    told = {
        "en": "Active people down 57 % against the 4 weeks before, from 14 to 6",
        "ru": "Активных пользователей стало на 57 % меньше по сравнению с предыдущими 4 неделями: "
        "было 14, стало 6",
        "fa": "کاربران فعال نسبت به ۴ هفتهٔ پیش از آن ۵۷٪ کمتر شده است: از ۱۴ به ۶",
        "th": "จำนวนผู้ใช้ที่ใช้งานลดลง 57% เทียบกับ 4 สัปดาห์ก่อนหน้า จาก 14 เป็น 6",
        "zh": "活跃用户与此前4周相比下降57%，从14降至6",
    }
    for code, sentence in told.items():
        assert sentence in said[code].replace(NBSP, " ")


@pytest.mark.parametrize(
    ("code", "heading"),
    [("en", "place,customer_id"), ("ru", '"Место"'), ("zh", '"排名"'), ("xx", "place,customer_id")],
)
def test_a_download_has_its_headings_and_reasons_in_the_language(
    code: str, heading: str, client: httpx.Client
) -> None:
    file = client.get(f"/customers.csv?lang={code}").content.decode("utf-8-sig")
    assert file.replace('"', "").startswith(heading.replace('"', ""))
    assert ("最近" in file or "逾期" in file) is (code == "zh")


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("path", ["/", "/customers/cyan", "/model", "/monitor", "/disagreement"])
def test_a_page_in_another_language_fits_and_keeps_nobody_out(
    code: str, path: str, opened: BrowserContext
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not here")
    page = opened.new_page()
    page.goto(f"{path}?lang={code}")
    assert page.evaluate(SIDEWAYS) <= 0
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


def test_persian_runs_from_right_to_left_and_its_charts_from_left_to_right(
    opened: BrowserContext,
) -> None:
    page = opened.new_page()
    page.goto("/customers/cyan?lang=fa")
    assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
    assert page.evaluate("getComputedStyle(document.querySelector('svg.chart')).direction") == "ltr"
    brand = page.locator(".brand").bounding_box()
    assert brand
    assert brand["x"] + brand["width"] / 2 > page.evaluate("innerWidth") / 2


def test_a_click_reads_the_same_page_in_another_language(opened: BrowserContext) -> None:
    page = opened.new_page()
    page.goto("/?view=persistent")
    page.get_by_role("link", name="Русский").click()
    assert "view=persistent" in page.url
    page.locator(".portfolio").get_by_role("link", name="Cyan Foods").click()
    expect(page.get_by_text("Что повышает оценку")).to_be_visible()
