"""Fit small, regularised, monotone trees, averaged over seeds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from typing import Any, TypeVar

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from features.featureset import FeatureSet
from training.binned import QUIET, binned, some_of
from training.matrix import Columns, Vectors

Numbers = NDArray[np.float64]

Made = TypeVar("Made")
Asked = TypeVar("Asked")
FOLDS = 5
# Leaves by churned snapshots: small trees hold back what few events cannot support.
LEAVES = ((300, 4), (2_000, 7), (20_000, 15))
MOST_LEAVES = 31
SUBSAMPLE = 0.8  # of the rows, for each booster; their average sees nearly all


@dataclass(frozen=True)
class Sample:
    """Rows to fit on, binned once for all targets, and how: `more` replaces some settings.

    `threads` boosters are fitted at a time, each by one thread: as fast as LightGBM's own threads
    on an idle machine, and not slower on a busy one. Their number changes no booster.
    """

    features: FeatureSet
    vectors: Vectors
    customers: NDArray[Any]
    binned: lgb.Dataset
    threads: int = 1
    trees: int = 300
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, features: FeatureSet, vectors: Vectors, customers: NDArray[Any], **how: Any
    ) -> "Sample":
        """Bin the vectors, whose rows are of `customers`: names, or numbers in their order."""
        return cls(features, vectors, customers, binned(features, vectors), **how)

    @classmethod
    def of_matrix(
        cls, features: FeatureSet, matrix: Numbers, customers: NDArray[Any], **how: Any
    ) -> "Sample":
        """Bin a matrix (rows, features)."""
        columns = dict(zip(features.names, matrix.T, strict=True))
        return cls.of(features, Columns.of(columns), customers, **how)


def settings(events: int, monotone: Sequence[int], seed: int) -> dict[str, Any]:
    """LightGBM's settings for so many events; the same ones give the same boosters.

    The target may be a share of several months: the cross-entropy of 0 and 1 is the log-loss.
    """
    return {
        "objective": "cross_entropy",
        "learning_rate": 0.03,
        "num_leaves": next((leaves for below, leaves in LEAVES if events < below), MOST_LEAVES),
        "min_child_samples": 100 if events >= 500 else 30,
        "subsample": SUBSAMPLE,
        "subsample_freq": 0,  # not drawn anew for each tree, but once for a booster
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
    """One booster per seed, each on its own draw from the rows of a weight above 0."""
    fit = _fitting(sample, target, weight)
    rows = np.flatnonzero(weight > 0)
    return tuple(_together(lambda seed: fit(rows, seed), seeds, sample.threads))


def cross_margins(
    sample: Sample, target: Numbers, weight: Numbers, seeds: Sequence[int]
) -> Numbers:
    """Margins for every row from boosters that never saw its customer."""
    folds = customer_folds(sample.customers, FOLDS)
    fit = _fitting(sample, target, weight)

    def one(asked: tuple[int, int]) -> lgb.Booster:
        fold, seed = asked
        return fit(np.flatnonzero((folds != fold) & (weight > 0)), seed)

    made = _together(one, product(range(FOLDS), seeds), sample.threads)
    held = [made[fold * len(seeds) : (fold + 1) * len(seeds)] for fold in range(FOLDS)]
    return _held_out(sample, folds, held)


def _held_out(
    sample: Sample, folds: NDArray[np.int64], held: Sequence[Sequence[lgb.Booster]]
) -> Numbers:
    """Each row's mean margin over the boosters of its fold, in one reading of the vectors."""
    margins, done = np.empty(len(folds)), 0
    for block in sample.vectors.blocks():
        inside = folds[done : done + len(block)]
        places = [np.flatnonzero(inside == fold) for fold in range(FOLDS)]
        asked = zip(held, [block[place] for place in places], strict=True)
        for place, told in zip(places, _together(_mean, asked, sample.threads), strict=True):
            margins[done + place] = told
        done += len(block)
    return margins


def _mean(asked: tuple[Sequence[lgb.Booster], Numbers]) -> Numbers:
    boosters, rows = asked
    if not len(rows):
        return np.zeros(0)
    raw = [each.predict(rows, raw_score=True, num_threads=1) for each in boosters]
    return np.asarray(np.mean(raw, axis=0))


def _fitting(
    sample: Sample, target: Numbers, weight: Numbers
) -> Callable[[NDArray[np.intp], int], lgb.Booster]:
    """Fits a booster on a draw from some rows, by a seed."""

    def one(rows: NDArray[np.intp], seed: int) -> lgb.Booster:
        events = int((target * weight)[rows].sum())
        how = settings(events, sample.features.monotone, seed) | dict(sample.more)
        part = some_of(sample.binned, _drawn(rows, how["subsample"], seed), target, weight)
        return lgb.train(how, part, num_boost_round=sample.trees)

    return one


def _drawn(rows: NDArray[np.intp], share: float, seed: int) -> NDArray[np.intp]:
    """A share of the rows, drawn by the seed; all of them at a share of 1."""
    return rows[np.random.default_rng(seed).random(len(rows)) < share]


def fitted(
    features: FeatureSet,
    matrix: Numbers,
    churned: Numbers,
    seeds: Sequence[int],
    **how: Any,
) -> tuple[lgb.Booster, ...]:
    """One booster per seed for a target of 0 and 1; `how` is as for `Sample`."""
    sample = Sample.of_matrix(features, matrix, np.arange(len(matrix)), **how)
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
    sample = Sample.of_matrix(features, matrix, customers, **how)
    return cross_margins(sample, churned, np.ones(len(churned)), seeds)


def _together(one: Callable[[Asked], Made], many: Iterable[Asked], threads: int) -> list[Made]:
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
