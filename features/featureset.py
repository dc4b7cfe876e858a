"""A feature set: the features of a model in their order, and the contract made of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.feature import Change, Declaration, Difference, Feature, Ratio, State, Trend
from features.measures import Atom, Numbers, Window, finish, ratio
from features.standing import Standing

Part: TypeAlias = Atom | Standing
Values: TypeAlias = NDArray[Any]
AGE = Atom("customers", "max", "days_ago", (), Window())


@dataclass(frozen=True)
class FeatureSet:
    """Features in model order. What engines compute is `parts`; `columns` makes vectors of it."""

    name: str
    features: tuple[Declaration, ...]

    def __post_init__(self) -> None:
        if twice := {name for name in self.names if self.names.count(name) > 1}:
            raise ValueError(f"Feature set {self.name!r} names {sorted(twice)} more than once.")
        for feature in self.features:
            for named in _named(feature):
                self._plain(named, feature.name)

    def __iter__(self) -> Iterator[Declaration]:
        return iter(self.features)

    def __getitem__(self, name: str) -> Declaration:
        for feature in self.features:
            if feature.name == name:
                return feature
        raise KeyError(f"Feature set {self.name!r} has no {name!r}.")

    def table_of(self, name: str) -> str:
        """The table that a declaration counts in; for one made of others, that of its first."""
        feature = self[name]
        if isinstance(feature, Feature):
            return feature.table
        return "subscriptions" if isinstance(feature, State) else self.table_of(feature.of)

    def plus(self, *features: Declaration) -> "FeatureSet":
        """This set and more features after it."""
        return FeatureSet(self.name, (*self.features, *features))

    @property
    def names(self) -> list[str]:
        """The model's columns, in their order."""
        return [feature.name for feature in self.features]

    @property
    def baselines(self) -> list[str]:
        """Columns the model does not see, kept for the words: each change's value before."""
        changes = (f for f in self.features if isinstance(f, Change))
        return list(dict.fromkeys(change.baseline for change in changes))

    @property
    def categorical(self) -> list[str]:
        """The columns that hold words."""
        return [feature.name for feature in self.features if feature.categorical]

    @property
    def monotone(self) -> list[int]:
        """LightGBM's monotone constraints, in the order of `names`."""
        return [int(feature.risk) for feature in self.features]

    @property
    def contract(self) -> dict[str, str]:
        """What a model is trained on: saved beside it, compared when it is loaded."""
        return {f.name: f"{f}; risk {f.risk.name.lower()}; if none {f.if_none}" for f in self}

    @property
    def parts(self) -> tuple[Part, ...]:
        """Everything that engines compute for this set, each part once."""
        parts: dict[Part, None] = {AGE: None}
        for feature in self.features:
            parts.update(dict.fromkeys(self._parts(feature)))
        return tuple(parts)

    def columns(self, parts: Mapping[Part, Values]) -> dict[str, Values]:
        """Each column of the vectors, from arrays of equal length, one per part."""
        columns = {f.name: _filled(self._value(f, parts), f) for f in self.features}
        for change in (f for f in self.features if isinstance(f, Change)):
            columns[change.baseline] = self._base(change.of, parts, change.days)
        return columns

    def _plain(self, name: str, asked_by: str) -> Feature | State:
        feature = self[name] if name in self.names else None
        if isinstance(feature, Feature | State):
            return feature
        raise ValueError(f"{asked_by!r} refers to {name!r}, which is no feature or state.")

    def _parts(self, feature: Declaration) -> tuple[Part, ...]:
        if isinstance(feature, Feature | State):
            return feature.atoms()
        if isinstance(feature, Change):
            of = self._plain(feature.of, feature.name)
            return (*of.atoms(), *of.atoms(feature.days))
        return tuple(p for name in _named(feature) for p in self._plain(name, "").atoms())

    def _base(self, name: str, parts: Mapping[Part, Values], days_before: int = 0) -> Values:
        feature = self._plain(name, name)
        values = [parts[part] for part in feature.atoms(days_before)]
        if isinstance(feature, State):
            return values[0]
        return finish(feature.measure, values, feature.window.before(days_before))

    def _value(self, feature: Declaration, parts: Mapping[Part, Values]) -> Values:
        age = parts[AGE]
        if isinstance(feature, Trend):
            return np.where(age >= feature.window.last, self._base(feature.name, parts), np.nan)
        if isinstance(feature, Feature | State):
            return self._base(feature.name, parts)
        if isinstance(feature, Change):
            return np.where(age >= self._reach(feature), self._change(feature, parts), np.nan)
        if isinstance(feature, Ratio):
            return ratio(self._base(feature.of, parts), self._base(feature.to, parts))
        return self._base(feature.of, parts) - self._base(feature.less, parts)

    def _reach(self, change: Change) -> int:
        """How old a customer must be to have a before."""
        of = self._plain(change.of, change.name)
        return change.days + (of.days or 0 if isinstance(of, Feature) else 1)

    def _change(self, change: Change, parts: Mapping[Part, Values]) -> Numbers:
        now, before = self._base(change.of, parts), self._base(change.of, parts, change.days)
        return ratio(now - before, now + before)


def _named(feature: Declaration) -> tuple[str, ...]:
    """The features that a declaration is made of."""
    if isinstance(feature, Change):
        return (feature.of,)
    if isinstance(feature, Ratio):
        return (feature.of, feature.to)
    return (feature.of, feature.less) if isinstance(feature, Difference) else ()


def _filled(values: Values, feature: Declaration) -> Values:
    """The values with the declared one where there is nothing to say."""
    if feature.categorical:
        return np.array([feature.if_none if v is None or v != v else v for v in values], object)
    return np.where(np.isnan(values), float(feature.if_none), values)
