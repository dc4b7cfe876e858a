"""An ensemble: boosters averaged in log-odds, what they say of vectors, and where they are kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64]
Ensemble: TypeAlias = tuple[lgb.Booster, ...]
FEW = 1_000  # rows; for fewer, starting threads costs more than their trees


def margin_of(boosters: Sequence[lgb.Booster], matrix: Numbers) -> Numbers:
    """The mean log-odds of the boosters, one per row; 0 of no boosters."""
    if not boosters:
        return np.zeros(len(matrix))
    each = [_predicted(booster, matrix, raw_score=True) for booster in boosters]
    return np.asarray(np.mean(each, axis=0))


def keep(boosters: Sequence[lgb.Booster], folder: Path, number: int) -> None:
    """Write an ensemble's boosters into a folder, each as text in LightGBM's own format."""
    for place, booster in enumerate(boosters):
        booster.save_model(folder / _name(number, place))


def kept(folder: Path, number: int, size: int) -> Ensemble:
    """Read an ensemble of so many boosters; raises ValueError where one cannot be read."""
    files = [folder / _name(number, place) for place in range(size)]
    try:
        return tuple(lgb.Booster(model_file=file) for file in files)
    except lgb.basic.LightGBMError as error:
        raise ValueError(str(error)) from error


def _name(number: int, place: int) -> str:
    return f"booster_{number}_{place}.txt"


def _predicted(booster: lgb.Booster, matrix: Numbers, **how: bool) -> Numbers:
    threads = 1 if len(matrix) < FEW else 0
    return np.asarray(booster.predict(matrix, num_threads=threads, **how))
