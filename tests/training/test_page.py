"""The scorecard's page: the answer first, nothing fetched, and every picture told in words."""

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.training.worlds import ABOUT, DATES, baselines, judged, world
from training.evaluate import judge
from training.money import Offer
from training.page import words
from training.page.charts import pictures
from training.page.rendered import scorecard_page
from training.page.svg import Axis, Frame, alone, rounded

LOGIT, CHURNED = world(1_000)
KINDS = {"plan": np.tile(["free", "<script>alert(1)</script>"], 500)}
OFFER = Offer(clv=np.linspace(50, 2_000, 1_000), incentive=20, contact=2)
TOLD = {"version": "2026-07-01-abc", "decision": "promote", "reasons": ["So."], "currency": "EUR"}


def card_of(said=LOGIT):
    rows = judged(LOGIT, CHURNED, said=said, slices=KINDS)
    rivals = baselines(LOGIT, CHURNED)
    return judge(rows, rivals, ABOUT, offer=OFFER, capacity=50, resamples=50).to_dict()


CARD = card_of()
PAGE = scorecard_page(CARD, TOLD)


def test_the_answer_stands_before_any_figure():
    body = PAGE[PAGE.index("<body>") :]
    assert body.index("Yes: good enough to act on. Grade: A.") < body.index("<table>")


def test_a_model_that_is_too_sure_is_not_recommended_and_says_why():
    card = card_of(LOGIT + 0.4)
    assert words.answer(card).startswith("Not yet")
    assert any("Observed/expected" in each for each in words.broken(card))
    assert "Rules it breaks" in scorecard_page(card, TOLD)


def test_the_first_line_counts_who_left_among_those_the_team_can_call():
    lost = CHURNED.reshape(2, -1)
    top = [np.argsort(-row)[:50] for row in LOGIT.reshape(2, -1)]
    caught = sum(row[at].sum() for row, at in zip(lost, top, strict=True)) / 2
    assert f"Of the 50 riskiest customers of a date, {caught:.0f} left" in words.ranked(CARD)


def test_the_page_says_what_an_explanation_costs():
    assert "Microseconds of a core to explain a customer" in PAGE


def test_the_page_fetches_nothing():
    assert not re.search(r"https?:|//[a-z]|url\(|@import|\bsrc=", PAGE)


def test_what_customers_are_called_is_shown_and_not_run():
    assert "<script>alert(1)" not in PAGE
    assert "&lt;script&gt;alert(1)" in PAGE


def test_the_cut_offs_hold_the_teams_capacity_the_best_and_everybody():
    cuts = words.simulated(CARD)
    assert abs(next(c for c in cuts if "capacity" in c["mark"])["contacted"] - 50) < 5
    best = next(c for c in cuts if c["mark"] == "most profitable")
    assert best["profit"] == max(CARD["money"]["cut_offs"]["profit"])
    assert cuts[-1]["contacted"] == len(LOGIT) / len(DATES)
    assert cuts[-1]["recall"] == 1


@pytest.mark.parametrize("name", pictures(CARD))
def test_a_picture_says_in_words_what_it_shows_and_is_a_file_of_its_own(name):
    root = ElementTree.fromstring(alone(pictures(CARD)[name]))
    assert re.search(r"\d", root.attrib["aria-label"])
    assert len([e for e in root.iter() if e.attrib.get("class") == "name"]) == 2


def test_a_card_without_churn_has_a_page_all_the_same():
    rows = judged(LOGIT, np.zeros_like(CHURNED))
    card = judge(rows, baselines(LOGIT, CHURNED), ABOUT, resamples=20).to_dict()
    page = scorecard_page(json.loads(json.dumps(card)), TOLD)
    assert "Nobody can say" in page


def test_ticks_are_round_and_few():
    assert rounded(0, 0.53) == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert rounded(-40, 310) == [0, 100, 200, 300]
    assert rounded(2, 2) == [2]


def test_a_point_outside_of_a_picture_is_drawn_at_its_edge():
    frame = Frame(Axis(0, 1, "x"), Axis(0, 1, "y"))
    assert frame.at(7, -3) == frame.at(1, 0)
