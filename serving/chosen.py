"""Which features are told of many customers at once: the choice of `serving.reasons`, by columns.

It is the same choice, in the same order; a test holds the two equal for whatever contributes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.feature import Declaration, Theme
from serving.drivers import LOWERS, RAISES, Driver, absence_fits, is_change
from serving.fitting import Fitting, Flags, Numbers, Vectors
from serving.reasons import (
    FLAT,
    MOST_A_THEME,
    MOST_CONTEXT,
    MOST_PROTECTIVE,
    MOST_THEMES,
    OWN_PAST,
    SECOND,
    WORTH_SAYING,
    Explainer,
    probability,
)

Places: TypeAlias = NDArray[np.int64]
NOBODY = -1


@dataclass(frozen=True)
class Speaking:
    """By customer the numbers of the features that speak, the strongest first, and the weights.

    Both are (customers, at most so many), with NOBODY behind the last. A weight is the log-odds of
    all features that measure the same.
    """

    features: Places
    weights: Numbers


@dataclass(frozen=True)
class Chosen:
    """What is told of some customers; `themes` are log-odds (customers, Explainer.themes)."""

    reasons: Speaking
    protective: Speaking
    context: Speaking
    themes: Numbers


@dataclass(frozen=True)
class Weighed:
    """A driver's weight with each customer, and who would speak for it in each way."""

    theme: Theme
    table: str
    weight: Numbers
    raises: Places
    lowers: Places
    nothing: Flags


@dataclass(frozen=True)
class Chooser:
    """Chooses for many customers as an Explainer does for one."""

    explainer: Explainer

    @cached_property
    def features(self) -> tuple[Declaration, ...]:
        """The features by their numbers."""
        return tuple(self.explainer.features)

    def chosen(self, vectors: Vectors) -> Chosen:
        """The reasons, the protective ones and the context of each customer."""
        drivers = self.explainer.drivers
        weights = [_added([vectors.shares[:, k] for k in self._of(d)]) for d in drivers]
        acted = self._acted(vectors, weights)
        raising = self._raising(acted)
        lowering = _strongest([(w.weight, w.lowers) for w in acted], LOWERS, MOST_PROTECTIVE)
        self._only(vectors.shares, raising, lowering)
        themes = [(d.theme, weight) for d, weight in zip(drivers, weights, strict=True)]
        return Chosen(raising, lowering, self._context(weights), self._totals(themes))

    def _acted(self, vectors: Vectors, weights: Sequence[Numbers]) -> list[Weighed]:
        """What can be acted on; what never happened is told once, before all others."""
        fitting = Fitting(self.features, vectors)
        told = [
            self._weighed(fitting, driver, weight)
            for driver, weight in zip(self.explainer.drivers, weights, strict=True)
            if not driver.context
        ]
        for never, table in self.explainer.nevers:
            told = _without_echo(told, never, table, fitting, self._numbers[never.name])
        return told

    def _weighed(self, fitting: Fitting, driver: Driver, weight: Numbers) -> Weighed:
        raises, lowers = (self._speakers(fitting, driver, way) for way in (RAISES, LOWERS))
        nothing = reduce(np.logical_and, (fitting.nothing(k) for k in self._of(driver)))
        return Weighed(driver.theme, driver.table, weight, raises, lowers, nothing)

    def _speakers(self, fitting: Fitting, driver: Driver, way: int) -> Places:
        """The feature that speaks for a driver; NOBODY where each would be misunderstood."""
        numbers = self._of(driver)
        strength = way * fitting.vectors.shares[:, numbers]
        fit = np.column_stack([fitting.fit(k, way) for k in numbers]) & (strength > 0)
        best = np.max(strength, axis=1, where=fit, initial=0.0)
        changes = np.array([is_change(self.features[k]) for k in numbers])
        past = fit & changes & (strength >= OWN_PAST * best[:, None])
        pool = np.where(past.any(axis=1)[:, None], past, fit)
        first = np.argmax(np.where(pool, strength, -np.inf), axis=1)
        return np.where(pool.any(axis=1), np.array(numbers)[first], NOBODY)

    def _raising(self, acted: Sequence[Weighed]) -> Speaking:
        """The strongest themes that raise the score as a whole and have something to say."""
        totals = self._totals([(each.theme, each.weight) for each in acted])
        told = [self._of_theme(acted, theme) for theme in self.explainer.themes]
        heard = np.column_stack([each.features[:, 0] != NOBODY for each in told]) & (totals > 0)
        order = np.argsort(np.where(heard, -totals, np.inf), axis=1, kind="stable")[:, :MOST_THEMES]
        rows, silent = np.arange(len(totals))[:, None], ~np.take_along_axis(heard, order, axis=1)
        features = np.stack([each.features for each in told], axis=1)[rows, order]
        features[silent] = NOBODY
        weights = np.stack([each.weights for each in told], axis=1)[rows, order]
        return _in_order(features.reshape(len(rows), -1), weights.reshape(len(rows), -1))

    def _of_theme(self, acted: Sequence[Weighed], theme: Theme) -> Speaking:
        mine = [(each.weight, each.raises) for each in acted if each.theme is theme]
        if not mine:
            mine = [(0 * each.weight, each.raises) for each in acted[:1]]
        return _strongest(mine, RAISES, MOST_A_THEME)

    def _only(self, shares: Numbers, raising: Speaking, lowering: Speaking) -> None:
        """Puts in the strongest feature, whatever stands against it, where nothing else is told."""
        numbers = np.array([k for k, each in enumerate(self.features) if not each.context])
        told = (raising.features[:, 0] != NOBODY) | (lowering.features[:, 0] != NOBODY)
        rows = np.flatnonzero(~told)
        best = numbers[np.argmax(np.abs(shares[np.ix_(rows, numbers)]), axis=1)]
        share = shares[rows, best]
        for speaking, mine in ((raising, share >= FLAT), (lowering, share <= -FLAT)):
            speaking.features[rows[mine], 0] = best[mine]
            speaking.weights[rows[mine], 0] = share[mine]

    def _context(self, weights: Sequence[Numbers]) -> Speaking:
        told = [
            (weight, np.where(np.abs(weight) >= WORTH_SAYING, self._of(driver)[0], NOBODY))
            for driver, weight in zip(self.explainer.drivers, weights, strict=True)
            if driver.context
        ]
        order = _order([-np.abs(weight) for weight, _ in told])[:, :MOST_CONTEXT]
        return Speaking(*(_taken([pair[k] for pair in told], order) for k in (1, 0)))

    def _totals(self, weighed: Sequence[tuple[Theme, Numbers]]) -> Numbers:
        """By customer and theme."""
        nothing = np.zeros(len(weighed[0][1]))
        by_theme = ([w for theme, w in weighed if theme is each] for each in self.explainer.themes)
        return np.column_stack([_added([nothing, *found]) for found in by_theme])

    def _of(self, driver: Driver) -> list[int]:
        return [self._numbers[feature.name] for feature in driver.features]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {feature.name: number for number, feature in enumerate(self.features)}


def _without_echo(
    told: Sequence[Weighed], never: Declaration, table: str, fitting: Fitting, number: int
) -> list[Weighed]:
    """Gives what only says that a thing never happened to the one feature that says so."""
    here, kept = fitting.nothing(number), list(told)
    moved = [np.zeros(len(here))]
    for place, each in enumerate(told):
        if (each.theme, each.table) == (never.theme, table):
            echo = here & each.nothing
            moved.append(np.where(echo, each.weight, 0.0))
            kept[place] = replace(each, weight=np.where(echo, 0.0, each.weight))
    raises, lowers = (
        np.where(here & absence_fits(never, way), number, NOBODY) for way in (RAISES, LOWERS)
    )
    return [Weighed(never.theme, table, _added(moved), raises, lowers, here), *kept]


def _strongest(weighed: Sequence[tuple[Numbers, Places]], way: int, most: int) -> Speaking:
    """At most so many of one way, the strongest first: `Explainer._strongest` of each customer."""
    order = _order([-way * weight for weight, _ in weighed])
    weights, speakers = (_taken([pair[k] for pair in weighed], order) for k in (0, 1))
    size = len(weights)
    found = Speaking(np.full((size, most), NOBODY), np.zeros((size, most)))
    count, least = np.zeros(size, np.int64), np.full(size, WORTH_SAYING)
    for weight, speaker in zip(weights.T, speakers.T, strict=True):
        worth = (count < most) & (way * weight >= least)
        if not worth.any():
            break
        rows = np.flatnonzero(worth & (speaker != NOBODY))
        found.features[rows, count[rows]] = speaker[rows]
        found.weights[rows, count[rows]] = weight[rows]
        least[rows] = np.maximum(least[rows], SECOND * way * weight[rows])
        count[rows] += 1
    return found


def _in_order(features: Places, weights: Numbers) -> Speaking:
    """Those who speak by falling weight, NOBODY last."""
    keys = np.where(features == NOBODY, np.inf, -weights)
    order = np.argsort(keys, axis=1, kind="stable")
    return Speaking(
        np.take_along_axis(features, order, axis=1), np.take_along_axis(weights, order, axis=1)
    )


def _order(keys: Sequence[Numbers]) -> Places:
    return np.argsort(np.column_stack(keys), axis=1, kind="stable")


def _taken(columns: Sequence[NDArray], order: Places) -> NDArray:  # type: ignore[type-arg]
    return np.take_along_axis(np.column_stack(columns), order, axis=1)


def _added(columns: Sequence[Numbers]) -> Numbers:
    """The sum of columns, added one after the other as for one customer."""
    return reduce(np.add, columns)


def slopes(shares: Numbers, typical: float) -> Numbers:
    """`Score.slope` of many customers: contributions are (customers, features)."""
    way, start = shares.sum(axis=1), probability(typical)
    far = np.abs(way) >= FLAT
    with np.errstate(over="ignore"):
        change = 1 / (1 + np.exp(-(typical + way))) - start
    return np.where(far, 100 * change / np.where(far, way, 1.0), 100 * start * (1 - start))
