"""Drivers: features that measure the same thing, in whatever window, told as one reason at most."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from features.conditions import Condition, conditions
from features.feature import Change, Declaration, Feature, Risk, State, Theme, Trend
from features.featureset import FeatureSet
from features.measures import Measure

Topic: TypeAlias = tuple[str, tuple[Condition, ...], tuple[str, ...]]
ROWS = ("rows",)
RECENCY = ("recency",)
RAISES, LOWERS = 1, -1


@dataclass(frozen=True)
class Driver:
    """Features of one theme that measure the same; `context` ones are what nobody can act on.

    Where all of them say that a thing never happened, `never` is the one that says so.
    """

    theme: Theme
    context: bool
    features: tuple[Declaration, ...]
    table: str = ""
    never: Declaration | None = None


def drivers_of(features: FeatureSet) -> tuple[Driver, ...]:
    """Every feature in exactly one driver, in the order of the first of each."""
    groups: dict[tuple[Theme, bool, Topic], list[Declaration]] = {}
    for feature in features:
        key = (feature.theme, feature.context, topic(features, feature))
        groups.setdefault(key, []).append(feature)
    return tuple(
        Driver(theme, context, tuple(group), features.table_of(group[0].name))
        for (theme, context, _), group in groups.items()
    )


def topic(features: FeatureSet, feature: Declaration) -> Topic:
    """What a feature measures, whatever its window: the same for 7, 28 and 84 days, and changes."""
    if isinstance(feature, Feature):
        return (feature.table, conditions(feature.where), _measured(feature.measure))
    if isinstance(feature, State):
        return ("subscriptions", conditions(feature.where), (feature.column,))
    return topic(features, features[feature.of])


def nevers_of(features: FeatureSet) -> tuple[tuple[Declaration, str], ...]:
    """The features that say that a thing never happened, with the tables they say it of."""
    plain = (f for f in features if isinstance(f, Feature) and is_recency(f) and not f.where)
    return tuple((f, f.table) for f in plain if not f.context)


def without_echo(
    nevers: Sequence[tuple[Declaration, str]],
    weighed: Sequence[tuple[Driver, float]],
    nothing: Callable[[Declaration], bool],
) -> list[tuple[Driver, float]]:
    """What never happened is told once, and not also that it did not happen lately.

    `nothing` says whether a feature of the customer has nothing to say.
    """
    told = list(weighed)
    for never, table in (pair for pair in nevers if nothing(pair[0])):
        echoes = [
            (driver, weight)
            for driver, weight in told
            if (driver.theme, driver.table) == (never.theme, table)
            and all(map(nothing, driver.features))
        ]
        features = tuple(feature for driver, _ in echoes for feature in driver.features)
        one = Driver(never.theme, False, features, table, never)
        told = [pair for pair in told if pair not in echoes]
        told.insert(0, (one, sum(weight for _, weight in echoes)))
    return told


def is_recency(feature: Declaration) -> bool:
    """Whether it says how long ago something was."""
    return isinstance(feature, Feature) and _measured(feature.measure) == RECENCY


def absence_fits(feature: Declaration, way: int) -> bool:
    """Whether nothing may be told as a reason of this way: no complaint protects, no answer never.

    Silence is not satisfaction: what may mean either never speaks in a customer's favour. What
    never happened was longer ago than anything.
    """
    if feature.context:
        return True
    unknown = feature.if_none != feature.if_none  # NaN
    recent = is_recency(feature)
    protects = feature.risk is (Risk.FALLS if recent else Risk.RISES) and (recent or not unknown)
    return protects if way == LOWERS else not protects


def is_change(feature: Declaration) -> bool:
    """Whether it compares a customer with its own past."""
    return isinstance(feature, Change | Trend)


def _measured(measure: Measure) -> tuple[str, ...]:
    """The columns a measure reads; a count, a total and their trend are all about the rows."""
    if any(kind in ("min", "max") and column == "days_ago" for kind, column, _ in measure.parts):
        return RECENCY
    columns = {column for _, column, _ in measure.parts} | _tested(measure.parts)
    return tuple(sorted(columns - {"", "quantity"})) or ROWS


def _tested(parts: Sequence[tuple[str, str, tuple[Condition, ...]]]) -> set[str]:
    return {condition.column for _, _, more in parts for condition in more}
