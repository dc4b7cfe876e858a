"""Measure what training costs: `python -m experiments.benchmarks.training [--rows N]`.

Ways that are compared run in turn, on one thread and by the processor's seconds, binning included;
vectors are made up. Quantised gradients are measured, and not used: see docs/decisions.md.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from statistics import median
from time import process_time
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss, roc_auc_score

from experiments.benchmarks.goals import Goal, at_most, line
from training.fit import QUIET, settings

Numbers = NDArray[np.float64]
FEATURES, TREES, HELD_OUT = 60, 150, 1 / 3
QUANTISED: Mapping[str, Any] = {
    "use_quantized_grad": True,
    "quant_train_renew_leaf": True,
    "subsample_freq": 0,  # with it LightGBM 4.7 ends with "Check failed: left_count > 0"
}


def rows(rounds: int = 3, snapshots: int = 120_000) -> Iterator[Goal]:
    """Quantised gradients against training as it is: the time, and what they lose."""
    matrix, churned = _made(snapshots)
    found = [[_trained(matrix, churned, how) for how in (QUANTISED, {})] for _ in range(rounds)]
    ratio = median(one[0] / other[0] for one, other in found)
    told = f"{snapshots:,} snapshots of {FEATURES} features, {TREES} trees, {rounds} rounds in turn"
    (_, auc, loss), (_, plain_auc, plain_loss) = found[0]
    yield at_most("training with quantised gradients, against training as it is", ratio, 0.85, told)
    yield at_most("what quantised gradients lose of the AUC", plain_auc - auc, 0.001, told)
    yield at_most("what they add to the log-loss", loss - plain_loss, 0.001, told)


def _made(snapshots: int) -> tuple[Numbers, Numbers]:
    """Counts with gaps, and who churned: by eight of them and an interaction."""
    draw = np.random.default_rng(0)
    matrix = draw.gamma(2.0, 10.0, (snapshots, FEATURES)).round()
    matrix[draw.random(matrix.shape) < 0.05] = np.nan
    known = np.nan_to_num(matrix)
    margin = -2.5 + (known[:, :8] - 20) @ draw.normal(0, 0.04, 8)
    margin += 0.6 * (known[:, 9] > 25) * (known[:, 10] < 15)
    return matrix, (draw.random(snapshots) < 1 / (1 + np.exp(-margin))).astype(np.float64)


def _trained(
    matrix: Numbers, churned: Numbers, more: Mapping[str, Any]
) -> tuple[float, float, float]:
    """Seconds to bin and fit, and the AUC and log-loss of what was held out."""
    held = int(len(matrix) * HELD_OUT)
    start = process_time()
    binned = lgb.Dataset(matrix[held:], churned[held:], params=dict(QUIET))
    how = settings(int(churned[held:].sum()), [0] * FEATURES, 1) | dict(more)
    booster = lgb.train(how, binned, TREES)
    seconds = process_time() - start
    chance = booster.predict(matrix[:held], num_threads=1)
    auc = float(roc_auc_score(churned[:held], chance))
    return seconds, auc, float(log_loss(churned[:held], chance))


def main(arguments: list[str] | None = None) -> None:
    """Measure and print one line a goal."""
    parser = argparse.ArgumentParser(prog="experiments.benchmarks.training", description=__doc__)
    parser.add_argument("--rows", type=int, default=120_000, help="snapshots to train and judge on")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is taken")
    asked = parser.parse_args(arguments)
    for goal in rows(asked.rounds, asked.rows):
        sys.stdout.write(line(goal))


if __name__ == "__main__":
    main()
