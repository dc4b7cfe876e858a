"""Measure what training costs: `python -m experiments.benchmarks.training [--rows N]`.

The product's fitting of an ensemble and of what calibrates it is held against LightGBM itself,
called anew for each booster with the same settings, rows and trees, and its own draw of rows for
each tree. Both are taken in turn, on one thread and by the processor's seconds, binning included.
`experiments.benchmarks.out_of_core` trains on more than memory holds. Vectors are made up.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss, roc_auc_score

from experiments.benchmarks.goals import Goal, at_most, line
from features.catalogue import CHURN
from training.binned import QUIET
from training.calibrate import fit_platt
from training.fit import FOLDS, Numbers, Sample, cross_margins, customer_folds, fitted_on, settings
from training.train import Plan

PLAN = Plan  # its defaults: so many seeds, and trees
HELD_OUT, WORDS, GAPS, A_CUSTOMER = 1 / 3, 6, 0.05, 12
A_TREE = {"subsample": 0.8, "subsample_freq": 1}  # how LightGBM itself draws rows
CATEGORICAL = [CHURN.names.index(name) for name in CHURN.categorical]


@dataclass(frozen=True)
class Made:
    """Made-up vectors to fit on and to judge by, and who churned; `customers` are of the first."""

    fit: Numbers
    churned: Numbers
    customers: NDArray[np.int64]
    held: Numbers
    held_churned: Numbers


@dataclass(frozen=True)
class Fitted:
    """What a way of fitting takes in seconds of the processor, and says of what was held out."""

    seconds: float
    chance: Numbers

    def judged(self, made: Made) -> tuple[float, float]:
        """AUC and log-loss."""
        auc = float(roc_auc_score(made.held_churned, self.chance))
        return auc, float(log_loss(made.held_churned, self.chance))


def rows(rounds: int = 3, snapshots: int = 60_000, trees: int = PLAN.trees) -> Iterator[Goal]:
    """The product's fitting against LightGBM's: the time, and what it loses."""
    made = made_up(snapshots)
    found = [(ours(made, trees), plain(made, trees)) for _ in range(rounds)]
    ratios = [one.seconds / other.seconds for one, other in found]
    boosters = len(PLAN.seeds) + FOLDS * len(PLAN.cross_seeds)
    told = (
        f"{len(made.fit):,} snapshots of {len(CHURN.names)} features, {boosters} boosters of "
        f"{trees} trees, processor seconds, {min(ratios):.3g} to {max(ratios):.3g} in {rounds} "
        "rounds taken in turn"
    )
    (auc, loss), (plain_auc, plain_loss) = (each.judged(made) for each in found[0])
    yield at_most("training, against LightGBM for each booster", median(ratios), 0.85, told)
    yield at_most("what it loses of the AUC", plain_auc - auc, 0.001, told)
    yield at_most("what it adds to the log-loss", loss - plain_loss, 0.001, told)


def made_up(snapshots: int, seed: int = 0) -> Made:
    """Counts with gaps and some words; who churned, by eight of them and an interaction."""
    matrix, churned = vectors(np.random.default_rng(seed), snapshots)
    held = int(snapshots * HELD_OUT)
    customers = np.arange(snapshots - held) // A_CUSTOMER
    return Made(matrix[held:], churned[held:], customers, matrix[:held], churned[:held])


def vectors(draw: np.random.Generator, snapshots: int) -> tuple[Numbers, Numbers]:
    """A matrix of vectors as boosters take them, and who churned."""
    matrix = draw.standard_gamma(2.0, (snapshots, len(CHURN.names))) * 10
    np.round(matrix, out=matrix)
    matrix[draw.random(matrix.shape, dtype=np.float32) < GAPS] = np.nan
    for place in CATEGORICAL:
        matrix[:, place] = draw.integers(0, WORDS, snapshots)
    told = [i for i in range(len(CHURN.names)) if i not in CATEGORICAL][:10]
    known = np.nan_to_num(matrix[:, told])
    margin = -2.5 + (known[:, :8] - 20) @ np.linspace(-0.06, 0.06, 8)
    margin += 0.6 * (known[:, 8] > 25) * (known[:, 9] < 15)
    return matrix, (draw.random(snapshots) < 1 / (1 + np.exp(-margin))).astype(np.float64)


def ours(made: Made, trees: int) -> Fitted:
    """The product's own way: binned once, cross-fitted, fitted, calibrated."""
    start, all_of_them = process_time(), np.ones(len(made.fit))
    sample = Sample.of_matrix(CHURN, made.fit, made.customers, trees=trees)
    crossed = cross_margins(sample, made.churned, all_of_them, PLAN.cross_seeds)
    boosters = fitted_on(sample, made.churned, all_of_them, PLAN.seeds)
    return _ended(start, crossed, boosters, made)


def plain(made: Made, trees: int) -> Fitted:
    """The same by LightGBM itself, which bins for each booster and draws for each tree."""
    start, every = process_time(), np.arange(len(made.fit))
    folds = customer_folds(made.customers, FOLDS)
    crossed = np.empty(len(made.fit))
    for fold in range(FOLDS):
        rest, inside = every[folds != fold], folds == fold
        fold_boosters = [_trained(made, rest, seed, trees) for seed in PLAN.cross_seeds]
        crossed[inside] = _margin(fold_boosters, made.fit[inside])
    boosters = tuple(_trained(made, every, seed, trees) for seed in PLAN.seeds)
    return _ended(start, crossed, boosters, made)


def _trained(made: Made, rows: Any, seed: int, trees: int) -> lgb.Booster:
    chosen = settings(int(made.churned[rows].sum()), CHURN.monotone, seed)
    own = {name: value for name, value in chosen.items() if name not in QUIET}
    data = lgb.Dataset(made.fit[rows], made.churned[rows], categorical_feature=CATEGORICAL)
    return lgb.train(own | A_TREE | {"verbosity": -1, "num_threads": 1}, data, trees)


def _margin(boosters: Any, matrix: Numbers) -> Numbers:
    told = [each.predict(matrix, raw_score=True, num_threads=1) for each in boosters]
    return np.asarray(np.mean(told, axis=0))


def _ended(start: float, crossed: Numbers, boosters: Any, made: Made) -> Fitted:
    line_ = fit_platt(crossed, made.churned)
    seconds = process_time() - start
    return Fitted(seconds, line_.probability(_margin(boosters, made.held)))


def main(arguments: list[str] | None = None) -> None:
    """Measure and print one line a goal."""
    parser = argparse.ArgumentParser(prog="experiments.benchmarks.training", description=__doc__)
    parser.add_argument("--rows", type=int, default=60_000, help="snapshots to train and judge on")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is taken")
    parser.add_argument("--trees", type=int, default=PLAN.trees, help="of each booster")
    asked = parser.parse_args(arguments)
    for goal in rows(asked.rounds, asked.rows, asked.trees):
        sys.stdout.write(line(goal))


if __name__ == "__main__":
    main()
