"""Reasons: which features a person is shown, in which words, and how much each moves the score.

Contributions are exact in log-odds; what is shown of them is chosen. A reason says what raises or
lowers the score, never what causes anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, floor, isnan
from typing import Any, Protocol, TypeAlias

from features.feature import Change, Declaration, Difference, Ratio, Theme, Trend
from features.featureset import FeatureSet
from features.languages import ENGLISH, Language
from features.words import is_nothing, told, within_noise
from serving.drivers import (
    LOWERS,
    RAISES,
    Driver,
    absence_fits,
    drivers_of,
    is_change,
    nevers_of,
    without_echo,
)
from serving.schemas import Reason

Value: TypeAlias = float | str | None
Weighed: TypeAlias = Sequence[tuple[Driver, float]]

MOST_THEMES = 2
MOST_A_THEME = 2
MOST_PROTECTIVE = 2
MOST_CONTEXT = 3
WORTH_SAYING = 0.01  # log-odds: odds that change by 1 % are nothing to tell anybody
SECOND = 0.25  # a second reason needs this share of the first
OWN_PAST = 0.5  # a change is told rather than a level that contributes up to twice as much
FLAT = 1e-9


class Peers(Protocol):
    """What is usual among customers: the references that a model carries."""

    def median(self, feature: str, segment: str) -> float:
        """The middle value in a segment; among all where the segment is unknown."""


@dataclass(frozen=True)
class Score:
    """A customer's vector and its features' contributions: log-odds from a typical customer's."""

    vector: Mapping[str, Any]
    shares: Mapping[str, float]
    typical: float
    segment: str = ""

    @cached_property
    def slope(self) -> float:
        """Percentage points of one log-odds by the rescale rule, 100 (p - p0) / (m - m0).

        Exact over the whole way from the typical customer, so that points add up to p - p0.
        """
        way, start = sum(self.shares.values()), probability(self.typical)
        if abs(way) < FLAT:
            return 100 * start * (1 - start)
        return 100 * (probability(self.typical + way) - start) / way


@dataclass(frozen=True)
class Why:
    """What a person is told of a score; `themes` are exact, in percentage points."""

    reasons: tuple[Reason, ...]
    protective: tuple[Reason, ...]
    context: tuple[Reason, ...]
    themes: Mapping[str, float]


@dataclass(frozen=True)
class Explainer:
    """Chooses and words what is said of scores, by the features' words and the customer's peers."""

    features: FeatureSet
    peers: Peers
    language: Language = ENGLISH

    @cached_property
    def drivers(self) -> tuple[Driver, ...]:
        """The features in groups that measure the same."""
        return drivers_of(self.features)

    @cached_property
    def themes(self) -> tuple[Theme, ...]:
        """The themes in the order of their first features; of equal themes the first is told."""
        return tuple(dict.fromkeys(driver.theme for driver in self.drivers))

    @cached_property
    def nevers(self) -> tuple[tuple[Declaration, str], ...]:
        """The features that say that a thing never happened."""
        return nevers_of(self.features)

    def why(self, score: Score) -> Why:
        """The top 2 raising themes with 1 or 2 reasons each, 1 or 2 protective ones, and context.

        There is a reason or a protective one, unless only context contributes.
        """
        weighed = [(d, sum(score.shares[f.name] for f in d.features)) for d in self.drivers]
        acted = without_echo(
            self.nevers,
            [(driver, weight) for driver, weight in weighed if not driver.context],
            lambda feature: is_nothing(feature, _known(score.vector[feature.name])),
        )
        raising = self._raising(score, acted)
        lowering = self._strongest(score, acted, LOWERS, MOST_PROTECTIVE)
        if not raising and not lowering:
            only = self._only(score)
            raising = tuple(reason for reason in only if reason.raises_score)
            lowering = tuple(reason for reason in only if not reason.raises_score)
        context = self._context(score, [pair for pair in weighed if pair[0].context])
        themes = {theme: score.slope * total for theme, total in _totals(weighed).items()}
        return Why(raising, lowering, context, {theme.value: p for theme, p in themes.items()})

    def _raising(self, score: Score, acted: Weighed) -> tuple[Reason, ...]:
        totals = _totals(acted)
        raising = sorted(
            (t for t in self.themes if totals.get(t, 0.0) > 0), key=lambda t: -totals[t]
        )
        by_theme = (
            self._strongest(score, [p for p in acted if p[0].theme is t], RAISES, MOST_A_THEME)
            for t in raising
        )
        told = [reasons for reasons in by_theme if reasons][:MOST_THEMES]
        return tuple(sorted((r for reasons in told for r in reasons), key=lambda r: -r.points))

    def _strongest(self, score: Score, weighed: Weighed, way: int, most: int) -> tuple[Reason, ...]:
        """At most so many reasons of one way, the strongest first."""
        found: list[Reason] = []
        least = WORTH_SAYING
        for driver, weight in sorted(weighed, key=lambda pair: -way * pair[1]):
            if way * weight < least or len(found) == most:
                break
            if feature := self._speaker(score, driver, way):
                found.append(self._reason(score, feature, weight))
                least = max(least, SECOND * way * weight)
        return tuple(found)

    def _speaker(self, score: Score, driver: Driver, way: int) -> Declaration | None:
        """The feature that speaks for a driver; None where each would be misunderstood."""
        if driver.never:
            return driver.never if absence_fits(driver.never, way) else None
        strength = {f.name: way * score.shares[f.name] for f in driver.features}
        fit = [f for f in driver.features if strength[f.name] > 0 and self._fit(score, f, way)]
        best = max((strength[f.name] for f in fit), default=0.0)
        past = [f for f in fit if is_change(f) and strength[f.name] >= OWN_PAST * best]
        return max(past or fit, key=lambda f: strength[f.name], default=None)

    def _fit(self, score: Score, feature: Declaration, way: int) -> bool:
        """Whether a value is known where it must be, beyond noise, and fits its effect."""
        value, before, now = _values(score.vector, feature)
        if within_noise(feature, value, before, now):
            return False
        if is_nothing(feature, value) and not absence_fits(feature, way):
            return False
        if not isinstance(value, float):
            return isinstance(value, str) or not isinstance(
                feature, Change | Trend | Ratio | Difference
            )
        against = 0.0 if is_change(feature) else self._peers(score, feature)
        return against is None or (value - against) * feature.risk * way >= 0

    def _only(self, score: Score) -> tuple[Reason, ...]:
        """The strongest feature, whatever stands against saying it."""
        features = [feature for feature in self.features if not feature.context]
        best = max(features, key=lambda f: abs(score.shares[f.name]), default=None)
        if best is None or abs(score.shares[best.name]) < FLAT:
            return ()
        return (self._reason(score, best, score.shares[best.name]),)

    def _context(self, score: Score, weighed: Weighed) -> tuple[Reason, ...]:
        worth = [(driver, weight) for driver, weight in weighed if abs(weight) >= WORTH_SAYING]
        strongest = sorted(worth, key=lambda pair: -abs(pair[1]))[:MOST_CONTEXT]
        return tuple(
            self._reason(score, driver.features[0], weight) for driver, weight in strongest
        )

    def _reason(self, score: Score, feature: Declaration, weight: float) -> Reason:
        value, before, now = _values(score.vector, feature)
        peers = None if is_change(feature) else self._peers(score, feature)
        return Reason(
            code=feature.name,
            theme=feature.theme,
            text=told(feature, value, before, now, peers, self.language),
            value=value,
            baseline=before,
            reached=now,
            peers=peers,
            unit=feature.unit,
            days=getattr(feature, "days", None),
            raises_score=weight > 0,
            points=score.slope * weight,
        )

    def _peers(self, score: Score, feature: Declaration) -> float | None:
        return _number(self.peers.median(feature.name, score.segment))


def probability(log_odds: float) -> float:
    """The probability of log-odds."""
    return 1 / (1 + exp(-log_odds))


def rounded(points: Sequence[float], digits: int = 0) -> list[float]:
    """Points rounded so that they add up to their rounded sum: the largest remainders round up."""
    scale = 10**digits
    floors = [floor(point * scale) for point in points]
    missing = round(sum(points) * scale) - sum(floors)
    remainders = [point * scale - low for point, low in zip(points, floors, strict=True)]
    up = sorted(range(len(points)), key=lambda i: -remainders[i])[:missing]
    return [(low + (i in up)) / scale for i, low in enumerate(floors)]


def _totals(weighed: Weighed) -> dict[Theme, float]:
    totals: dict[Theme, float] = {}
    for driver, weight in weighed:
        totals[driver.theme] = totals.get(driver.theme, 0.0) + weight
    return totals


def _values(
    vector: Mapping[str, Any], feature: Declaration
) -> tuple[Value, float | None, float | None]:
    """The feature's value and, of a change, the value before and the one reached."""
    known = _known(vector[feature.name])
    if not isinstance(feature, Change):
        return known, None, None
    return known, _number(vector.get(feature.baseline)), _number(vector.get(feature.of))


def _known(value: Any) -> Value:
    return value if isinstance(value, str) else _number(value)


def _number(value: Any) -> float | None:
    return None if value is None or isnan(value) else float(value)
