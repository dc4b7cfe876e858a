"""What a model has to beat."""

import numpy as np
import pandas as pd
import pytest

from features.catalogue import CHURN
from features.featureset import FeatureSet
from training.baselines import health, unhealthy

NAMES = ("events_7d", "events_28d", "failed_payments_28d")
FEATURES = FeatureSet("some", tuple(CHURN[name] for name in NAMES))


def vectors(*rows):
    return pd.DataFrame(rows, columns=NAMES, dtype=float)


TRAIN = vectors((0, 0, 3), (5, 10, 2), (10, 20, 1), (20, 40, 0))


def test_a_health_score_is_worse_in_the_declared_direction_of_each_feature():
    told = unhealthy(FEATURES, TRAIN, TRAIN)
    assert told.tolist() == sorted(told, reverse=True)
    assert told == pytest.approx([0.875, 0.625, 0.375, 0.125])


def test_themes_count_alike_however_many_features_they_have():
    unused, unpaid = vectors((0, 0, 0), (20, 40, 3)).pipe(unhealthy_of)
    assert unused == pytest.approx(unpaid)


def test_what_is_not_known_counts_as_half():
    [told] = unhealthy_of(vectors((np.nan, np.nan, np.nan)))
    assert told == 0.5


def unhealthy_of(rows):
    return unhealthy(FEATURES, TRAIN, rows)


def test_it_is_told_as_a_probability_of_the_size_of_the_churn_rate():
    many, churned = pd.concat([TRAIN] * 50), np.tile([1.0, 0.0, 0.0, 0.0], 50)
    told = health(FEATURES, many, churned, TRAIN)
    assert told.mean() == pytest.approx(0.25, abs=0.02)
    assert told.argmax() == 0
