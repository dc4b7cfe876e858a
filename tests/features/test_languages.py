"""Reasons in five languages: whole sentences, the language's own plurals, numbers and dates."""

import re
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue import CHURN, catalogue
from features.feature import Change
from features.languages import LANGUAGES, NBSP, Language, asked_language, language_of
from features.words import counted, label, sentence, told

EVERY = [language_of(code) for code in LANGUAGES]
OTHERS = [language for language in EVERY if language.code != "en"]
FEATURES = catalogue(key_events=["export {all}"], milestones=["go live"])
NUMBERS = st.one_of(st.none(), st.just(0.0), st.floats(-1, 1), st.floats(0, 1e7))
LATIN = re.compile(r"[A-Za-z]+")
NAMES = {"NPS", "CSAT", "CES", "export", "all", "go", "live", "team", "Go"}  # in every language


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("en", ["1 ticket", "2 tickets", "5 tickets", "11 tickets", "21 tickets", "1.5 tickets"]),
        (
            "ru",
            [
                "1 обращение",
                "2 обращения",
                "5 обращений",
                "11 обращений",
                "21 обращение",
                "1,5 обращения",
            ],
        ),
        ("fa", ["۱ تیکت", "۲ تیکت", "۵ تیکت", "۱۱ تیکت", "۲۱ تیکت", "۱٫۵ تیکت"]),
        ("th", [f"ทิกเก็ต {n} ใบ" for n in ("1", "2", "5", "11", "21", "1.5")]),
        ("zh", [f"{n}张工单" for n in ("1", "2", "5", "11", "21", "1.5")]),
    ],
)
def test_a_count_takes_the_form_that_its_language_has_for_it(code: str, said: list[str]) -> None:
    counts = (1, 2, 5, 11, 21, 1.5)
    unit = CHURN["tickets_28d"]
    assert [counted(unit, n, language_of(code)) for n in counts] == said


@pytest.mark.parametrize(
    ("code", "days", "said"),
    [
        ("ru", 7, "5 действий в продукте за последнюю неделю"),
        ("ru", 28, "5 действий в продукте за последние 4 недели"),
        ("ru", 84, "5 действий в продукте за последние 12 недель"),
        ("zh", 28, "最近4周在产品中5次操作"),
        ("fa", 28, "۵ فعالیت در محصول در ۴ هفتهٔ گذشته"),
        ("th", 28, "ใช้งาน 5 ครั้งในผลิตภัณฑ์ใน 4 สัปดาห์ที่ผ่านมา"),
    ],
)
def test_a_window_is_named_as_its_language_does(code: str, days: int, said: str) -> None:
    assert sentence(CHURN[f"events_{days}d"], 5.0, language=language_of(code)) == said


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (41, 16, "Действий стало на 61 % меньше {}: было 41, стало 16"),
        (16, 41, "Действий стало на 156 % больше {}: было 16, стало 41"),
        (10, 30, "Действий стало в 3 раза больше {}: было 10, стало 30"),
        (10, 50, "Действий стало в 5 раз больше {}: было 10, стало 50"),
        (41, 0, "Действий больше нет: было 41 ({})"),
        (0, 7, "Действий не было, стало 7 ({})"),
    ],
)
def test_a_rise_and_a_fall_are_different_sentences(before: float, now: float, said: str) -> None:
    russian, change = language_of("ru"), (now - before) / (now + before)
    found = sentence(CHURN["events_28d_change_28d"], change, before, now, russian)
    against = "по сравнению с предыдущими 4 неделями"
    assert found.replace(NBSP, " ") == said.format(against)


@pytest.mark.parametrize("language", EVERY, ids=LANGUAGES)
@given(
    name=st.sampled_from(FEATURES.names), value=NUMBERS, before=NUMBERS, now=NUMBERS, peers=NUMBERS
)
def test_any_value_of_any_feature_is_a_sentence_without_its_raw_name(
    language: Language,
    name: str,
    value: float | None,
    before: float | None,
    now: float | None,
    peers: float | None,
) -> None:
    feature = FEATURES[name]
    given_value = "team" if feature.categorical and value is not None else value
    ends = (before, now) if isinstance(feature, Change) else (None, None)
    said = told(feature, given_value, *ends, peers, language)
    assert said
    assert "_" not in said
    assert "_" not in name or name not in said
    assert not {"{", "}"} & set(said.replace("{all}", ""))
    assert "nan" not in said.lower().split()


@pytest.mark.parametrize("language", OTHERS, ids=[language.code for language in OTHERS])
@pytest.mark.parametrize("name", FEATURES.names)
def test_no_english_is_left_over_in_a_reason(name: str, language: Language) -> None:
    feature = FEATURES[name]
    values = ("team", None) if feature.categorical else (feature.gives, 0.0, 0.5, -0.5, 1.0, None)
    said = [told(feature, value, 40.0, None, 3.0, language) for value in values]
    left = {word for each in (*said, label(feature, language)) for word in LATIN.findall(each)}
    assert left <= NAMES


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("en", ["1,234", "3.5", "62 %", "$12,400", "3 Nov 2026", "09:05", "a, b, and c"]),
        (
            "fa",
            ["۱٬۲۳۴", "۳٫۵", "۶۲٪", "\u200e$ ۱۲٬۴۰۰", "۳ نوامبر ۲۰۲۶", "۰۹:۰۵", "a،\u200f b، و c"],
        ),
        ("ru", ["1 234", "3,5", "62 %", "12 400 $", "3 нояб. 2026 г.", "09:05", "a, b и c"]),
        ("th", ["1,234", "3.5", "62%", "US$12,400", "3 พ.ย. 2026", "09:05", "a b และc"]),
        ("zh", ["1,234", "3.5", "62%", "US$12,400", "2026年11月3日", "09:05", "a、b和c"]),
    ],
)
def test_numbers_money_and_days_are_written_as_in_the_region(code: str, written: list[str]) -> None:
    language = language_of(code)
    said = [
        language.number(1234),
        language.number(3.46),
        language.size(0.62),
        language.money(12_400, "USD"),
        language.day(date(2026, 11, 3)),
        language.clock(datetime(2026, 11, 3, 9, 5)),
        language.listed(["a", "b", "c"]),
    ]
    assert [re.sub(r"\s", " ", each) for each in said] == written


@pytest.mark.parametrize(
    ("named", "accepted", "code"),
    [
        ("th", "ru", "th"),
        ("", "de;q=1, th;q=0.5, ru;q=.8", "ru"),
        ("", "zh-CN,zh;q=0.9", "zh"),
        ("", "zh_Hans", "zh"),
        ("xx", "fa", "fa"),
        ("", "ru;q=0, *", "en"),
        ("", "ru;q=nonsense", "en"),
        ("", "", "en"),
    ],
)
def test_what_is_named_goes_before_what_is_accepted(named: str, accepted: str, code: str) -> None:
    assert asked_language(named, accepted).code == code


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ru", "Страна: Польша"),
        ("fa", "کشور: لهستان"),
        ("th", "อยู่ในประเทศ โปแลนด์"),
        ("zh", "所在国家或地区：波兰"),
    ],
)
def test_a_country_is_told_by_its_name(code: str, said: str) -> None:
    assert sentence(CHURN["country"], "PL", language=language_of(code)) == said
