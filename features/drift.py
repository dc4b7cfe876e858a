"""How far columns have moved from where a model learnt: the population stability index.

A model's reference keeps the share of customers in each bin, so that drift can be told later
without the rows themselves, and without pandas.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import inf, nan, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:  # drift is told without pandas
    import pandas as pd

Vectors: TypeAlias = "Mapping[str, Any] | pd.DataFrame"
Floats: TypeAlias = NDArray[np.float64]
FEATURE_WARNS, SCORE_WARNS = 0.2, 0.1  # usual in credit scoring: Siddiqi (2006), "Scorecards"
BINS = 10
REFERENCE = "drift.json"  # in a model's folder
FLOOR = 1e-4  # of a share, so that an empty bin gives a large number and not infinity
SCORE = "score"
MORE_THAN_USUAL = 1.25
UNLIKELY = 2.326  # standard deviations: one in a hundred columns that have not moved


@dataclass(frozen=True)
class Shares:
    """The share of `rows` in each bin of one column.

    Numbers have the bins between `edges`, which hold equal shares; words one bin each and one for
    words not among them. The last bin is of missing values.
    """

    rows: int
    shares: tuple[float, ...]
    edges: tuple[float, ...] = ()
    words: tuple[str, ...] | None = None

    def of_same_bins(self, column: ArrayLike) -> "Shares":
        """Another column in these bins."""
        values = np.asarray(column)
        places = self._numbered(values) if self.words is None else self._worded(values)
        return Shares(len(values), _counted(places, len(self.shares)), self.edges, self.words)

    def _numbered(self, values: NDArray[Any]) -> NDArray[np.intp]:
        numbers = values.astype(np.float64)
        places = np.searchsorted(np.array(self.edges), numbers, side="left")
        return np.where(np.isnan(numbers), len(self.edges) + 1, places)

    def _worded(self, values: NDArray[Any]) -> NDArray[np.intp]:
        words = self.words or ()
        codes = {word: place for place, word in enumerate(words)}
        new, missing = len(words), len(words) + 1
        found = (missing if _is_missing(v) else codes.get(str(v), new) for v in values.tolist())
        return np.fromiter(found, dtype=np.intp, count=len(values))


def numbers(column: ArrayLike, bins: int = BINS) -> Shares:
    """The shares of a column of numbers, in bins that hold equal shares of it."""
    values = np.asarray(column, dtype=np.float64)
    known = values[~np.isnan(values)]
    cuts = np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]) if len(known) else np.empty(0)
    edges = tuple(np.unique(cuts).tolist())
    return Shares(0, (0.0,) * (len(edges) + 2), edges).of_same_bins(values)


def words(column: ArrayLike) -> Shares:
    """The shares of a column of words."""
    values = np.asarray(column, dtype=object)
    seen = tuple(sorted({str(value) for value in values if not _is_missing(value)}))
    return Shares(0, (0.0,) * (len(seen) + 2), words=seen).of_same_bins(values)


def _is_missing(value: object) -> bool:
    return value is None or value != value  # noqa: PLR0124 (a NaN, of whichever library)


def _counted(places: NDArray[np.intp], bins: int) -> tuple[float, ...]:
    shares = np.bincount(places, minlength=bins) / max(len(places), 1)
    return tuple(shares.tolist())


def psi(was: Sequence[float], now: Sequence[float], floor: float = FLOOR) -> float:
    """The population stability index of shares by bin: the sum of (now - was) ln(now / was)."""
    first, second = (np.maximum(np.asarray(shares), floor) for shares in (was, now))
    return float(np.sum((second - first) * np.log(second / first)))


@dataclass(frozen=True)
class Drift:
    """How far one column has moved: its `psi`, and what asks for a look.

    `by_chance` is what a column that has not moved stays below in 99 of 100 large samples of this
    size: with few customers, chance alone passes any fixed bound.
    """

    name: str
    psi: float
    bound: float
    by_chance: float

    @property
    def limit(self) -> float:
        """From where on it asks for a look."""
        return max(self.bound, self.by_chance)

    @property
    def warns(self) -> bool:
        """Whether it has moved past its bound, and further than chance explains."""
        return self.psi >= self.limit


def drift(name: str, reference: Shares, column: ArrayLike, bound: float = FEATURE_WARNS) -> Drift:
    """How far a column has moved from its reference; NaN where there are no rows to compare."""
    now = reference.of_same_bins(column)
    if not now.rows or not reference.rows:
        return Drift(name, nan, bound, inf)
    moved = psi(reference.shares, now.shares)
    return Drift(name, moved, bound, by_chance(reference, now.rows))


def by_chance(reference: Shares, rows: int, unlikely: float = UNLIKELY) -> float:
    """What PSI stays below without drift: chi-square of bins - 1, over the harmonic size.

    `unlikely` is in standard deviations; one column in a hundred is above the usual. Source:
    Yurdakul and Naranjo (2020), "Statistical properties of the population stability index"; the
    quantile by Wilson and Hilferty (1931).
    """
    free = max(sum(share > 0 for share in reference.shares) - 1, 1)
    spread = 2 / (9 * free)
    quantile = free * (1 - spread + unlikely * sqrt(spread)) ** 3
    return float(quantile * (1 / reference.rows + 1 / rows))


@dataclass(frozen=True)
class Reference:
    """Where a model was judged: the shares of each of its features, and of its scores.

    `usual` is the PSI by which a column, by name, differs from one of the model's own dates to the
    others without any fault: by weekday, by season, by the growth of the business.
    """

    features: Mapping[str, Shares]
    score: Shares
    usual: Mapping[str, float] = field(default_factory=dict)

    def said(self) -> dict[str, Any]:
        """As JSON."""
        columns = {name: asdict(shares) for name, shares in self.features.items()}
        return {"features": columns, "score": asdict(self.score), "usual": dict(self.usual)}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Reference":
        """From JSON."""
        columns = {name: _shares(each) for name, each in said["features"].items()}
        return cls(columns, _shares(said["score"]), dict(said.get("usual", {})))

    def bound(self, name: str, least: float = FEATURE_WARNS) -> float:
        """The PSI that a column has to pass: `least`, or a quarter more than is usual for it."""
        return max(least, MORE_THAN_USUAL * self.usual.get(name, 0.0))

    def drifts(self, vectors: Vectors, probability: ArrayLike) -> list[Drift]:
        """How far the score and then each feature have moved, the furthest feature first.

        `vectors` holds a column for each feature; `probability` is (rows,).
        """
        score = drift(SCORE, self.score, probability, self.bound(SCORE, SCORE_WARNS))
        moved = [drift(n, was, vectors[n], self.bound(n)) for n, was in self.features.items()]
        return [score, *sorted(moved, key=lambda each: -each.psi)]


def _shares(said: Mapping[str, Any]) -> Shares:
    words = None if said["words"] is None else tuple(said["words"])
    return Shares(said["rows"], tuple(said["shares"]), tuple(said["edges"]), words)


def reference_of(
    vectors: Vectors, worded: Sequence[str], names: Sequence[str], probability: ArrayLike
) -> Reference:
    """The reference of the columns `names`, of which `worded` hold words, and of the scores."""
    columns = {n: (words if n in worded else numbers)(vectors[n]) for n in names}
    return Reference(columns, numbers(probability))


def reference_at(folder: Path) -> Reference | None:
    """The reference that lies in a model's folder; None of a model made before there was one."""
    file = folder / REFERENCE
    return Reference.of(json.loads(file.read_text())) if file.is_file() else None
