"""Bands: from which probability on a customer is a matter of medium, high or critical urgency."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.schemas import Band

# A customer of the base rate is medium; one of twice and four times its odds high and critical.
# Odds, since no multiple of them reaches 1.
TIMES = (1.0, 2.0, 4.0)
USUAL_BASE_RATE = 0.05
HIGHEST_BASE_RATE = 0.99
RISING = (Band.LOW, Band.MEDIUM, Band.HIGH, Band.CRITICAL)


def limits_of(about: Mapping[str, Any], given: Sequence[float] | None = None) -> tuple[float, ...]:
    """Where medium, high and critical begin: as given, or by the model's own base rate."""
    if given:
        return tuple(given)
    base = min(float(about.get("base_rate") or USUAL_BASE_RATE), HIGHEST_BASE_RATE)
    odds = base / (1 - base)
    return tuple(times * odds / (1 + times * odds) for times in TIMES)


def band_of(probability: float | None, limits: Sequence[float]) -> Band:
    """The band of a probability; None is of too little data to have one."""
    if probability is None:
        return Band.INSUFFICIENT_DATA
    return RISING[bisect_right(limits, probability)]


def bands_of(probabilities: NDArray[np.float64], limits: Sequence[float]) -> NDArray[np.int64]:
    """The bands of many probabilities: places in RISING; none is missing."""
    return np.searchsorted(np.asarray(limits), probabilities, side="right")
