"""Ranks: the order in which customers are looked at, by revenue at risk."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.schemas import Prediction

KEYS = ("revenue_at_risk", "days_to_renewal", "probability")
Numbers = NDArray[np.float64]
Ranks = NDArray[np.int32]


def ranks_of(revenue: Numbers, days: Numbers, chance: Numbers) -> Ranks:
    """Places from 1 by revenue at risk, days to renewal, probability; NaN is not known.

    0 where there is no probability. Of equal ones the first is before the others.
    """
    ranks, sure = np.zeros(len(chance), np.int32), np.flatnonzero(~np.isnan(chance))
    money = np.nan_to_num(revenue[sure])
    order = np.lexsort((-chance[sure], np.nan_to_num(days[sure], nan=np.inf), -money))
    ranks[sure[order]] = np.arange(1, len(sure) + 1)
    return ranks


def ranked(told: Sequence[Prediction], note: Mapping[str, Any] | None = None) -> list[Prediction]:
    """Predictions ranked among themselves; `note` is what else is said of each."""
    said = dict(note or {})
    return [
        each.model_copy(update={**said, "rank": rank or None})
        for each, rank in zip(told, _among(told), strict=True)
    ]


def _among(told: Sequence[Prediction]) -> list[int]:
    if len(told) == 1:  # whoever is asked for alone is the first, at no cost
        return [int(told[0].probability is not None)]
    keys = ([getattr(each, key) for each in told] for key in KEYS)
    ranks: list[int] = ranks_of(*(np.array(values, np.float64) for values in keys)).tolist()
    return ranks
