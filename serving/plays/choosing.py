"""Which play a customer is recommended, why, by when; and who is left alone on purpose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from features.holdout import held_out
from serving.plays.catalogue import PLAYS
from serving.plays.play import Play, Situation, Stage, Tier, Touch
from serving.schemas import Advice, Band

USUAL_SHARE = 0.05  # of the customers, held out: enough to learn from within a year
DUE_DAYS: Mapping[Band, int] = {Band.CRITICAL: 2, Band.HIGH: 5, Band.MEDIUM: 10}
LATEST_DAYS = 2  # where there is no band: who pays nothing or has given notice
FIRST_DAYS = 90  # the first quarter is the riskiest
RENEWAL_DAYS = 90  # the last checkpoint before a renewal
MIDDLE_FROM, LARGE_FROM = 0.5, 0.75  # quantiles of MRR


@dataclass(frozen=True)
class Playbook:
    """The plays, and the share of customers that get none, so that their effect can be told.

    Raises:
        ValueError: The share is not one from 0 to 1.
    """

    plays: Sequence[Play] = PLAYS
    holdout_share: float = USUAL_SHARE

    def __post_init__(self) -> None:
        if not 0 <= self.holdout_share <= 1:
            raise ValueError(f"A share is from 0 to 1, not {self.holdout_share}.")

    def holds_out(self, customer_id: str) -> bool:
        """Whether a customer is left alone on purpose; the same in every run, see `held_out`."""
        return held_out(customer_id, self.holdout_share)

    def advice(self, found: Situation, as_of: date, days_to_renewal: int | None) -> Advice | None:
        """The first play that fits; None where none does."""
        fits = ((play, play.grounds(found)) for play in self.plays)
        chosen = next(((play, why) for play, why in fits if why is not None), None)
        if chosen is None:
            return None
        play, grounds = chosen
        return Advice(
            play=play.name,
            touch=found.touch.value,
            grounds=grounds,
            due=as_of + timedelta(days=_days(found.band, days_to_renewal)),
        )


USUAL = Playbook()


def tier_of(mrr: float | None, middle: float, large: float) -> Tier:
    """The tier of an MRR, given where the upper tiers begin; MIDDLE where nothing is known."""
    if mrr is None:
        return Tier.MIDDLE
    return Tier.LARGE if mrr >= large else Tier.MIDDLE if mrr >= middle else Tier.SMALL


def touch_of(agreed: str | None, tier: Tier) -> Touch:
    """How a customer is looked after: as the business says, else by a person unless it is small."""
    if agreed in (Touch.TECH, Touch.HIGH):
        return Touch(agreed)
    return Touch.TECH if tier is Tier.SMALL else Touch.HIGH


def stage_of(
    status: str | None,
    days_since_sign_up: float | None,
    term_months: float | None,
    days_to_renewal: float | None,
) -> Stage:
    """Where a customer is in its life; who pays by the month renews all the time, so never."""
    if status in ("notice_given", "dunning"):
        return Stage.LEAVING if status == "notice_given" else Stage.UNPAID
    if days_since_sign_up is not None and days_since_sign_up < FIRST_DAYS:
        return Stage.ONBOARDING
    soon = days_to_renewal is not None and days_to_renewal <= RENEWAL_DAYS
    return Stage.RENEWAL if soon and (term_months or 0) > 1 else Stage.ESTABLISHED


def _days(band: Band, days_to_renewal: int | None) -> int:
    """How many days there are to begin: before the renewal, however low the band."""
    days = DUE_DAYS.get(band, LATEST_DAYS)
    return days if days_to_renewal is None else max(0, min(days, days_to_renewal - 1))
