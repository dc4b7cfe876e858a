"""A play is a sequence of steps over days, and the situations that it is meant for."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from features.feature import Theme
from serving.schemas import Band

Cause: TypeAlias = Literal["voluntary", "involuntary"]


class Touch(StrEnum):
    """Who does it: automatic mails and content, or a person."""

    TECH = "tech"
    HIGH = "high"


class Tier(StrEnum):
    """How much a customer pays, beside the others: the lower half, the next quarter, the rest."""

    SMALL = "small"
    MIDDLE = "middle"
    LARGE = "large"


class Stage(StrEnum):
    """Where a customer is in its life with the business."""

    ONBOARDING = "onboarding"
    ESTABLISHED = "established"
    RENEWAL = "renewal"
    UNPAID = "unpaid"
    LEAVING = "leaving"


class Channel(StrEnum):
    """How a step reaches the customer; `inside` is work among colleagues."""

    MAIL = "mail"
    CALL = "call"
    MEETING = "meeting"
    PRODUCT = "product"
    INSIDE = "inside"


@dataclass(frozen=True)
class Situation:
    """What is known of a customer when a play is chosen.

    `theme` is what raises the score most of what can be acted on; None where nothing does.
    """

    band: Band
    theme: Theme | None = None
    tier: Tier = Tier.MIDDLE
    stage: Stage = Stage.ESTABLISHED
    touch: Touch = Touch.HIGH
    cause: Cause | None = None


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """A kind of situation; what is left empty may be anything."""

    bands: tuple[Band, ...] = ()
    themes: tuple[Theme, ...] = ()
    tiers: tuple[Tier, ...] = ()
    stages: tuple[Stage, ...] = ()
    causes: tuple[Cause, ...] = ()

    def grounds(self, found: Situation) -> tuple[str, ...] | None:
        """What of the situation it asked for, such as theme=usage; None where it does not fit."""
        asked = {
            "cause": (self.causes, found.cause),
            "stage": (self.stages, found.stage),
            "theme": (self.themes, found.theme),
            "tier": (self.tiers, found.tier),
            "band": (self.bands, found.band),
        }
        used = {name: value for name, (wanted, value) in asked.items() if wanted}
        if any(value not in asked[name][0] for name, value in used.items()):
            return None
        return tuple(f"{name}={value}" for name, value in used.items())


@dataclass(frozen=True)
class Step:
    """What is done on which day of the play, counted from 0."""

    day: int
    channel: Channel
    what: str


@dataclass(frozen=True, kw_only=True)
class Play:
    """What to do about one kind of risk; `touches` are the ways it can be done.

    Raises:
        ValueError: The steps do not follow each other, or no situation asks for it.
    """

    name: str
    title: str
    aim: str
    touches: tuple[Touch, ...]
    when: tuple[Trigger, ...]
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        days = [step.day for step in self.steps]
        if not days or days[0] != 0 or days != sorted(set(days)):
            raise ValueError(f"The steps of {self.name!r} begin on day 0 and follow each other.")
        if not self.when or not self.touches:
            raise ValueError(f"The play {self.name!r} is for nobody: say when and by whom.")

    def grounds(self, found: Situation) -> tuple[str, ...] | None:
        """Why it fits a situation, by the first trigger that does; None where it does not fit."""
        if found.touch not in self.touches:
            return None
        fits = (trigger.grounds(found) for trigger in self.when)
        return next((grounds for grounds in fits if grounds is not None), None)
