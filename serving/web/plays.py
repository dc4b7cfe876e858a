"""The recommended play as a CSM reads it: why this one, and its steps with their days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from serving.plays.catalogue import BY_NAME
from serving.plays.play import Play, Step

GROUNDS: Mapping[str, str] = {
    "cause=involuntary": "the risk is a payment that fails, not a wish to leave",
    "stage=onboarding": "the customer is in its first 90 days",
    "stage=renewal": "the renewal is at most 90 days away",
    "stage=unpaid": "payments have failed for 60 days",
    "stage=leaving": "notice has been given",
    "tier=large": "the customer pays more than three quarters of the others",
    "band=medium": "the risk is above the usual",
    "band=high": "the risk is high",
    "band=critical": "the risk is critical",
}


@dataclass(frozen=True)
class Recommended:
    """A play for one customer: the catalogue's, the words why, the day to begin, dated steps."""

    play: Play
    touch: str
    why: str
    due: date
    steps: tuple[tuple[date, Step], ...]


def recommended(told: Mapping[str, Any]) -> Recommended | None:
    """What the newest run recommends; None where it recommends nothing that is known here."""
    advice = told["advice"]
    play = BY_NAME.get(advice["play"]) if advice else None
    if play is None:
        return None
    due = advice["due"]
    steps = tuple((due + timedelta(days=step.day), step) for step in play.steps)
    return Recommended(play, advice["touch"], why(advice["grounds"]), due, steps)


def why(grounds: Sequence[str]) -> str:
    """What of the situation asked for a play, as the end of a sentence with because."""
    said = [_ground(ground) for ground in grounds]
    return " and ".join(filter(None, [", ".join(said[:-1]), said[-1] if said else ""]))


def play_title(name: str | None) -> str:
    """A play as a person says it; one that is in no catalogue by its name."""
    if name is None:
        return "A play"
    return BY_NAME[name].title if name in BY_NAME else name.replace("_", " ").capitalize()


def _ground(ground: str) -> str:
    name, _, value = ground.partition("=")
    return f"{value} raises the score most" if name == "theme" else GROUNDS.get(ground, ground)
