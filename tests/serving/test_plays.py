"""Plays: which one a situation asks for, by when, and who is left alone on purpose."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.feature import Theme
from serving.plays.catalogue import PLAYS
from serving.plays.choosing import USUAL, Playbook, stage_of, tier_of, touch_of
from serving.plays.play import Channel, Play, Situation, Stage, Step, Tier, Touch, Trigger
from serving.schemas import Band
from serving.scorer import Scorer
from tests.serving.company import AS_OF

TODAY = date(2026, 11, 1)


def advised(**found: object) -> str | None:
    """The play for a situation, of which only what matters is said."""
    known: dict[str, object] = {"band": Band.HIGH}
    advice = USUAL.advice(Situation(**(known | found)), TODAY, None)  # type: ignore[arg-type]
    return advice.play if advice else None


@pytest.mark.parametrize(
    ("found", "play"),
    [
        ({"theme": Theme.USAGE, "touch": Touch.TECH}, "training_invitation"),
        ({"theme": Theme.USAGE, "touch": Touch.HIGH}, "training_session"),
        ({"theme": Theme.USAGE, "tier": Tier.LARGE}, "executive_sponsor"),
        ({"theme": Theme.BILLING, "tier": Tier.LARGE}, "dunning"),
        ({"cause": "involuntary", "theme": Theme.USAGE}, "dunning"),
        ({"theme": Theme.ONBOARDING, "touch": Touch.TECH}, "onboarding_nudge"),
        ({"theme": Theme.USAGE, "stage": Stage.ONBOARDING}, "onboarding_restart"),
        ({"theme": Theme.SENTIMENT}, "complaint_follow_up"),
        ({"theme": Theme.CONTRACT}, "price_review"),
        ({"band": Band.INSUFFICIENT_DATA, "stage": Stage.LEAVING}, "win_back"),
        ({"band": Band.INSUFFICIENT_DATA, "stage": Stage.UNPAID}, "dunning"),
        ({"theme": None}, "check_in_call"),
        ({"theme": None, "touch": Touch.TECH}, "check_in_mail"),
        ({"band": Band.MEDIUM, "theme": None}, None),
        ({"band": Band.LOW, "theme": Theme.USAGE}, None),
        ({"band": Band.INSUFFICIENT_DATA}, None),
    ],
)
def test_a_situation_asks_for_a_play(found: dict[str, object], play: str | None) -> None:
    assert advised(**found) == play


def test_a_play_says_what_of_the_situation_asked_for_it() -> None:
    found = Situation(Band.CRITICAL, Theme.USAGE, Tier.LARGE, Stage.RENEWAL)
    advice = USUAL.advice(found, TODAY, None)
    assert advice is not None
    assert advice.grounds == ("tier=large", "band=critical")


@pytest.mark.parametrize(
    ("band", "days_to_renewal", "days"),
    [
        (Band.CRITICAL, None, 2),
        (Band.HIGH, None, 5),
        (Band.MEDIUM, 200, 10),
        (Band.MEDIUM, 4, 3),
        (Band.MEDIUM, 0, 0),
    ],
)
def test_the_worse_the_sooner_and_always_before_the_renewal(
    band: Band, days_to_renewal: int | None, days: int
) -> None:
    advice = USUAL.advice(Situation(band, Theme.USAGE), TODAY, days_to_renewal)
    assert advice is not None
    assert advice.due == TODAY + timedelta(days=days)


def test_every_play_can_be_the_one() -> None:
    everything = [
        Situation(band, theme, tier, stage, touch, cause)
        for band in Band
        for theme in (None, *Theme)
        for tier in Tier
        for stage in Stage
        for touch in Touch
        for cause in (None, "voluntary", "involuntary")
    ]
    found = {advice.play for one in everything if (advice := USUAL.advice(one, TODAY, None))}
    assert found == {play.name for play in PLAYS}


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_who_is_held_out_stays_so_when_the_share_grows(
    customer: str, first: float, second: float
) -> None:
    small, large = sorted((first, second))
    assert Playbook(holdout_share=small).holds_out(customer) <= Playbook(
        holdout_share=large
    ).holds_out(customer)


def test_the_share_held_out_is_the_one_asked_for() -> None:
    customers = [f"C{n:05}" for n in range(20_000)]
    held = sum(Playbook(holdout_share=0.1).holds_out(customer) for customer in customers)
    assert 1_830 < held < 2_170  # 2,000, within four standard errors
    assert not any(Playbook(holdout_share=0).holds_out(customer) for customer in customers)
    assert all(Playbook(holdout_share=1).holds_out(customer) for customer in customers)


@pytest.mark.parametrize(
    ("mrr", "tier"), [(None, "middle"), (49.0, "small"), (50.0, "middle"), (200.0, "large")]
)
def test_a_tier_begins_at_its_quantile(mrr: float | None, tier: str) -> None:
    assert tier_of(mrr, 50.0, 200.0) == tier


@pytest.mark.parametrize(
    ("agreed", "tier", "touch"),
    [("tech", Tier.LARGE, "tech"), ("unknown", Tier.SMALL, "tech"), (None, Tier.LARGE, "high")],
)
def test_the_business_says_who_is_looked_after_by_a_person(
    agreed: str | None, tier: Tier, touch: str
) -> None:
    assert touch_of(agreed, tier) == touch


@pytest.mark.parametrize(
    ("known", "stage"),
    [
        (("active", 89.0, 12.0, 30.0), "onboarding"),
        (("active", 90.0, 12.0, 90.0), "renewal"),
        (("active", 90.0, 12.0, 91.0), "established"),
        (("active", 400.0, 1.0, 12.0), "established"),
        (("active", None, None, None), "established"),
        (("notice_given", 10.0, 12.0, 30.0), "leaving"),
        (("dunning", 400.0, 12.0, 30.0), "unpaid"),
    ],
)
def test_a_customer_is_somewhere_in_its_life(
    known: tuple[str, float | None, float | None, float | None], stage: str
) -> None:
    assert stage_of(*known) == stage


@pytest.mark.parametrize("days", [(), (1, 2), (0, 5, 5), (0, 9, 3)])
def test_a_play_whose_steps_do_not_follow_each_other_cannot_be_declared(
    days: tuple[int, ...],
) -> None:
    steps = tuple(Step(day, Channel.CALL, "Call") for day in days)
    with pytest.raises(ValueError, match="begin on day 0"):
        Play(name="odd", title="Odd", aim="", touches=(Touch.HIGH,), when=(Trigger(),), steps=steps)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_held_out_is_a_share(share: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        Playbook(holdout_share=share)


def test_everybody_scored_has_advice_or_needs_none_or_is_held_out(scorer: Scorer) -> None:
    customers = [f"c{n:03}" for n in range(40)]
    active = [one for one in scorer.score(customers, AS_OF) if one.status == "active"]
    assert any(one.advice for one in active)
    for one in active:
        assert one.held_out == USUAL.holds_out(one.customer_id)
        assert not (one.held_out and one.advice)
        if one.band in (Band.HIGH, Band.CRITICAL):
            assert one.held_out or one.advice


def test_who_has_given_notice_is_to_be_won_back(scorer: Scorer) -> None:
    noticed = scorer.one("noticed", AS_OF)
    assert noticed.advice is not None
    assert noticed.advice.play == "win_back"
