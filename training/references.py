"""References: how each feature is spread among customers, overall and by segment.

They are what a customer's peers look like (for the words) and what drift is measured against.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # a model is loaded and served without pandas
    import pandas as pd
    from numpy.typing import NDArray

    from training.stored import Rows

LEVELS = tuple(round(level / 20, 2) for level in range(21))
FEWEST = 30
EVERYONE = ""


@dataclass(frozen=True)
class References:
    """Quantiles (at `LEVELS`) by segment and feature; the segment '' is every customer."""

    quantiles: Mapping[str, Mapping[str, Sequence[float]]]

    def median(self, feature: str, segment: str = EVERYONE) -> float:
        """The middle value among a segment's customers; among all where the segment is unknown."""
        return self.quantile(feature, 0.5, segment)

    def quantile(self, feature: str, level: float, segment: str = EVERYONE) -> float:
        """The value that a share of the customers is below; the level is one of LEVELS."""
        spread = self.quantiles.get(segment, self.quantiles.get(EVERYONE, {}))
        return spread[feature][LEVELS.index(level)] if feature in spread else float("nan")

    def said(self) -> dict[str, Any]:
        """As JSON."""
        return {s: {n: list(q) for n, q in spread.items()} for s, spread in self.quantiles.items()}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "References":
        """From JSON."""
        return cls({segment: dict(spread) for segment, spread in said.items()})


def spread(vectors: "Rows", names: Sequence[str], segments: "pd.Series") -> References:
    """References of the numeric columns `names`, for all rows and for segments of 30 or more.

    One column is read at a time, so that all rows count, even those that lie on disk.
    """
    counts, given = segments.value_counts(), segments.to_numpy()
    groups = [EVERYONE, *map(str, counts[counts >= FEWEST].index)]
    inside = {each: given == each for each in groups if each != EVERYONE}
    found: dict[str, dict[str, list[float]]] = {each: {} for each in groups}
    for name in names:
        column = vectors[name].to_numpy(dtype=np.float64)
        for each in groups:
            found[each][name] = _quantiles(column[inside[each]] if each in inside else column)
    return References(found)


def _quantiles(column: "NDArray[np.float64]") -> list[float]:
    known = column[~np.isnan(column)]
    return (
        np.quantile(known, LEVELS).round(6).tolist() if len(known) else [float("nan")] * len(LEVELS)
    )
