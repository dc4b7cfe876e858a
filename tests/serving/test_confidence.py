"""How sure a score is said to be."""

import numpy as np
import pytest

from features.featureset import FeatureSet
from serving.confidence import confidence_of, known_shares
from serving.curves import Point
from serving.schemas import Confidence
from tests.features.every import F, Words

LIMITS = (0.05, 0.1, 0.2)
SURE = Point(rows=4_000, predicted=0.3, observed=0.3, low=0.288, high=0.312)
ACROSS_ONE = Point(rows=1_000, predicted=0.1, observed=0.1, low=0.085, high=0.117)
ACROSS_ALL = Point(rows=20, predicted=0.05, observed=0.05, low=0.01, high=0.21)
RECORD = (ACROSS_ALL, ACROSS_ONE, SURE)


@pytest.mark.parametrize(
    ("probability", "expected"), [(0.31, "high"), (0.11, "medium"), (0.04, "low")]
)
def test_a_score_is_as_sure_as_the_band_of_those_who_were_scored_alike(
    probability: float, expected: str
) -> None:
    assert confidence_of(probability, 1.0, RECORD, LIMITS) == expected


@pytest.mark.parametrize(("known", "expected"), [(0.8, "high"), (0.79, "medium"), (0.49, "low")])
def test_a_score_is_no_surer_than_what_is_known_of_the_customer(
    known: float, expected: str
) -> None:
    assert confidence_of(0.3, known, RECORD, LIMITS) == expected


def test_a_model_that_was_never_judged_is_medium_at_best() -> None:
    assert confidence_of(0.3, 1.0, (), LIMITS) is Confidence.MEDIUM


def test_neither_a_missing_number_nor_a_stand_in_for_a_word_is_known() -> None:
    features = FeatureSet("two", (F(name="uses", table="usage"), Words(name="plan", table="usage")))
    columns = {
        "uses": np.array([3.0, np.nan, np.nan]),
        "plan": np.array(["team", "team", "none"], object),
    }
    assert known_shares(features, columns).tolist() == [1.0, 0.5, 0.0]
