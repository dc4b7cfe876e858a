"""Guards that ask each feature alone: what tells too much by itself was written afterwards."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.baselines import single_aucs
from training.fit import FOLDS, Numbers, customer_folds, gain_shares
from training.guarded import Guarded
from training.metrics import auc
from training.train import Trained

SINGLE_AUC, GAIN_SHARE, MISSINGNESS_AUC = 0.90, 0.35, 0.70
SINGLE, GAIN, MISSING = "single-feature probe", "gain share", "missingness probe"
PROBES = (SINGLE, GAIN, MISSING)


def probes(trained: Trained) -> tuple[Guarded, ...]:
    """The three probes of a training run."""
    return single_feature(trained), gain_share(trained), missingness(trained)


def single_feature(trained: Trained) -> Guarded:
    """No feature ranks by itself as real churn is never ranked: a field overwritten afterwards."""
    rows, features = trained.train, trained.model.features
    churned = rows["churned"].to_numpy(float)
    found = single_aucs(features, rows, churned) | _word_aucs(trained, churned)
    rule = f"no feature alone has an AUC above {SINGLE_AUC}"
    return _worst(SINGLE, {n: max(a, 1 - a) for n, a in found.items()}, rule, SINGLE_AUC)


def gain_share(trained: Trained) -> Guarded:
    """No feature carries the model by itself."""
    shares = gain_shares(trained.model.boosters, trained.model.features.names)
    return _worst(GAIN, shares, f"no feature has more than {GAIN_SHARE} of the gain", GAIN_SHARE)


def missingness(trained: Trained) -> Guarded:
    """That a value is missing does not tell who left: rows erased after the customer did."""
    rows, churned = trained.train, trained.train["churned"].to_numpy(float)
    found = missing_aucs({n: rows[n].isna() for n in trained.model.features.names}, churned)
    rule = f"no feature's being missing has an AUC above {MISSINGNESS_AUC}"
    return _worst(MISSING, found, rule, MISSINGNESS_AUC)


def missing_aucs(missing: Mapping[str, object], churned: Numbers) -> dict[str, float]:
    """How well it ranks to know only whether a feature is missing; .5 where that never varies."""
    gone = {name: np.asarray(column, float) for name, column in missing.items()}
    found = {n: auc(churned, g) for n, g in gone.items() if 0 < g.mean() < 1}
    return {name: max(value, 1 - value) for name, value in found.items()} or {"no feature": 0.5}


def _word_aucs(trained: Trained, churned: Numbers) -> dict[str, float]:
    """AUC of each categorical feature alone: churn rates of its words among other customers."""
    rows = trained.train
    folds = customer_folds(rows.index.get_level_values("customer_id").to_numpy(), FOLDS)
    words = {name: rows[name].astype(str).to_numpy() for name in trained.model.features.categorical}
    return {name: auc(churned, _rates(words[name], churned, folds)) for name in words}


def _rates(words: NDArray[Any], churned: Numbers, folds: NDArray[Any]) -> Numbers:
    names, place = np.unique(words, return_inverse=True)
    told = np.empty(len(words))
    for fold in np.unique(folds):
        others = folds != fold
        lost = np.bincount(place[others], churned[others], len(names))
        count = np.bincount(place[others], minlength=len(names))
        # One customer's worth of the base rate: a word that few have says little.
        told[~others] = ((lost + churned.mean()) / (count + 1))[place[~others]]
    return told


def _worst(name: str, figures: Mapping[str, float], rule: str, limit: float) -> Guarded:
    subject = max(figures, key=lambda n: figures[n])
    return Guarded(name, subject, figures[subject], rule, figures[subject] > limit)
