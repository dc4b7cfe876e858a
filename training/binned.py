"""Vectors binned once, as LightGBM fits on them, for all targets that are learnt from them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from features.featureset import FeatureSet
from training.matrix import BLOCK, Columns, Numbers, Page, Pages, Vectors

# By columns and by rows LightGBM adds up the same numbers in the same order on one thread: the same
# trees. By columns it keeps one copy of the bins instead of two, and is faster on one thread.
QUIET: Mapping[str, Any] = MappingProxyType(
    {"verbosity": -1, "deterministic": True, "force_col_wise": True, "num_threads": 1}
)


class _Read(lgb.Sequence):
    """A file as LightGBM asks for it: a row of the sample that bins are cut by, or a batch."""

    batch_size = BLOCK

    def __init__(self, page: Page) -> None:
        self._page = page

    def __len__(self) -> int:
        return len(self._page)

    def __getitem__(self, asked: int | slice) -> Numbers:  # type: ignore[override]
        if isinstance(asked, slice):
            return self._page.block(asked.start // BLOCK)
        return np.asarray(self._page.last(asked // BLOCK)[asked % BLOCK])


def binned(features: FeatureSet, vectors: Vectors) -> lgb.Dataset:
    """The vectors in bins of one byte; the same ones from memory and from disk."""
    names = features.names
    made = lgb.Dataset(
        _data(vectors),
        np.zeros(len(vectors)),
        feature_name=names,
        categorical_feature=[names.index(name) for name in features.categorical],
        params={**QUIET, "feature_pre_filter": False},
        free_raw_data=True,
    )
    return made.construct()


def _data(vectors: Vectors) -> Any:
    match vectors:
        case Columns(table=table):
            return table
        case Pages():
            return [_Read(page) for page in vectors.each()]
        case _:
            return np.concatenate(list(vectors.blocks()))


def some_of(
    whole: lgb.Dataset, rows: NDArray[np.intp], target: Numbers, weight: Numbers
) -> lgb.Dataset:
    """Some rows of what was binned, with what is learnt from them."""
    part = whole.subset([])
    part.used_indices = rows.astype(np.int32)  # type: ignore[assignment] # a list takes ten times
    part.construct()
    part.set_label(target[rows])
    if (weight[rows] != 1).any():
        part.set_weight(weight[rows])
    return part
