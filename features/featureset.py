"""A feature set: the features of a model in their order, and the contract made of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.feature import Change, Declaration, Difference, Feature, Ratio, State, Trend
from features.measures import Atom, Window, filled, finish, grown, ratio
from features.standing import Standing

Part: TypeAlias = Atom | Standing
Values: TypeAlias = NDArray[Any]
Recipe: TypeAlias = Callable[[Sequence[Any]], Any]
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

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Everything that engines compute for this set, each part once; the first is the age."""
        parts: dict[Part, None] = {AGE: None}
        for feature in self.features:
            parts.update(dict.fromkeys(self._parts(feature)))
        return tuple(parts)

    @cached_property
    def recipes(self) -> Mapping[str, Recipe]:
        """How each column of a vector is made of the values of `parts`, in their order.

        The values are one customer's (float, or str | None), or arrays of equal length.
        """
        recipes = {f.name: _filled(self._value(f), f) for f in self.features}
        for change in (f for f in self.features if isinstance(f, Change)):
            recipes[change.baseline] = self._base(change.of, change.days)
        return recipes

    def columns(self, parts: Mapping[Part, Values]) -> dict[str, Values]:
        """Each column of the vectors, from arrays of equal length, one per part."""
        values = [parts[part] for part in self.parts]
        return {name: made(values) for name, made in self.recipes.items()}

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

    @cached_property
    def _places(self) -> Mapping[Part, int]:
        return {part: place for place, part in enumerate(self.parts)}

    def _base(self, name: str, days_before: int = 0) -> Recipe:
        feature = self._plain(name, name)
        places = [self._places[part] for part in feature.atoms(days_before)]
        if isinstance(feature, State) or feature.measure.finish == "value":
            return itemgetter(*places)
        needed, window = itemgetter(*places), feature.window.before(days_before)
        return lambda values: finish(feature.measure, needed(values), window)

    def _value(self, feature: Declaration) -> Recipe:
        if isinstance(feature, Trend):
            return _grown(self._base(feature.name), feature.window.last)
        if isinstance(feature, Feature | State):
            return self._base(feature.name)
        if isinstance(feature, Change):
            return _grown(self._change(feature), self._reach(feature))
        if isinstance(feature, Ratio):
            of, to = self._base(feature.of), self._base(feature.to)
            return lambda values: ratio(of(values), to(values))
        of, less = self._base(feature.of), self._base(feature.less)
        return lambda values: of(values) - less(values)

    def _reach(self, change: Change) -> int:
        """How old a customer must be to have a before."""
        of = self._plain(change.of, change.name)
        return change.days + (of.days or 0 if isinstance(of, Feature) else 1)

    def _change(self, change: Change) -> Recipe:
        of, before = self._base(change.of), self._base(change.of, change.days)

        def changed(values: Sequence[Any]) -> Any:
            now, then = of(values), before(values)
            return ratio(now - then, now + then)

        return changed


def _named(feature: Declaration) -> tuple[str, ...]:
    """The features that a declaration is made of."""
    if isinstance(feature, Change):
        return (feature.of,)
    if isinstance(feature, Ratio):
        return (feature.of, feature.to)
    return (feature.of, feature.less) if isinstance(feature, Difference) else ()


def _grown(recipe: Recipe, days: int) -> Recipe:
    """For customers of at least so many days."""
    return lambda values: grown(recipe(values), values[0], days)


def _filled(recipe: Recipe, feature: Declaration) -> Recipe:
    """With the declared value where there is nothing to say."""
    if feature.categorical:
        return lambda values: _worded(recipe(values), feature.if_none)
    return lambda values: filled(recipe(values), float(feature.if_none))


def _worded(values: Any, if_none: float | str) -> Any:
    """Words, or the declared one for None and NaN."""
    if isinstance(values, np.ndarray):
        told = [v if isinstance(v, str) else if_none for v in values.tolist()]
        return np.array(told, object)
    return values if isinstance(values, str) else if_none
