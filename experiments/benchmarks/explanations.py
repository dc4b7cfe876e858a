"""Exact reasons beside their peers: `python -m experiments.benchmarks.explanations`.

Ways that are compared run in turn, each on one thread and by the processor's seconds a row.
"""

import sys
from collections.abc import Callable, Iterator
from statistics import median
from time import process_time
from warnings import simplefilter

import lightgbm as lgb
import numpy as np
import pandas as pd

from experiments.benchmarks.goals import Goal, at_least, at_most, line
from experiments.benchmarks.shapes import Numbers, Shape, boosters, vectors
from training.treeshap.bench import Forest
from training.treeshap.explain import by_kernel
from training.treeshap.forest import forest_of

Work = Callable[[], object]
ROWS, FEW = 4_096, 256  # for the kernel, and for peers that take so much longer
MANY = 65_536  # for a peer that prepares itself anew for each call
FASTER = ((Shape(100, 15), 25.0), (Shape(100, 31), 25.0), (Shape(100, 63), 10.0))


def rows(rounds: int = 3) -> Iterator[Goal]:
    """Every goal of this module."""
    yield from exact_reasons(rounds)
    yield score_and_reasons(rounds)


def exact_reasons(rounds: int = 3) -> Iterator[Goal]:
    """How much faster than each peer that is installed, and how far from LightGBM's own."""
    matrix, many, errors = vectors(ROWS, 1), vectors(MANY, 1), []
    for shape, bound in FASTER:
        [[booster]] = boosters(shape)
        forest = forest_of([[booster.model_to_string()]])
        kernel = _a_row(lambda f=forest: by_kernel(f, matrix, threads=1), ROWS)  # type: ignore[misc]
        for name, other in peers(booster, matrix[:FEW]).items():
            found, how = _in_turn(_a_row(other, FEW), kernel, rounds)
            yield at_least(f"{name} through the kernel, {shape}", found, bound, how)
        for other in by_woodelf(booster, many):
            found, how = _in_turn(_a_row(other, MANY), kernel, rounds)
            yield at_least(f"woodelf-explainer through the kernel, {shape}", found, 1, how)
        errors.append(_error(forest, booster, matrix[:FEW]))
    how = "log-odds, over the three shapes, beside LightGBM's pred_contrib"
    yield at_most("largest error of a contribution", max(errors), 1e-5, how)


def score_and_reasons(rounds: int = 3) -> Goal:
    """What score and reasons of the kernel cost beside LightGBM's score alone."""
    shape, matrix = FASTER[0][0], vectors(ROWS, 1)
    [[booster]] = boosters(shape)
    forest = forest_of([[booster.model_to_string()]])
    alone = _a_row(lambda: booster.predict(matrix, num_threads=1), ROWS)
    both = _a_row(lambda: by_kernel(forest, matrix, threads=1), ROWS)
    found, how = _in_turn(both, alone, rounds)
    return at_most(f"score and reasons through predict alone, {shape}", found, 1.5, how)


def peers(booster: lgb.Booster, matrix: Numbers) -> dict[str, Work]:
    """Others that tell exact contributions; those that are not installed are left out."""
    ways: dict[str, Work] = {
        "pred_contrib": lambda: booster.predict(matrix, pred_contrib=True, num_threads=1)
    }
    try:
        import shap
    except ImportError:
        return ways
    simplefilter("ignore", UserWarning)  # shap says that it tells both classes now
    explainer = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent")
    return ways | {"shap.TreeExplainer": lambda: explainer.shap_values(matrix)}


def by_woodelf(booster: lgb.Booster, matrix: Numbers) -> Iterator[Work]:
    """woodelf-explainer, if it is installed."""
    try:
        from woodelf import WoodelfExplainer
    except ImportError:
        return
    explainer = WoodelfExplainer(booster, feature_perturbation="tree_path_dependent")
    frame = pd.DataFrame(matrix, columns=booster.feature_name())
    yield lambda: explainer.shap_values(frame, verbose=False)


def _error(forest: Forest, booster: lgb.Booster, matrix: Numbers) -> float:
    oracle = np.asarray(booster.predict(matrix, pred_contrib=True, num_threads=1))
    return float(np.abs(by_kernel(forest, matrix).contributions[0] - oracle[:, :-1]).max())


def _a_row(work: Work, many: int) -> Callable[[], float]:
    def measured() -> float:
        begun = process_time()
        work()
        return (process_time() - begun) / many

    return measured


def _in_turn(
    one: Callable[[], float], other: Callable[[], float], rounds: int
) -> tuple[float, str]:
    """The median of one over the other after a warm-up, and how far the rounds lie apart."""
    one(), other()
    found = [one() / other() for _ in range(rounds)]
    spread = f"{min(found):.3g} to {max(found):.3g} in {rounds} rounds taken in turn"
    return median(found), f"processor seconds a row, {spread}"


if __name__ == "__main__":
    for goal in rows():
        sys.stdout.write(line(goal))
