"""The arrays the demo is made of, and the ways to draw and join them."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Texts: TypeAlias = NDArray[np.str_]
Moments: TypeAlias = NDArray[np.datetime64]
Days: TypeAlias = Floats | Ints  # days after the first observed one, with or without a fraction
Columns: TypeAlias = dict[str, NDArray[Any]]

NEVER = 10**6  # a day that does not come


def pick(rng: np.random.Generator, shares: Floats) -> Ints:
    """The number of one option a row, drawn with the row's probabilities."""
    beyond = rng.random(len(shares))[:, None] > shares.cumsum(axis=1)[:, :-1]
    return np.asarray(beyond.sum(axis=1), dtype=np.int64)


def happens(rng: np.random.Generator, log_odds: Floats) -> Flags:
    """Whether each happens, from the log of its odds."""
    return np.asarray(rng.random(len(log_odds)) < 1 / (1 + np.exp(-log_odds)))


def where_told(told: Flags, values: Texts) -> NDArray[Any]:
    """Values where there is something to tell, else nothing."""
    texts = values.astype(object)
    texts[~told] = None
    return texts


def joined(first: Columns, second: Columns) -> Columns:
    """The columns of both, one under the other."""
    return {name: np.concatenate([first[name], second[name]]) for name in first}
