"""Made-up boosters and vectors of any size: what they cost depends on their shape alone."""

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
FEATURES = 60


@dataclass(frozen=True)
class Shape:
    """So many trees of so many leaves, in each of some boosters, averaged by part."""

    trees: int
    leaves: int
    parts: int = 1
    boosters: int = 1

    def __str__(self) -> str:
        many = self.parts * self.boosters
        return f"{self.trees * many:,} trees of {self.leaves} leaves"


def vectors(rows: int, seed: int) -> Numbers:
    """Made-up vectors: one value in twenty is missing."""
    draw = np.random.default_rng(seed)
    matrix = draw.normal(size=(rows, FEATURES))
    matrix[draw.random(matrix.shape) < 0.05] = np.nan
    return matrix


def boosters(shape: Shape) -> list[list[lgb.Booster]]:
    """Boosters of a shape, each grown with a seed of its own."""
    return [
        [_grown(shape, part * shape.boosters + k) for k in range(shape.boosters)]
        for part in range(shape.parts)
    ]


def texts(shape: Shape) -> list[list[str]]:
    """The same as LightGBM writes them."""
    return [[each.model_to_string() for each in part] for part in boosters(shape)]


def _grown(shape: Shape, seed: int) -> lgb.Booster:
    matrix = vectors(max(400 * shape.leaves, 4_000), 100 + seed)
    known = np.nan_to_num(matrix)
    odds = known[:, :10].sum(axis=1) / 2 + known[:, 0] * known[:, 1] - 2
    left = np.random.default_rng(seed).random(len(odds)) < 1 / (1 + np.exp(-odds))
    how = {"objective": "binary", "num_leaves": shape.leaves, "learning_rate": 0.05}
    how |= {"num_threads": 1, "verbosity": -1, "feature_fraction": 0.5, "seed": seed}
    return lgb.train(how, lgb.Dataset(matrix, left.astype(float)), shape.trees)
