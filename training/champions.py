"""Who is champion, who was before, and by whose word: the alias moves here and nowhere else.

Every move is noted with the model's name in the registry (tags `champion_0001`, `champion_0002`,
...), so that one can walk back over several of them, and see who had moved it and why.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from features.errors import AlreadyChampion, ContractError, ModelMissing, Refused
from training import track
from training.gate import Decision
from training.model import loaded
from training.track import Registered, Registry

log = logging.getLogger(__name__)

How = Literal["gate", "hand", "force", "rollback"]
NOTE = "champion_"
LONGEST = 4_900  # of a tag that every store of MLflow keeps


@dataclass(frozen=True)
class Word:
    """Who says so, why and when: what an override leaves behind."""

    by: str
    reason: str
    at: datetime

    def __post_init__(self) -> None:
        if not (self.by.strip() and self.reason.strip()):
            raise ValueError("An override needs a name and a reason.")


@dataclass(frozen=True)
class Reign:
    """One accession: which version became champion, how, by whose word, why and when."""

    version: str
    how: How
    by: str
    reason: str
    at: str


@dataclass(frozen=True)
class Accession:
    """A new champion, the one before it, and what the gate had said that was overridden."""

    champion: Registered
    before: str | None
    overridden: tuple[str, ...] = ()


def settle(registry: Registry, made: Registered, decision: Decision) -> None:
    """Write the gate's decision onto a version and its run; make it champion if that is it."""
    track.tagged(registry, made, tags_of(decision))
    if decision.outcome == "promote":
        word = Word("gate", "\n".join(decision.reasons) or "no rule broken", made.at)
        _crown(registry, made.version, "gate", word)


def tags_of(decision: Decision) -> dict[str, str]:
    """A decision as tags: the outcome, its reasons one a line, and the numbers it went by."""
    numbers = {k: round(v, 6) for k, v in decision.numbers.items() if isfinite(v)}
    return {
        "gate": decision.outcome,
        "gate_reason": "\n".join(decision.reasons)[:LONGEST],
        "gate_numbers": json.dumps(numbers)[:LONGEST],
    }


def promote(registry: Registry, number: str | None, word: Word, force: bool = False) -> Accession:
    """Make a version champion by a person's word; the newest version where none is named.

    What the gate held is overridden by name and reason; what it refused, or never judged, only by
    force.

    Raises:
        ModelMissing: There is no such version, or this code cannot serve it.
        AlreadyChampion: It is the champion.
        Refused: The gate refused it, and force was not asked for.
    """
    asked, held = track.registered(registry, number), track.champion_version(registry)
    if asked.version == held:
        raise AlreadyChampion(f"Version {held} of {registry.name!r} is the champion already.")
    overridden = objections(asked)
    forced = bool(overridden) and asked.tags.get("gate") != "hold"
    if forced and not force:
        said = " ".join(overridden)
        raise Refused(f"The gate did not let version {asked.version} pass: {said} Say --force too.")
    _servable(registry, asked.version)
    how: How = "force" if forced else "hand"
    if forced:
        log.warning("version %s becomes champion AGAINST the gate", asked.version)
    track.tagged(registry, asked, _override(word, how, overridden))
    _crown(registry, asked.version, how, word)
    return Accession(asked, held, overridden)


def rollback(registry: Registry, word: Word) -> Accession:
    """Make the champion before today's champion again; another rollback goes one further back.

    Raises:
        ModelMissing: There is no champion, none before it, or this code cannot serve that one.
    """
    line = succession(registry)
    if len(line) < 2:
        what = f"no champion before version {line[0]}" if line else "no champion yet"
        raise ModelMissing(f"There is {what} of {registry.name!r} to go back to.")
    back = track.registered(registry, line[-2])
    _servable(registry, back.version)
    track.tagged(registry, track.registered(registry, line[-1]), _override(word, "rollback", ()))
    _crown(registry, back.version, "rollback", word)
    return Accession(back, line[-1])


def objections(made: Registered) -> tuple[str, ...]:
    """What the gate has against a version, in its own words; nothing, if it was let through."""
    outcome = made.tags.get("gate")
    if outcome == "promote":
        return ()
    if outcome is None:
        return ("It was never judged by the gate.",)
    return tuple(line for line in made.tags.get("gate_reason", "").split("\n") if line)


def reigns(registry: Registry) -> list[Reign]:
    """Every move of the alias, the first one first."""
    notes = track.chronicle(registry)
    return [Reign(**json.loads(note)) for key, note in notes.items() if key.startswith(NOTE)]


def succession(registry: Registry) -> list[str]:
    """The champions that one would walk back over, today's last.

    A champion that came by other means than this module's is taken as it is found.
    """
    line = _line(reigns(registry))
    held = track.champion_version(registry)
    return line if held is None or line[-1:] == [held] else [*line, held]


def _line(all_of_them: Sequence[Reign]) -> list[str]:
    line: list[str] = []
    for reign in all_of_them:
        if reign.how == "rollback":
            del line[-1:]
        if line[-1:] != [reign.version]:
            line.append(reign.version)
    return line


def _crown(registry: Registry, version: str, how: How, word: Word) -> None:
    known = reigns(registry)
    held = track.champion_version(registry)
    if held is not None and _line(known)[-1:] != [held]:
        found = Word("unknown", "found as champion, without any note of how it came", word.at)
        known.append(_noted(registry, held, "hand", found, len(known) + 1))
    _noted(registry, version, how, word, len(known) + 1)


def _noted(registry: Registry, version: str, how: How, word: Word, place: int) -> Reign:
    at = word.at.isoformat(timespec="seconds")
    reign = Reign(version, how, word.by, word.reason[: LONGEST // 2], at)
    note = json.dumps(asdict(reign), ensure_ascii=False)
    track.crowned(registry, version, f"{NOTE}{place:04d}", note)
    return reign


def _override(word: Word, how: How, overridden: Sequence[str]) -> dict[str, str]:
    told = {
        "override": how,
        "override_by": word.by,
        "override_reason": word.reason[:LONGEST],
        "override_at": word.at.isoformat(timespec="seconds"),
    }
    return told | ({"overridden": "\n".join(overridden)[:LONGEST]} if overridden else {})


def _servable(registry: Registry, number: str) -> None:
    """Refuses a model that the services could not load: they would stop at it."""
    with TemporaryDirectory() as folder:
        try:
            loaded(track.fetched(registry, number, Path(folder)))
        except ContractError as differs:
            raise ModelMissing(f"Version {number} cannot be served: {differs}") from differs
