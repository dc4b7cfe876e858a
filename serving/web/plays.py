"""The recommended play as a CSM reads it: why this one, and its steps with their days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from features.languages import Language
from features.languages import marked as _
from serving.plays.catalogue import BY_NAME
from serving.plays.play import Play, Step
from serving.web import words

# Each follows "because", and stands beside others in a list.
GROUNDS: Mapping[str, str] = {
    "cause=involuntary": _("the risk is a payment that fails, not a wish to leave"),
    "stage=onboarding": _("the customer is in its first 90 days"),
    "stage=renewal": _("the renewal is at most 90 days away"),
    "stage=unpaid": _("payments have failed for 60 days"),
    "stage=leaving": _("notice has been given"),
    "tier=large": _("the customer pays more than three quarters of the others"),
    "band=medium": _("the risk is above the usual"),
    "band=high": _("the risk is high"),
    "band=critical": _("the risk is critical"),
}


@dataclass(frozen=True)
class Recommended:
    """A play for one customer: the catalogue's, the words why, the day to begin, dated steps."""

    play: Play
    touch: str
    why: str
    due: date
    steps: tuple[tuple[date, Step], ...]


def recommended(told: Mapping[str, Any], language: Language) -> Recommended | None:
    """What the newest run recommends; None where it recommends nothing that is known here."""
    advice = told["advice"]
    play = BY_NAME.get(advice["play"]) if advice else None
    if play is None:
        return None
    due = advice["due"]
    steps = tuple((due + timedelta(days=step.day), step) for step in play.steps)
    return Recommended(play, advice["touch"], why(advice["grounds"], language), due, steps)


def why(grounds: Sequence[str], language: Language) -> str:
    """What of the situation asked for a play, as the end of a sentence with because."""
    return language.listed([_ground(ground, language) for ground in grounds])


def play_title(language: Language, name: str | None) -> str:
    """A play as a person says it; one that is in no catalogue by its name."""
    if name is None:
        return language.say("A play")
    if name in BY_NAME:
        return language.say(BY_NAME[name].title)
    return name.replace("_", " ").capitalize()


def _ground(ground: str, language: Language) -> str:
    name, _of, value = ground.partition("=")
    if name == "theme":
        theme = words.theme(language, value).lower()
        return language.say("{theme} raises the score most", theme=theme)
    return language.say(GROUNDS[ground]) if ground in GROUNDS else ground
