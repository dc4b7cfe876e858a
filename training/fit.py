"""Fit small, regularised, monotone trees, averaged over seeds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from features.featureset import FeatureSet

Numbers = NDArray[np.float64]
Made = TypeVar("Made")
FOLDS = 5
# Leaves by churned snapshots: small trees hold back what few events cannot support.
LEAVES = ((300, 4), (2_000, 7), (20_000, 15))
MOST_LEAVES = 31
QUIET: Mapping[str, Any] = MappingProxyType(
    {"verbosity": -1, "deterministic": True, "force_row_wise": True, "num_threads": 1}
)


@dataclass(frozen=True)
class Sample:
    """Rows to fit on, binned once for all targets, and how: `more` replaces some settings.

    `threads` boosters are fitted at a time, each by one thread: as fast as LightGBM's own threads
    on an idle machine, and not slower on a busy one. Their number changes no booster.
    """

    features: FeatureSet
    matrix: Numbers
    customers: NDArray[Any]
    binned: lgb.Dataset
    threads: int = 1
    trees: int = 300
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, features: FeatureSet, matrix: Numbers, customers: NDArray[Any], **how: Any
    ) -> "Sample":
        """Bin a matrix (rows, features) of vectors, whose rows are of `customers`."""
        return cls(features, matrix, customers, _binned(features, matrix), **how)


def settings(events: int, monotone: Sequence[int], seed: int) -> dict[str, Any]:
    """LightGBM's settings for so many events; the same ones give the same boosters.

    The target may be a share of several months: the cross-entropy of 0 and 1 is the log-loss.
    """
    return {
        "objective": "cross_entropy",
        "learning_rate": 0.03,
        "num_leaves": next((leaves for below, leaves in LEAVES if events < below), MOST_LEAVES),
        "min_child_samples": 100 if events >= 500 else 30,
        "subsample": 0.8,
        "subsample_freq": 1,
        "colsample_bytree": 0.5,
        "reg_lambda": 20.0,
        "monotone_constraints": list(monotone),
        "monotone_constraints_method": "basic",
        "seed": seed,
        **QUIET,
    }


def fitted_on(
    sample: Sample, target: Numbers, weight: Numbers, seeds: Sequence[int]
) -> tuple[lgb.Booster, ...]:
    """One booster per seed, on the rows of a weight above 0."""
    rows = np.flatnonzero(weight > 0)
    return tuple(_together(_fitting(sample, target, weight, rows), seeds, sample.threads))


def cross_margins(
    sample: Sample, target: Numbers, weight: Numbers, seeds: Sequence[int]
) -> Numbers:
    """Margins for every row from boosters that never saw its customer."""
    folds = customer_folds(sample.customers, FOLDS)

    def one(fold: int) -> Numbers:
        rows = np.flatnonzero((folds != fold) & (weight > 0))
        held, fit = sample.matrix[folds == fold], _fitting(sample, target, weight, rows)
        raw = [fit(seed).predict(held, raw_score=True, num_threads=1) for seed in seeds]
        return np.asarray(np.mean(raw, axis=0))

    margins = np.empty(len(target))
    for fold, told in enumerate(_together(one, range(FOLDS), sample.threads)):
        margins[folds == fold] = told
    return margins


def _fitting(
    sample: Sample, target: Numbers, weight: Numbers, rows: NDArray[np.intp]
) -> Callable[[int], lgb.Booster]:
    events = int((target * weight)[rows].sum())

    def one(seed: int) -> lgb.Booster:
        part = sample.binned.subset(rows.tolist()).construct()
        part.set_label(target[rows])
        if (weight[rows] != 1).any():
            part.set_weight(weight[rows])
        how = settings(events, sample.features.monotone, seed) | dict(sample.more)
        return lgb.train(how, part, num_boost_round=sample.trees)

    return one


def fitted(
    features: FeatureSet,
    matrix: Numbers,
    churned: Numbers,
    seeds: Sequence[int],
    **how: Any,
) -> tuple[lgb.Booster, ...]:
    """One booster per seed for a target of 0 and 1; `how` is as for `Sample`."""
    sample = Sample.of(features, matrix, np.arange(len(matrix)), **how)
    return fitted_on(sample, churned, np.ones(len(churned)), seeds)


def cross_fitted(
    features: FeatureSet,
    matrix: Numbers,
    churned: Numbers,
    customers: NDArray[Any],
    seeds: Sequence[int],
    **how: Any,
) -> Numbers:
    """Margins for every row from boosters that never saw its customer, of 0 and 1."""
    sample = Sample.of(features, matrix, customers, **how)
    return cross_margins(sample, churned, np.ones(len(churned)), seeds)


def _together(one: Callable[[int], Made], many: Iterable[int], threads: int) -> list[Made]:
    """What is made of each, in their order, some at a time; LightGBM lets go of Python's lock."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, many))


def customer_folds(customers: NDArray[Any], folds: int) -> NDArray[np.int64]:
    """Each row's fold; a customer's rows are always in one, whatever order they come in."""
    names, place = np.unique(customers, return_inverse=True)
    drawn = np.random.default_rng(0).permutation(len(names)) % folds
    return np.asarray(drawn[place])


def gain_shares(boosters: Sequence[lgb.Booster], names: Sequence[str]) -> Mapping[str, float]:
    """Each feature's share of all gain, averaged over boosters."""
    gains = np.mean([b.feature_importance("gain") for b in boosters], axis=0)
    return dict(zip(names, (gains / max(gains.sum(), 1e-12)).tolist(), strict=True))


def _binned(features: FeatureSet, matrix: Numbers) -> lgb.Dataset:
    names = features.names
    made = lgb.Dataset(
        matrix,
        np.zeros(len(matrix)),
        feature_name=names,
        categorical_feature=[names.index(name) for name in features.categorical],
        params={**QUIET, "feature_pre_filter": False},
        free_raw_data=True,
    )
    return made.construct()
