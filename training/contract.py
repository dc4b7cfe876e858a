"""The contract between vectors and a model: which columns it reads, in which form and words."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.errors import ContractError
from features.featureset import FeatureSet

if TYPE_CHECKING:  # a model is loaded and served without pandas
    import pandas as pd

    from training.stored import Rows

Numbers: TypeAlias = NDArray[np.float64]
Vectors: TypeAlias = "Mapping[str, Any] | pd.DataFrame"
Categories: TypeAlias = Mapping[str, tuple[str, ...]]


def matrix_of(vectors: Vectors, names: Sequence[str], categories: Categories) -> Numbers:
    """The columns `names` as boosters take them: (rows, features); an unseen category is missing.

    Raises:
        ContractError: A column is missing, or holds words where numbers belong.
    """
    return np.column_stack([*columns_of(vectors, names, categories).values()])


def columns_of(
    vectors: Vectors, names: Sequence[str], categories: Categories
) -> dict[str, Numbers]:
    """The same, each column by its name; numbers are not copied. Errors as for `matrix_of`."""
    if absent := [name for name in names if name not in vectors]:
        raise ContractError(f"The vectors have no column {', '.join(absent)}.")
    return {name: _column(name, vectors[name], categories) for name in names}


def _column(name: str, values: Any, categories: Categories) -> Numbers:
    if name in categories:
        codes = {word: float(i) for i, word in enumerate(categories[name])}
        return np.array([codes.get(word, np.nan) for word in values], dtype=np.float64)
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ContractError(f"The column {name!r} holds something that is no number.") from error


def category_words(vectors: "Rows", names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The words of each categorical column, in alphabetical order."""
    return {n: tuple(sorted(map(str, vectors[n].dropna().unique()))) for n in names}


def agreed(declared: FeatureSet, trained: Mapping[str, str]) -> FeatureSet:
    """The declared features that a model was trained on, in its order.

    Raises:
        ContractError: One is declared otherwise than when the model was trained.
    """
    now = declared.contract
    for name, was in trained.items():
        if (said := now.get(name, "nothing")) != was:
            raise ContractError(
                f"The model was trained on {name} = {was!r}, but this code declares {said!r}. "
                "Retrain it, or deploy the code it was trained with."
            )
    return FeatureSet(declared.name, tuple(declared[name] for name in trained))
