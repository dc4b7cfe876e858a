"""How sure a score is: how much is known of the customer, and what became of customers alike."""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from features.featureset import FeatureSet, Values
from serving.bundle import SCORECARD
from serving.curves import Point, points_of
from serving.schemas import Confidence

Record: TypeAlias = Sequence[Point]

WELL_KNOWN, HARDLY_KNOWN = 0.8, 0.5  # of the values that the model looks at
RISING = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)


def record_of(model: Path) -> Record:
    """What came of those who were scored alike when the model was judged; none if it was not."""
    card = model / SCORECARD
    if not card.is_file():
        return ()
    return points_of(json.loads(card.read_text())["probability"]["reliability"])


def confidence_of(
    probability: float, known: float, record: Record, limits: Sequence[float]
) -> Confidence:
    """The lesser of what the customer's data and the model's record allow.

    `known` is the share of values that are there; `limits` are those between bands.
    """
    return min(_by_data(known), _by_record(probability, record, limits), key=RISING.index)


def confidences(
    probability: Values, known: Values, record: Record, limits: Sequence[float]
) -> Values:
    """The same of many: places in RISING."""
    by_data = np.searchsorted((HARDLY_KNOWN, WELL_KNOWN), known, side="right")
    if not record:
        return np.minimum(by_data, RISING.index(Confidence.MEDIUM))
    predicted = np.array([point.predicted for point in record])
    alike = np.argmin(np.abs(predicted - probability[:, None]), axis=1)
    by_record = [RISING.index(_by_point(point, limits)) for point in record]
    return np.asarray(np.minimum(by_data, np.array(by_record)[alike]))


def known_shares(features: FeatureSet, columns: Mapping[str, Values]) -> Values:
    """Of each row, the share of the model's values that are there: not missing, nor a stand-in."""
    there = [_there(columns[name], features[name].if_none) for name in features.names]
    shares: Values = np.mean(there, axis=0)
    return shares


def _there(values: Values, stand_in: Any) -> Values:
    if values.dtype == object:
        return np.array([value is not None and value != stand_in for value in values])
    return ~np.isnan(values)


def _by_data(known: float) -> Confidence:
    return RISING[bisect_right((HARDLY_KNOWN, WELL_KNOWN), known)]


def _by_record(probability: float, record: Record, limits: Sequence[float]) -> Confidence:
    """High where the rate of those scored alike surely lies in one band, medium in two."""
    if not record:
        return Confidence.MEDIUM
    alike = min(record, key=lambda point: abs(point.predicted - probability))
    return _by_point(alike, limits)


def _by_point(point: Point, limits: Sequence[float]) -> Confidence:
    crossed = bisect_right(limits, point.high) - bisect_right(limits, point.low)
    return RISING[max(0, 2 - crossed)]
