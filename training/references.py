"""References: how each feature is spread among customers, overall and by segment.

They are what a customer's peers look like (for the words) and what drift is measured against.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # a model is loaded and served without pandas
    import pandas as pd

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


def spread(vectors: "pd.DataFrame", names: Sequence[str], segments: "pd.Series") -> References:
    """References of the numeric columns `names`, for all rows and for segments of 30 or more."""
    counts = segments.value_counts()
    groups = {EVERYONE: vectors} | {
        str(s): vectors[(segments == s).to_numpy()] for s in counts[counts >= FEWEST].index
    }
    return References({s: {n: _quantiles(g[n]) for n in names} for s, g in groups.items()})


def _quantiles(column: "pd.Series") -> list[float]:
    known = column.to_numpy(dtype=np.float64)
    known = known[~np.isnan(known)]
    return (
        np.quantile(known, LEVELS).round(6).tolist() if len(known) else [float("nan")] * len(LEVELS)
    )
