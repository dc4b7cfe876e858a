"""Fit small, regularised, monotone trees, averaged over seeds."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from features.featureset import FeatureSet

Numbers = NDArray[np.float64]
FOLDS = 5
# Leaves by churned snapshots: small trees hold back what few events cannot support.
LEAVES = ((300, 4), (2_000, 7), (20_000, 15))
MOST_LEAVES = 31


def settings(churned: int, monotone: Sequence[int], seed: int, threads: int) -> dict[str, Any]:
    """LightGBM's settings for so many churned snapshots; the same ones give the same boosters."""
    return {
        "objective": "binary",
        "learning_rate": 0.03,
        "num_leaves": next((leaves for below, leaves in LEAVES if churned < below), MOST_LEAVES),
        "min_child_samples": 100 if churned >= 500 else 30,
        "subsample": 0.8,
        "subsample_freq": 1,
        "colsample_bytree": 0.5,
        "reg_lambda": 20.0,
        "monotone_constraints": list(monotone),
        "monotone_constraints_method": "basic",
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "seed": seed,
        "verbosity": -1,
    }


def fitted(
    features: FeatureSet,
    matrix: Numbers,
    churned: Numbers,
    seeds: Sequence[int],
    threads: int = 1,
    trees: int = 300,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[lgb.Booster, ...]:
    """One booster per seed, on the same rows; `more` replaces some of the settings."""
    data = _dataset(features, matrix, churned)
    boosters = []
    for seed in seeds:
        how = settings(int(churned.sum()), features.monotone, seed, threads)
        boosters.append(lgb.train(how | dict(more), data, num_boost_round=trees))
    return tuple(boosters)


def cross_fitted(
    features: FeatureSet,
    matrix: Numbers,
    churned: Numbers,
    customers: NDArray[Any],
    **how: Any,
) -> Numbers:
    """Margins for every row from boosters that never saw its customer."""
    folds = customer_folds(customers, FOLDS)
    margins = np.empty(len(churned))
    for fold in range(FOLDS):
        held = folds == fold
        boosters = fitted(features, matrix[~held], churned[~held], **how)
        raw = [np.asarray(b.predict(matrix[held], raw_score=True)) for b in boosters]
        margins[held] = np.mean(raw, axis=0)
    return margins


def customer_folds(customers: NDArray[Any], folds: int) -> NDArray[np.int64]:
    """Each row's fold; a customer's rows are always in one, whatever order they come in."""
    names, place = np.unique(customers, return_inverse=True)
    drawn = np.random.default_rng(0).permutation(len(names)) % folds
    return np.asarray(drawn[place])


def gain_shares(boosters: Sequence[lgb.Booster], names: Sequence[str]) -> Mapping[str, float]:
    """Each feature's share of all gain, averaged over boosters."""
    gains = np.mean([b.feature_importance("gain") for b in boosters], axis=0)
    return dict(zip(names, (gains / max(gains.sum(), 1e-12)).tolist(), strict=True))


def _dataset(features: FeatureSet, matrix: Numbers, churned: Numbers) -> lgb.Dataset:
    names = features.names
    return lgb.Dataset(
        matrix,
        churned,
        feature_name=names,
        categorical_feature=[names.index(name) for name in features.categorical],
        params={"verbosity": -1, "deterministic": True, "force_row_wise": True},
        free_raw_data=False,
    )
