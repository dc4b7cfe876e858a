"""Fit small, regularised, monotone trees, averaged over seeds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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


def settings(churned: int, monotone: Sequence[int], seed: int) -> dict[str, Any]:
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
        "num_threads": 1,
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
    """One booster per seed, on the same rows; `more` replaces some of the settings.

    `threads` boosters are fitted at a time, each by one thread: as fast as LightGBM's own threads
    on an idle machine, and not slower on a busy one. Their number changes no booster.
    """

    def one(seed: int) -> lgb.Booster:
        how = settings(int(churned.sum()), features.monotone, seed) | dict(more)
        return lgb.train(how, _dataset(features, matrix, churned), num_boost_round=trees)

    return tuple(_together(one, seeds, threads))


def cross_fitted(
    features: FeatureSet,
    matrix: Numbers,
    churned: Numbers,
    customers: NDArray[Any],
    threads: int = 1,
    **how: Any,
) -> Numbers:
    """Margins for every row from boosters that never saw its customer; `how` is as for `fitted`."""
    folds = customer_folds(customers, FOLDS)

    def one(fold: int) -> Numbers:
        held = folds == fold
        boosters = fitted(features, matrix[~held], churned[~held], **how)
        raw = [np.asarray(b.predict(matrix[held], raw_score=True, num_threads=1)) for b in boosters]
        return np.asarray(np.mean(raw, axis=0))

    margins = np.empty(len(churned))
    for fold, told in enumerate(_together(one, range(FOLDS), threads)):
        margins[folds == fold] = told
    return margins


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


def _dataset(features: FeatureSet, matrix: Numbers, churned: Numbers) -> lgb.Dataset:
    names = features.names
    return lgb.Dataset(
        matrix,
        churned,
        feature_name=names,
        categorical_feature=[names.index(name) for name in features.categorical],
        params={"verbosity": -1, "deterministic": True, "force_row_wise": True, "num_threads": 1},
        free_raw_data=False,
    )
