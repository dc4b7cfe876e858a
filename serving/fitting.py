"""Which features may speak for many customers: the conditions of `serving.reasons`, by columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.feature import Change, Declaration, Difference, Ratio, Trend
from features.featureset import Values
from features.words import NOISE
from serving.drivers import absence_fits, is_change

Numbers: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Vectors:
    """Some customers' vectors, what their features contribute, and what is usual for each.

    `columns` are as those of `Cases`; `shares` and `usual` are (customers, features), in log-odds
    and in the features' units; what is usual is missing where it is not known.
    """

    columns: Mapping[str, Values]
    shares: Numbers
    usual: Numbers

    def number(self, name: str) -> Numbers:
        """A column of numbers; all missing where there is none of this name."""
        if name in self.columns:
            return np.asarray(self.columns[name], np.float64)
        return np.full(len(self.shares), np.nan)


@dataclass(frozen=True)
class Fitting:
    """Says of each feature, by its number, whose value may be told; each is looked at once."""

    features: Sequence[Declaration]
    vectors: Vectors
    _nothing: dict[int, Flags] = field(default_factory=dict, repr=False)

    def nothing(self, number: int) -> Flags:
        """Where a value says that there is nothing to count."""
        if number not in self._nothing:
            feature = self.features[number]
            values = self.vectors.columns[feature.name]
            empty = values == feature.if_none
            self._nothing[number] = np.asarray(empty | _missing(values), bool)
        return self._nothing[number]

    def fit(self, number: int, way: int) -> Flags:
        """Where a value is known if it must be, beyond noise, and fits its effect."""
        feature = self.features[number]
        fit = self._fits(number, feature, way) & ~self._noise(feature)
        return fit if absence_fits(feature, way) else fit & ~self.nothing(number)

    def _fits(self, number: int, feature: Declaration, way: int) -> Flags:
        values = self.vectors.columns[feature.name]
        unknown = not isinstance(feature, Change | Trend | Ratio | Difference)
        if values.dtype == object:
            return ~_missing(values) | unknown
        against = 0.0 if is_change(feature) else self.vectors.usual[:, number]
        contrary = (values - against) * feature.risk * way < 0  # not where one is missing
        return np.where(np.isnan(values), unknown, ~contrary)

    def _noise(self, feature: Declaration) -> Flags:
        """Where chance alone explains a change; see `features.words.within_noise`."""
        if not isinstance(feature, Change) or not feature.counted:
            return np.zeros(len(self.vectors.shares), bool)
        share, base = self.vectors.number(feature.name), self.vectors.number(feature.baseline)
        now = self.vectors.number(feature.of)
        with np.errstate(divide="ignore", invalid="ignore"):
            solved = np.where(share < 1, base * (1 + share) / (1 - share), np.nan)
            end = np.where(np.isnan(now), solved, now)
            beyond = np.abs(end - base) >= NOISE * np.sqrt(end + base)
        return np.asarray(~beyond & ~np.isnan(share) & ~np.isnan(base))


def _missing(values: Values) -> Flags:
    if values.dtype == object:
        return np.array([value is None for value in values], bool)
    return np.isnan(values).astype(bool)
