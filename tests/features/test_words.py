"""What a person reads says what happened, by how much and compared with what."""

from itertools import product
from math import nan

import pytest

from features.catalogue import CHURN, catalogue
from features.feature import Change
from features.languages import ENGLISH
from features.words import Value, counted, sentence, within_noise

ALL = catalogue(key_events=["login", "export {all} | as CSV"], milestones=["go live"])
ACTIONS = "events_28d_change_28d"


NUMBERS = (1.0, 0.0, -0.3, 1234.5, nan, None)


@pytest.mark.parametrize("name", ALL.names)
def test_every_value_of_every_feature_has_a_sentence(name: str) -> None:
    feature = ALL[name]
    values = ("team", "none", None) if feature.categorical else (feature.gives, *NUMBERS)
    for value, before in product(values, (None, 0.0, 41.0)):
        said = sentence(feature, value, before)
        assert said[0].isupper() or not said[0].isalpha()
        assert "  " not in said
        assert not said.endswith((".", " "))
        assert "nan" not in said.lower().split()
        assert not {"{", "}"} & set(said.replace("{all}", ""))


@pytest.mark.parametrize("name", ALL.names)
def test_every_feature_says_in_its_own_words_that_there_is_nothing(name: str) -> None:
    assert sentence(ALL[name], None)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("events_28d", 41, "41 actions in the product in the last 4 weeks"),
        ("events_28d", 1, "1 action in the product in the last 4 weeks"),
        ("events_28d", 0, "Nothing done in the product in the last 4 weeks"),
        ("active_users_28d", 1, "1 active person in the last 4 weeks"),
        ("tickets_28d", 0, "No ticket in the last 4 weeks"),
        ("open_tickets_168d", 1, "1 open ticket now"),
        ("failed_payment_share_84d", 0.625, "62 % of payments failed in the last 12 weeks"),
        ("failed_payment_share_84d", 0, "0 % of payments failed in the last 12 weeks"),
        ("failed_payment_share_84d", nan, "No payment attempted in the last 12 weeks"),
        ("csat_mean_168d", 3.46, "CSAT answers 3.5 of 5, on average, in the last 24 weeks"),
        ("csat_mean_168d", nan, "No CSAT answer in the last 24 weeks"),
        ("days_since_last_use", 1, "Last used 1 day ago"),
        ("days_since_last_use", nan, "The product has never been used"),
        ("tenure", 1000, "Subscribed 2.7 years ago"),
        ("events_trend_84d", -0.104, "Use down 10 % a week, on average, in the last 12 weeks"),
        ("events_trend_84d", 0, "Use steady from week to week in the last 12 weeks"),
        ("first_value_reached", 1, "First value reached"),
        ("first_value_reached", 0, "First value not reached yet"),
        ("plan", "team", "On the team plan"),
        ("plan", "none", "No plan known"),
        ("country", "PL", "Based in Poland"),
        ("country", "elsewhere", "Based in elsewhere"),
        ("channel", "paid_search", "Won through paid search"),
        ("plan", None, "No plan known"),
    ],
)
def test_a_value_is_said_as_a_person_would(name: str, value: Value, said: str) -> None:
    assert sentence(CHURN[name], value) == said


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (41, 16, "Actions down 61 % against the 4 weeks before, from 41 to 16"),
        (16, 41, "Actions up 156 % against the 4 weeks before, from 16 to 41"),
        (10, 40, "Actions up 4-fold against the 4 weeks before, from 10 to 40"),
        (1204, 1200, "Actions down less than 1 % against the 4 weeks before, from 1,204 to 1,200"),
        (41, 0, "Actions down from 41 to none against the 4 weeks before"),
        (41, 41, "Actions steady against the 4 weeks before, at 41"),
    ],
)
def test_a_change_is_said_with_both_its_ends(before: float, now: float, said: str) -> None:
    value = (now - before) / (now + before)
    assert sentence(CHURN[ACTIONS], value, before) == said
    assert sentence(CHURN[ACTIONS], value, before, now) == said
    assert "from 4" not in sentence(CHURN[ACTIONS], value)


def test_a_change_from_none_is_no_percentage() -> None:
    feature = CHURN[ACTIONS]
    assert sentence(feature, 1.0, 0) == "Actions up from none against the 4 weeks before"
    said = "Actions up from none to 7 against the 4 weeks before"
    assert sentence(feature, 1.0, 0, now=7) == said


def test_what_was_agreed_is_compared_with_a_day_and_not_with_a_window() -> None:
    said = "Recurring revenue down 25 % against 12 weeks ago, from 400 to 300"
    assert sentence(CHURN["mrr_change_84d"], -1 / 7, 400) == said


@pytest.mark.parametrize(
    ("before", "now", "noise"), [(4, 2, True), (40, 20, False), (41, 35, True), (0, 3, True)]
)
def test_a_change_that_chance_alone_brings_is_noise(before: int, now: int, noise: bool) -> None:
    value = (now - before) / (now + before)
    assert within_noise(CHURN[ACTIONS], value, before, now) is noise


def test_only_a_change_of_counts_can_be_noise() -> None:
    assert not within_noise(CHURN["mrr_change_84d"], -1 / 7, 4)
    assert not within_noise(CHURN["events_28d"], 2, 3)
    assert not within_noise(CHURN[ACTIONS], nan, 3)
    assert within_noise(CHURN[ACTIONS], 1.0, 0), "from none to nobody knows how many"


def test_changes_of_what_is_agreed_are_marked_as_not_counted() -> None:
    agreed = {f.of for f in ALL if isinstance(f, Change) and not f.counted}
    assert agreed == {"mrr", "seats"}


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (0.04, "0.04"), (3.46, "3.5"), (9.96, "10"), (41.4, "41"), (1204, "1,204")],
)
def test_a_number_is_rounded_as_a_person_would(value: float, said: str) -> None:
    assert ENGLISH.number(value) == said


def test_a_share_that_is_not_nothing_is_not_rounded_to_nothing() -> None:
    assert [ENGLISH.size(share) for share in (0, 0.004, 0.62, 1)] == [
        "0 %",
        "less than 1 %",
        "62 %",
        "100 %",
    ]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("hours_to_resolve_84d", 47, "47 hours"),
        ("hours_to_resolve_84d", 60, "2.5 days"),
        ("hours_to_resolve_84d", 1, "1 hour"),
        ("tenure", 729, "729 days"),
        ("tenure", 731, "2 years"),
        ("tickets_28d", 0, "0 tickets"),
        ("hours_to_resolve_84d", 0.5, "30 minutes"),
        ("active_users_28d", 1, "1 active person"),
    ],
)
def test_a_count_has_its_unit(name: str, value: float, said: str) -> None:
    assert counted(CHURN[name], value) == said
