"""Whether a model says much the same with other seeds, and for the same reasons as the champion."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.feature import Theme
from features.featureset import FeatureSet
from training.metrics import Floats, auc
from training.model import ChurnModel


def seeds_of(model: ChurnModel) -> list[ChurnModel]:
    """The model as each of its seeds alone would have it."""
    sizes = {len(ensemble) for ensemble in model.ensembles}
    each = range(min(sizes, default=0))
    return [
        replace(model, ensembles=tuple((ensemble[i],) for ensemble in model.ensembles))
        for i in each
    ]


def seed_spread(model: ChurnModel, rows: pd.DataFrame) -> float:
    """The standard deviation of AUC over seeds, each alone; NaN of a single seed."""
    matrix, churned = model.matrix(rows), rows["churned"].to_numpy()
    found = [auc(churned, one.margins(matrix)) for one in seeds_of(model)]
    return float(np.std(found, ddof=1)) if len(found) > 1 else float("nan")


def theme_jaccard(model: ChurnModel, other: ChurnModel, rows: pd.DataFrame) -> float:
    """The mean likeness of the two themes that move each customer's score most.

    The themes that both name over those that either names: 1 if they agree, 1/3 if on one theme.
    """
    first, second = (_top_two(each, rows) for each in (model, other))
    shared = (first & second).sum(axis=1)
    return float(np.mean(shared / (first | second).sum(axis=1)))


def _top_two(model: ChurnModel, rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Which two themes weigh most (rows, themes): the same columns for every model."""
    sums = by_theme(model.features, model.told(rows).contributions)
    order = np.argsort(-np.abs(sums), axis=1, kind="stable")[:, :2]
    chosen = np.zeros(sums.shape, dtype=bool)
    np.put_along_axis(chosen, order, True, axis=1)
    return chosen


def by_theme(features: FeatureSet, contributions: Floats) -> Floats:
    """Contributions (rows, features) summed by theme, in the order in which themes are declared."""
    themes = list(Theme)
    member = np.array([[f.theme is theme for theme in themes] for f in features], dtype=float)
    return np.asarray(contributions @ member)
