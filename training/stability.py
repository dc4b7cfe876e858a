"""Whether a model says much the same with other seeds, and for the same reasons as the champion."""

from dataclasses import dataclass, replace
from math import nan
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.feature import Theme
from features.featureset import FeatureSet
from training.metrics import Floats, auc
from training.model import ChurnModel, Told

Chosen: TypeAlias = NDArray[np.bool_]
FOLLOWED = 1_000  # customers, from one date to the next


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
    return float(np.std(found, ddof=1)) if len(found) > 1 else nan


def theme_jaccard(model: ChurnModel, other: ChurnModel, rows: pd.DataFrame) -> float:
    """The mean likeness of the two themes that move each customer's score most.

    The themes that both name over those that either names: 1 if they agree, 1/3 if on one theme.
    """
    first, second = (_top_two(each.features, each.told(rows)) for each in (model, other))
    return _likeness(first, second)


def _likeness(first: Chosen, second: Chosen) -> float:
    shared = (first & second).sum(axis=1)
    return float(np.mean(shared / (first | second).sum(axis=1)))


@dataclass(frozen=True)
class Months:
    """How far scores and reasons of the same customers agree from one as-of date to the next.

    `rank` is Spearman's correlation of their scores, `themes` the likeness of their two themes;
    both NaN where there is only one date.
    """

    rank: float = nan
    themes: float = nan


def months(model: ChurnModel, rows: pd.DataFrame) -> Months:
    """The last two as-of dates of `rows`, on some of the customers that both have."""
    dates = rows.index.get_level_values("as_of")
    last = sorted(set(dates))[-2:]
    if len(last) < 2:
        return Months()
    then, now = (rows[dates == day].droplevel("as_of") for day in last)
    both = then.index.intersection(now.index)[:FOLLOWED]
    if len(both) < 2:
        return Months()
    first, second = (model.told(each.loc[both]) for each in (then, now))
    tops = (_top_two(model.features, told) for told in (first, second))
    return Months(_correlation(first.margin, second.margin), _likeness(*tops))


def _correlation(first: Floats, second: Floats) -> float:
    """Spearman's: that of the ranks, equal values sharing theirs."""
    ranks = pd.DataFrame({"first": first, "second": second}).rank()
    return float(ranks["first"].corr(ranks["second"]))


def _top_two(features: FeatureSet, told: Told) -> Chosen:
    """Which two themes weigh most (rows, themes): the same columns for every model."""
    sums = by_theme(features, told.contributions)
    order = np.argsort(-np.abs(sums), axis=1, kind="stable")[:, :2]
    chosen = np.zeros(sums.shape, dtype=bool)
    np.put_along_axis(chosen, order, True, axis=1)
    return chosen


def by_theme(features: FeatureSet, contributions: Floats) -> Floats:
    """Contributions (rows, features) summed by theme, in the order in which themes are declared."""
    themes = list(Theme)
    member = np.array([[f.theme is theme for theme in themes] for f in features], dtype=float)
    return np.asarray(contributions @ member)
