"""A night says of many customers at once what the service says of each."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import CHURN
from features.feature import Change
from features.languages import language_of
from serving.cases import Cases
from serving.chosen import Chooser, slopes
from serving.dataset import require_sound, row_of
from serving.fitting import Vectors
from serving.many import LISTS, Many
from serving.plays.choosing import Playbook
from serving.reasons import Explainer, Score
from serving.scorer import Scorer
from serving.worded import Wording
from tests.serving.company import AS_OF
from training.references import References

CUSTOMERS = 25
TYPICAL = -2.5
SHARES = (0.0, 0.0, 0.0, 0.009, 0.01, 0.04, 0.16, 0.16, 0.5, -0.009, -0.04, -0.16, -0.16)
WORDS = (None, "none", "team", "paid_search", "PL", "high")
Columns = dict[str, np.ndarray[Any, Any]]


def assert_alike(found: Any, expected: Any, where: str = "") -> None:
    """Equal, numbers within 1e-9, whatever lies in what."""
    if isinstance(expected, Mapping):
        for name in expected:
            assert_alike(found[name], expected[name], f"{where}.{name}")
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected), where
        for place, each in enumerate(expected):
            assert_alike(found[place], each, f"{where}[{place}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9), where
    else:
        assert found == expected, where


def drawn(draw: np.random.Generator) -> tuple[Columns, np.ndarray[Any, Any]]:
    """Vectors and contributions with every kind of gap, stand-in, tie and contradiction."""
    shares = draw.choice(SHARES, (CUSTOMERS, len(CHURN.names)))
    shares[draw.random(shares.shape) < 0.1] += draw.normal()
    quiet = draw.random(CUSTOMERS) < 0.2
    shares[quiet] *= draw.choice([0.0, 0.01, 0.3])
    columns: Columns = {}
    for name in (*CHURN.names, *CHURN.baselines):
        columns[name] = draw.choice([np.nan, 0.0, 1.0, 2.0, 9.0, 40.5, 1e4], CUSTOMERS)
    for feature in CHURN:
        if feature.categorical:
            columns[feature.name] = draw.choice(np.array(WORDS, object), CUSTOMERS)
            continue
        if isinstance(feature, Change):
            columns[feature.name] = draw.choice([np.nan, -1, -0.4, 0, 0.1, 0.9, 1], CUSTOMERS)
        none = draw.random(CUSTOMERS) < draw.choice([0.1, 0.9])
        columns[feature.name] = np.where(none, feature.if_none, columns[feature.name])
    return columns, shares


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_the_reasons_chosen_for_many_are_those_chosen_for_each(seed: int):
    draw = np.random.default_rng(seed)
    columns, shares = drawn(draw)
    medians = {name: [float(draw.choice([np.nan, 0, 1, 5]))] * 21 for name in CHURN.names}
    explainer = Explainer(CHURN, References({"": medians}))
    usual = np.tile([explainer.peers.median(name, "") for name in CHURN.names], (CUSTOMERS, 1))
    vectors = Vectors(columns, shares, usual)
    chooser, slope = Chooser(explainer), slopes(shares, TYPICAL)
    chosen = chooser.chosen(vectors)
    lists = Wording(chooser).lists(vectors, [getattr(chosen, name) for name in LISTS], slope)
    ends = [np.cumsum([0, *counts]) for counts, _ in lists]
    for place in range(CUSTOMERS):
        vector = {name: values[place] for name, values in columns.items()}
        contributed = dict(zip(CHURN.names, shares[place].tolist(), strict=True))
        why = explainer.why(Score(vector, contributed, TYPICAL))
        for name, (_, said), end in zip(LISTS, lists, ends, strict=True):
            told = said[int(end[place]) : int(end[place + 1])].to_pylist()
            assert_alike(told, [worded(reason) for reason in getattr(why, name)], name)
        points = chosen.themes[place] * slope[place]
        assert_alike(dict(zip(explainer.themes, points.tolist(), strict=True)), dict(why.themes))


def worded(reason: Any) -> dict[str, Any]:
    """A reason as the data set lays it out."""
    row: dict[str, Any] = reason.model_dump()
    word = isinstance(reason.value, str)
    return row | {
        "value": None if word else row["value"],
        "value_text": row["value"] if word else None,
    }


def jittered(cases: Cases, draw: np.random.Generator) -> Cases:
    """As many cases whose values are those of others, at random, and in part missing."""
    size = len(cases.people)
    columns = dict(cases.columns)
    for name, values in columns.items():
        mixed = np.where(draw.random(size) < 0.3, values[draw.integers(0, size, size)], values)
        mixed[draw.random(size) < 0.1] = None if values.dtype == object else np.nan
        columns[name] = mixed
    segments = draw.choice(np.array(["small", "enterprise", None, "unheard of"], object), size)
    people = zip(cases.people, segments, strict=True)
    return Cases(tuple(replace(each, segment=segment) for each, segment in people), columns)


@pytest.mark.parametrize("code", ["en", "fa", "ru"])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_block_of_a_night_says_what_the_service_says_of_each(
    scorer: Scorer, code: str, share: float
):
    asked = replace(scorer, language=language_of(code), playbook=Playbook(holdout_share=share))
    cases = jittered(scorer.everyone(AS_OF).cases, np.random.default_rng(7))
    assert_rows_are_predictions(asked, cases)


def test_the_same_by_a_model_that_has_learnt_too_little(scorer: Scorer):
    about = dict(scorer.model.about) | {"insufficient": "Too few have left."}
    untaught = replace(scorer, model=replace(scorer.model, about=about))
    assert_rows_are_predictions(untaught, scorer.everyone(AS_OF).cases)


def test_the_same_with_a_record_and_without_a_customer_who_can_be_scored(scorer: Scorer):
    from serving.curves import Point

    record = [Point(100, p, p, p / 2, p * 2) for p in (0.01, 0.05, 0.2, 0.6)]
    cases = scorer.everyone(AS_OF).cases
    assert_rows_are_predictions(replace(scorer, record=record), cases)
    silent = [place for place, each in enumerate(cases.people) if each.insufficient]
    assert_rows_are_predictions(scorer, cases.where(np.array(silent)))


def assert_rows_are_predictions(scorer: Scorer, cases: Cases) -> None:
    blocks = Many(scorer.teller).blocks(cases, scorer.asking(AS_OF), at_once=100)
    rows = [row for block in blocks for row in block.to_pylist()]
    told = [row_of(each) for each in scorer.predictions(cases, AS_OF)]
    assert len(rows) == len(told)
    for row, expected in zip(rows, told, strict=True):
        assert_alike(row, {name: expected.get(name) for name in row}, row["customer_id"])


def test_a_row_that_cannot_be_true_is_a_fault_of_the_program(scorer: Scorer):
    cases = scorer.cases(["c001", "c002"], AS_OF)
    block = Many(scorer.teller).rows(cases, scorer.asking(AS_OF))
    place = block.schema.get_field_index("probability")
    doubled = block.set_column(place, block.schema.field(place), [[2.0, 0.1]])
    with pytest.raises(ValueError, match="probability"):
        require_sound(doubled, 2)
    with pytest.raises(ValueError, match="2 rows of 3 customers"):
        require_sound(block, 3)


def test_rows_begin_behind_those_that_are_there(scorer: Scorer):
    cases = scorer.everyone(date(2026, 11, 1)).cases
    steps: list[int] = []
    many, asking = Many(scorer.teller), scorer.asking(AS_OF)
    blocks = list(many.blocks(cases, asking, 50, 100, steps.append))
    assert [len(block) for block in blocks[:-1]] == [50] * (len(blocks) - 1)
    assert sum(steps) == len(cases.people)
    assert blocks[0]["customer_id"][0].as_py() == cases.people[100].customer_id
