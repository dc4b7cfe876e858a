"""From a scored case to the situation that plays are chosen by."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from features.feature import Theme
from serving.cases import Cases
from serving.plays.choosing import LARGE_FROM, MIDDLE_FROM, stage_of, tier_of, touch_of
from serving.plays.play import Cause, Situation
from serving.schemas import Band


class Spread(Protocol):
    """How a feature is spread among customers: the references that a model carries."""

    def quantile(self, feature: str, level: float) -> float:
        """The value that a share of all customers is below."""


class Risk(NamedTuple):
    """What a score says as far as plays ask for it."""

    band: Band
    theme: Theme | None
    cause: Cause | None


def risk_of(said: Mapping[str, Any]) -> Risk:
    """The risk of what is said of one customer."""
    return Risk(said["band"], theme_of(said), said.get("cause"))


def situation(spread: Spread, cases: Cases, place: int, risk: Risk) -> Situation:
    """One case beside its risk; tiers begin at the quantiles of the model's customers."""
    middle, large = (spread.quantile("mrr", level) for level in (MIDDLE_FROM, LARGE_FROM))
    tier = tier_of(cases.number(place, "mrr"), middle, large)
    return Situation(
        band=risk.band,
        theme=risk.theme,
        tier=tier,
        stage=stage_of(
            cases.people[place].status,
            cases.number(place, "days_since_sign_up"),
            cases.number(place, "term_months"),
            cases.number(place, "days_to_renewal"),
        ),
        touch=touch_of(cases.word(place, "touch"), tier),
        cause=risk.cause,
    )


def theme_of(said: Mapping[str, Any]) -> Theme | None:
    """The theme that raises the score most among those that reasons are told of."""
    points = said.get("themes", {})
    told = dict.fromkeys(reason.theme for reason in said["reasons"])
    strongest = max(told, key=lambda theme: points.get(theme, 0.0), default=None)
    return None if strongest is None else Theme(strongest)
