"""What a person is told of a score: the strongest themes, in words that cannot be misread."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue import CHURN
from serving.drivers import drivers_of
from serving.reasons import Explainer, Score, Why, probability, rounded
from serving.schemas import Reason

TYPICAL = -3.0
LATELY = {name: 9.0 for name in CHURN.names if name.startswith("days_since_last_")}
PLAIN = {f.name: f.if_none for f in CHURN} | LATELY | dict.fromkeys(CHURN.baselines, nan)


@dataclass(frozen=True)
class Usual:
    """Peers with medians by segment and feature; NaN where none is given."""

    medians: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def median(self, feature: str, segment: str) -> float:
        return self.medians.get((feature, segment), nan)


def why(
    shares: Mapping[str, float],
    values: Mapping[str, float | str] | None = None,
    usual: Usual | None = None,
    segment: str = "",
) -> Why:
    """What is said of these contributions and values; all others are 0 and empty."""
    every = {name: shares.get(name, 0.0) for name in CHURN.names}
    score = Score({**PLAIN, **(values or {})}, every, TYPICAL, segment)
    return Explainer(CHURN, usual or Usual()).why(score)


def codes(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.code for reason in reasons]


def test_the_two_strongest_themes_are_told_with_two_reasons_each_the_strongest_first():
    shares = {
        "days_since_last_use": 0.5,
        "active_days_28d": 0.4,
        "active_users_28d": 0.3,
        "complaints_84d": 0.6,
        "open_tickets_168d": 0.2,
        "overdue_invoices_364d": 0.7,
    }
    values = {"days_since_last_use": 9.0, "complaints_84d": 2.0, "open_tickets_168d": 1.0}
    told = why(shares, values | {"overdue_invoices_364d": 1.0})
    assert codes(told.reasons) == [
        "complaints_84d",
        "days_since_last_use",
        "active_days_28d",
        "open_tickets_168d",
    ]


def test_a_theme_that_lowers_the_score_as_a_whole_gives_no_reason_that_raises_it():
    values = {"complaints_84d": 1.0, "hours_to_resolve_84d": 3.0}
    told = why({"complaints_84d": 0.3, "hours_to_resolve_84d": -0.5}, values)
    assert told.reasons == ()
    assert codes(told.protective) == ["hours_to_resolve_84d"]


def test_features_that_measure_the_same_are_one_reason_with_the_points_of_all():
    shares = {"events_7d": 0.2, "events_28d": 0.5, "events_84d": 0.3}
    [reason] = why(shares).reasons
    assert reason.code == "events_28d"
    assert reason.points == pytest.approx(100 * (probability(-2.0) - probability(-3.0)))


def test_how_much_and_how_long_ago_are_two_reasons():
    told = why({"events_28d": 0.5, "days_since_last_use": 0.4}, {"days_since_last_use": 9.0})
    assert codes(told.reasons) == ["events_28d", "days_since_last_use"]


def test_points_are_those_of_the_curve_itself_where_contributions_cancel():
    told = why({"events_28d": 0.5, "complaints_84d": -0.5})
    start = probability(TYPICAL)
    assert told.reasons[0].points == pytest.approx(50 * start * (1 - start))
    assert told.protective[0].points == pytest.approx(-50 * start * (1 - start))


def test_a_change_against_the_customers_own_past_is_told_before_a_level():
    shares = {"events_28d": 0.5, "events_28d_change_28d": 0.3}
    values = {"events_28d": 16.0, "events_28d_change_28d": -25 / 57, "events_28d_before_28d": 41.0}
    [reason] = why(shares, values).reasons
    assert reason.text == "Actions down 61 % against the 4 weeks before, from 41 to 16"
    assert (reason.value, reason.baseline, reason.days) == (-25 / 57, 41.0, 28)


def test_a_change_that_contributes_little_does_not_take_the_place_of_a_level():
    shares = {"events_28d": 0.5, "events_28d_change_28d": 0.2}
    values = {"events_28d": 16.0, "events_28d_change_28d": -25 / 57, "events_28d_before_28d": 41.0}
    assert codes(why(shares, values).reasons) == ["events_28d"]


def test_a_change_inside_the_noise_is_not_told():
    values = {"events_28d": 9.0, "events_28d_change_28d": -1 / 19, "events_28d_before_28d": 10.0}
    shares = {"events_28d_change_28d": 0.5, "days_since_last_use": 0.1}
    told = why(shares, values | {"days_since_last_use": 9.0})
    assert codes(told.reasons) == ["days_since_last_use"]


@pytest.mark.parametrize(
    ("name", "value", "peers"),
    [
        ("seats_change_84d", 0.2, nan),  # more seats raise the score, says one odd tree
        ("events_trend_84d", 0.1, nan),
        ("active_days_28d", 20.0, 12.0),
        ("complaints_84d", 0.0, 1.0),
    ],
)
def test_what_reads_contrary_to_its_effect_is_not_told(name: str, value: float, peers: float):
    usual = Usual({(name, ""): peers})
    shares = {name: 0.5, "overdue_invoices_364d": 0.1}
    told = why(shares, {name: value, "overdue_invoices_364d": 1.0}, usual)
    assert codes(told.reasons) == ["overdue_invoices_364d"]


def test_a_change_that_is_not_known_says_nothing_but_an_absent_answer_does():
    shares = {"events_28d_change_28d": 0.5, "csat_mean_168d": 0.3}
    [reason] = why(shares, {"events_28d_change_28d": nan}).reasons
    assert reason.text == "No CSAT answer in the last 24 weeks"
    assert reason.value is None


@pytest.mark.parametrize(
    ("shares", "values", "texts"),
    [
        (
            {"events_28d": 0.5, "active_users_28d": 0.3, "days_since_last_use": 0.1},
            {"days_since_last_use": nan},
            ["The product has never been used"],
        ),
        (
            {"nps_last_364d": 0.3, "csat_mean_168d": 0.2},
            {"days_since_last_answer": nan},
            ["No survey has ever been answered"],
        ),
        ({"events_28d": 0.5}, {}, ["Nothing done in the product in the last 4 weeks"]),
    ],
)
def test_what_never_happened_is_told_once(
    shares: Mapping[str, float], values: Mapping[str, float], texts: list[str]
):
    assert [reason.text for reason in why(shares, values).reasons] == texts


@pytest.mark.parametrize(
    ("name", "protects"),
    [
        ("complaints_84d", True),
        ("failed_payments_28d", True),
        ("nps_last_364d", False),
        ("surveys_answered_364d", False),
        ("tickets_28d", False),
        ("first_value_reached", False),
    ],
)
def test_only_the_absence_of_trouble_protects(name: str, protects: bool):
    told = why({name: -0.5, "refunds_168d": -0.2})
    assert (name in codes(told.protective)) is protects


def test_what_nobody_can_act_on_stands_apart():
    told = why({"tenure": 0.9, "plan": -0.4, "touch": 0.005}, {"tenure": 400.0, "plan": "team"})
    assert (told.reasons, told.protective) == ((), ())
    assert codes(told.context) == ["tenure", "plan"]
    assert [reason.raises_score for reason in told.context] == [True, False]


def test_at_most_two_protective_reasons_and_a_second_only_if_it_is_a_quarter_of_the_first():
    shares = {"complaints_84d": -0.4, "days_since_last_use": -0.2, "nps_last_364d": -0.15}
    values = {"days_since_last_use": 1.0, "nps_last_364d": 9.0}
    assert codes(why(shares, values).protective) == ["complaints_84d", "days_since_last_use"]
    shares["days_since_last_use"] = shares["nps_last_364d"] = -0.05
    assert codes(why(shares, values).protective) == ["complaints_84d"]


def test_something_is_told_even_where_everything_stands_against_it():
    values = {"events_28d": 9.0, "events_28d_change_28d": -1 / 19, "events_28d_before_28d": 10.0}
    assert codes(why({"events_28d_change_28d": 0.5}, values).reasons) == ["events_28d_change_28d"]
    assert codes(why({"events_28d_change_28d": -0.5}, values).protective) == [
        "events_28d_change_28d"
    ]


def test_nothing_is_told_where_nothing_contributes():
    told = why({})
    assert (told.reasons, told.protective, told.context) == ((), (), ())
    assert set(told.themes.values()) == {0.0}


@pytest.mark.parametrize(
    ("name", "value", "peers", "text"),
    [
        ("active_days_28d", 3.0, 12.0, "3 active days in the last 4 weeks (usual: 12)"),
        ("days_since_last_use", 40.0, 2.0, "Last used 40 days ago (usual: 2 days)"),
        ("complaints_84d", 2.0, 0.0, "2 complaints in the last 12 weeks (usual: none)"),
        ("detractor_share_364d", 1.0, 0.2, "(usual: 20 %)"),
        ("mrr", 40.0, 120.0, "Recurring revenue of 40 a month (usual: 120)"),
        ("active_days_28d", 3.0, 3.0, "3 active days in the last 4 weeks"),
        ("active_days_28d", 3.0, nan, "3 active days in the last 4 weeks"),
        ("csat_mean_168d", nan, 4.5, "No CSAT answer in the last 24 weeks"),
    ],
)
def test_a_level_is_told_beside_what_is_usual(name: str, value: float, peers: float, text: str):
    [reason] = why({name: 0.5}, {name: value}, Usual({(name, "small"): peers}), "small").reasons
    assert reason.text.endswith(text)
    assert reason.peers == (None if isnan(peers) else peers)


def test_every_feature_belongs_to_exactly_one_driver_of_its_own_theme():
    drivers = drivers_of(CHURN)
    assert sorted(f.name for d in drivers for f in d.features) == sorted(CHURN.names)
    for driver in drivers:
        assert {(f.theme, f.context) for f in driver.features} == {(driver.theme, driver.context)}


ANY_SHARES = st.fixed_dictionaries({name: st.floats(-1, 1) for name in CHURN.names})
ANY_VALUES = st.fixed_dictionaries(
    {
        n: st.one_of(st.just(nan), st.floats(0, 100))
        for n in CHURN.names
        if n not in CHURN.categorical
    }
)


@given(ANY_SHARES, ANY_VALUES)
def test_whatever_contributes_the_rules_hold(shares: dict[str, float], values: dict[str, float]):
    told = why(shares, values)
    way = sum(shares.values())
    change = 100 * (probability(TYPICAL + way) - probability(TYPICAL))
    assert sum(told.themes.values()) == pytest.approx(change, abs=1e-9)
    assert len(told.reasons) <= 4
    assert len({reason.theme for reason in told.reasons}) <= 2
    assert len(told.protective) <= 2
    assert all(reason.raises_score and reason.points > 0 for reason in told.reasons)
    assert all(not reason.raises_score and reason.points < 0 for reason in told.protective)
    assert not any(CHURN[reason.code].context for reason in told.reasons + told.protective)
    assert all(CHURN[reason.code].context for reason in told.context)
    acted = [abs(shares[f.name]) for f in CHURN if not f.context]
    assert told.reasons or told.protective or max(acted) < 1e-9


@given(st.lists(st.floats(-100, 100), max_size=12), st.integers(0, 2))
def test_rounded_points_add_up_to_their_rounded_sum(points: list[float], digits: int):
    shown = rounded(points, digits)
    assert sum(shown) == pytest.approx(round(sum(points), digits), abs=0.51 * 10**-digits)
    assert round(sum(shown) * 10**digits) == round(sum(points) * 10**digits)
    assert all(abs(a - b) < 10**-digits + 1e-9 for a, b in zip(points, shown, strict=True))


def test_rounding_gives_to_the_largest_remainders():
    assert rounded([21.9, 8.56, 1.3, -5.76]) == [22, 9, 1, -6]
    assert rounded([1 / 3, 1 / 3, 1 / 3]) == [1, 0, 0]
