"""What boosters say of rows, and why: by the compiled kernel, or else by LightGBM itself."""

import logging
import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from training.treeshap.cost import additions, walked
from training.treeshap.trees import Floats

if TYPE_CHECKING:  # numba is optional
    from training.treeshap.bench import Forest

log = logging.getLogger(__name__)
FEW = 200  # rows: for fewer, making the tables costs more than they save
SPAN = 2_048  # rows worth a thread


class Booster(Protocol):
    """As much of a LightGBM booster as is needed here."""

    def model_to_string(self) -> str:
        """Its text."""

    def predict(self, data: Any, **how: Any) -> Any:
        """Its margins or contributions."""


@dataclass(frozen=True)
class Explained:
    """What parts of a model say of rows, each the mean of its boosters, in log-odds.

    `margins` (parts, rows) = `typical` (parts) + the sum of `contributions` (parts, rows,
    features).
    """

    margins: Floats
    contributions: Floats
    typical: Floats


@dataclass(frozen=True)
class Explainer:
    """Exact TreeSHAP, by path, of the means of some boosters: one part for each mean.

    The kernel and LightGBM differ by rounding alone: less than 1e-9 in log-odds. Of no boosters
    nothing contributes. `players` gives each feature's player where several make up one (a theme):
    contributions are then the players' Shapley values, which the kernel alone tells.
    """

    parts: Sequence[Sequence[Booster]]
    players: Sequence[int] = ()

    @cached_property
    def forest(self) -> "Forest | None":
        """The kernel's tables, made once; None without numba, or for boosters it does not read."""
        try:
            from training.treeshap.forest import forest_of
        except ImportError:
            log.info("contributions come from LightGBM itself: numba is not installed")
            return None
        try:
            texts = [[each.model_to_string() for each in part] for part in self.parts]
            return forest_of(texts, self.players or None)
        except ValueError as unread:
            log.warning("contributions come from LightGBM itself: %s", unread)
            return None

    @cached_property
    def cost(self) -> float:
        """What a row costs, in additions (see `cost`); NaN of boosters that are not read."""
        if self.forest is not None:
            return additions(self.forest)
        try:
            return walked([each.model_to_string() for part in self.parts for each in part])
        except ValueError:
            return math.nan

    def explained(self, matrix: Floats) -> Explained:
        """Margins and contributions of (rows, features).

        Raises:
            ValueError: Players of several features are asked for, and there is no kernel.
        """
        made = "forest" in self.__dict__ or bool(self.players)
        few = not made and len(matrix) < FEW
        if self.players and self.forest is None:
            raise ValueError("Without the kernel nobody tells what several features contribute.")
        if few or not all(self.parts) or self.forest is None:
            return _by_lightgbm(self.parts, matrix)
        return by_kernel(self.forest, matrix)


def by_kernel(forest: "Forest", matrix: Floats, threads: int = 0) -> Explained:
    """The same by the kernel; 0 threads are as many as there are processors."""
    from training.treeshap.walk import walk

    rows = np.ascontiguousarray(matrix, np.float64)
    margins = np.empty((len(forest.typical), len(rows)))
    told = np.empty((len(forest.typical), len(rows), forest.players))
    most = threads or len(os.sched_getaffinity(0))
    spans = max(min(most, len(rows) // SPAN), 1)
    bounds = [len(rows) * k // spans for k in range(spans + 1)]

    def one(begin: int, end: int) -> None:
        walk(forest, rows, (begin, end), margins, told)

    if spans == 1:
        one(0, len(rows))
    else:
        with ThreadPoolExecutor(spans) as pool:
            list(pool.map(one, bounds[:-1], bounds[1:]))
    return Explained(margins, told, forest.typical)


def _by_lightgbm(parts: Sequence[Sequence[Booster]], matrix: Floats) -> Explained:
    rows, features = matrix.shape
    told = np.zeros((len(parts), rows, features + 1))
    for part, boosters in enumerate(parts if rows else ()):
        for booster in boosters:
            told[part] += _contributions(booster, matrix) / len(boosters)
    typical = told[:, 0, -1] if rows else np.zeros(len(parts))
    return Explained(told.sum(axis=2), told[:, :, :-1], typical)


def _contributions(booster: Booster, matrix: Floats) -> Floats:
    threads = 1 if len(matrix) < FEW else 0
    return np.asarray(booster.predict(matrix, pred_contrib=True, num_threads=threads))
