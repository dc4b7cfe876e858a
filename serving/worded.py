"""Reasons of many customers as columns, with their words: what `Explainer` says of each.

A night says the same sentences over and over, so that they are remembered.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from math import isnan
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.feature import Change
from features.words import Value, told
from serving.chosen import NOBODY, Chooser, Places, Speaking
from serving.dataset import REASON
from serving.drivers import is_change
from serving.fitting import Numbers, Vectors

REMEMBERED = 65_536  # sentences
NUMBERS = ("value", "baseline", "reached", "peers")
TEXTS = ("text", "value_text")
Columns: TypeAlias = Mapping[str, NDArray[Any]]
Telling: TypeAlias = Callable[[int, Value, Value, Value, float | None], str]


@dataclass(frozen=True)
class Flat:
    """Reasons one after the other: whose they are, of which feature, and their weights."""

    rows: Places
    features: Places
    weights: Numbers


@dataclass(frozen=True)
class Wording:
    """Says what was chosen for customers."""

    chooser: Chooser

    def lists(
        self, vectors: Vectors, spoken: Sequence[Speaking], slopes: Numbers
    ) -> list[tuple[Places, pa.StructArray]]:
        """For each kind of reasons how many a customer has, and all of them one after the other.

        `slopes` are a customer's percentage points of one log-odds.
        """
        flat = [_flat(each) for each in spoken]
        ends = np.cumsum([0, *(len(each.rows) for each in flat)]).tolist()
        said = self._said(vectors, _joined(flat), slopes)
        parts = (said.slice(begin, end - begin) for begin, end in pairwise(ends))
        return list(zip(map(_counts, spoken), parts, strict=True))

    def _said(self, vectors: Vectors, flat: Flat, slopes: Numbers) -> pa.StructArray:
        size = len(flat.rows)
        columns = {name: np.full(size, np.nan) for name in NUMBERS}
        columns |= {name: np.full(size, None, object) for name in TEXTS}
        for number, places in _groups(flat.features):
            self._put(columns, places, number, vectors, flat.rows[places])
        said = {name: pa.array(columns[name], from_pandas=True) for name in NUMBERS}
        said |= {name: pa.array(columns[name], pa.string()) for name in TEXTS}
        said |= {name: each.take(pa.array(flat.features)) for name, each in self._named.items()}
        said["raises_score"] = pa.array(flat.weights > 0)
        said["points"] = pa.array(slopes[flat.rows] * flat.weights)
        return pa.StructArray.from_arrays([said[each.name] for each in REASON], fields=list(REASON))

    def _put(
        self, columns: Columns, places: Places, number: int, vectors: Vectors, rows: Places
    ) -> None:
        """Puts what is said of one feature into its places."""
        feature = self.chooser.features[number]
        own = vectors.columns[feature.name][rows]
        columns["value_text" if own.dtype == object else "value"][places] = own
        if isinstance(feature, Change):
            columns["baseline"][places] = vectors.number(feature.baseline)[rows]
            columns["reached"][places] = vectors.number(feature.of)[rows]
        if not is_change(feature):
            columns["peers"][places] = vectors.usual[rows, number]
        beside = (_known(columns[name][places]) for name in NUMBERS[1:])
        keys = zip(_known(own), *beside, strict=True)
        columns["text"][places] = [self._told(number, *key) for key in keys]

    @cached_property
    def _told(self) -> Telling:
        features, language = self.chooser.features, self.chooser.explainer.language

        @lru_cache(REMEMBERED)
        def telling(
            number: int, value: Value, before: Value, now: Value, peers: float | None
        ) -> str:
            return told(features[number], value, before, now, peers, language)

        return telling

    @cached_property
    def _named(self) -> dict[str, pa.Array]:
        """By feature what is said of it whatever its value."""
        features = self.chooser.features
        return {
            "code": pa.array([each.name for each in features], pa.string()),
            "theme": pa.array([each.theme.value for each in features], pa.string()),
            "unit": pa.array([each.unit for each in features], pa.string()),
            "days": pa.array([getattr(each, "days", None) for each in features], pa.int32()),
        }


def _flat(speaking: Speaking) -> Flat:
    rows, places = np.nonzero(speaking.features != NOBODY)
    return Flat(rows, speaking.features[rows, places], speaking.weights[rows, places])


def _joined(flat: Sequence[Flat]) -> Flat:
    names = ("rows", "features", "weights")
    return Flat(*(np.concatenate([getattr(each, name) for each in flat]) for name in names))


def _counts(speaking: Speaking) -> Places:
    return np.asarray((speaking.features != NOBODY).sum(axis=1))


def _groups(features: Places) -> Iterator[tuple[int, Places]]:
    """Each feature with the places where it speaks."""
    order = np.argsort(features, kind="stable")
    found, begins = np.unique(features[order], return_index=True)
    yield from zip(found.tolist(), np.split(order, begins[1:]), strict=True)


def _known(values: NDArray[Any]) -> list[Any]:
    """As they are said of one customer: what is missing is None."""
    known: list[Any] = values.tolist()
    if values.dtype == object:
        return known
    return [None if isnan(value) else value for value in known]
