"""What was done about a risk is told from the rows of treatments around an as-of date."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.sources.files import in_memory
from tests.training.worlds import judged, world
from training.labels import ChurnLabel
from training.treated import Arm, arm_rows, arms_of

LABEL = ChurnLabel(horizon_days=90, gap_days=14, lead_days=0)
AS_OF = pd.Timestamp("2026-03-01")

CUSTOMERS = {"customers": pd.DataFrame({"customer_id": ["ann"], "created_at": [AS_OF]})}


def told(rows, churned_at=None, share=0.0):
    """Arm and treated of one snapshot of ann, from (days after the as-of date, arm)."""
    treatments = pd.DataFrame(
        {
            "customer_id": "ann",
            "at": [AS_OF + pd.Timedelta(days=days) for days, _ in rows],
            "play": "call",
            "arm": [arm for _, arm in rows],
        }
    )
    spine = {"customer_id": ["bob", "ann"], "as_of": AS_OF.date(), "churned_at": [None, churned_at]}
    labelled = pd.DataFrame(spine).astype({"churned_at": "datetime64[us]"})
    history = in_memory({**CUSTOMERS, "treatments": treatments})
    found = arms_of(history, LABEL, labelled, share)
    return Arm(found["arm"][1]), found["treated"][1]


def arm(rows, churned_at=None, share=0.0):
    """The arm alone."""
    return told(rows, churned_at, share)[0]


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-29, Arm.NONE), (-28, Arm.TREATED), (89, Arm.TREATED), (90, Arm.NONE)],
)
def test_a_treatment_counts_from_four_weeks_before_to_the_horizons_end(days, expected):
    assert arm([(days, "chosen")]) is expected


def test_what_is_done_after_a_customer_left_is_no_treatment_of_the_risk():
    assert arm([(40, "random")], churned_at=AS_OF + pd.Timedelta(days=20)) is Arm.NONE


@pytest.mark.parametrize(
    ("days", "expected"), [(-29, Arm.NONE), (-28, Arm.HELD_OUT), (6, Arm.HELD_OUT), (7, Arm.NONE)]
)
def test_a_draw_counts_from_four_weeks_before_to_a_week_after(days, expected):
    assert arm([(days, "control")]) is expected


def test_a_draw_undone_by_a_treatment_within_the_week_is_a_treatment():
    assert arm([(1, "control"), (5, "chosen")]) is Arm.TREATED


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(8, 400), st.sampled_from(["chosen", "control", None]))))
def test_whatever_comes_later_does_not_take_anybody_out_of_the_hold_out(later):
    assert arm([(1, "control"), *later]) is Arm.HELD_OUT


def test_without_controls_the_share_that_gets_no_play_is_the_hold_out_once_treatments_began():
    assert arm([(-100, "chosen")], share=1) is Arm.HELD_OUT
    assert arm([(-100, "chosen")], share=0) is Arm.NONE
    assert arm([(90, "chosen")], share=1) is Arm.NONE


def test_where_the_history_records_a_draw_no_other_is_taken():
    assert arm([(-100, "control")], share=1) is Arm.NONE


def test_who_is_treated_all_the_same_stays_held_out_and_is_counted():
    assert told([(5, "chosen")], share=1) == (Arm.HELD_OUT, True)
    assert told([(1, "control"), (30, "chosen")]) == (Arm.HELD_OUT, True)


def test_a_history_without_treatments_treats_nobody():
    spine = pd.DataFrame({"customer_id": ["ann"], "as_of": [AS_OF.date()], "churned_at": [None]})
    assert arms_of(in_memory(CUSTOMERS), LABEL, spine, 1)["arm"].tolist() == [Arm.NONE]


def test_a_treatment_that_keeps_customers_shows_in_its_arm_and_not_in_the_hold_out():
    logit, churned = world(6_000)
    arms = np.resize([Arm.TREATED.value, Arm.HELD_OUT.value, Arm.NONE.value], len(logit))
    kept = (arms == Arm.TREATED.value) & (np.random.default_rng(0).random(len(logit)) < 0.5)
    rows = replace(judged(logit, churned), churned=np.where(kept, 0, churned))
    found = {row.arm: row for row in arm_rows(rows, arms, arms == Arm.TREATED, 100)}
    assert found[Arm.TREATED].observed_expected.value.high < 0.7
    held = found[Arm.HELD_OUT].observed_expected.value
    assert held.low < 1 < held.high
    assert sum(row.rows for row in found.values()) == len(logit)


def test_an_arm_with_few_churned_has_no_figure():
    logit, churned = world(1_000)
    arms = np.where(np.arange(1_000) < 20, Arm.HELD_OUT.value, Arm.NONE.value)
    few = next(
        row
        for row in arm_rows(judged(logit, churned), arms, arms == Arm.TREATED, 20)
        if row.rows == 20
    )
    assert np.isnan(few.auc.value.point)


def test_where_nobody_was_treated_there_is_nothing_to_tell_apart():
    logit, churned = world(200)
    assert arm_rows(judged(logit, churned), np.full(200, Arm.NONE.value), np.zeros(200), 20) == ()
