"""The follower: it watches the registry's champion and publishes it for those who serve.

It is the one process with MLflow; the services' workers watch the pointer that it moves.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from features.errors import ChurnError, ContractError, ModelMissing
from serving.bundle import published

SUCCESSION = "champions.json"
NOTE = "champion_"  # as training.champions names them
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Champions:
    """A registry as the follower sees it: the champion's number (None: there is none), its files.

    All raise SourceError where the registry does not answer.
    """

    number: Callable[[], str | None]
    fetched: Callable[[str, Path], Path]
    notes: Callable[[], Mapping[str, str]] = dict  # one for each accession, as JSON, in order


def publish_champion(champions: Champions, bundle: Path) -> str:
    """Publish the champion as it is now; returns its number in the registry.

    Raises:
        ModelMissing: There is no champion, or it is broken or of another release: the model that
            was published before goes on.
        SourceError: The registry does not answer.
    """
    number = champions.number()
    if number is None:
        raise ModelMissing("The registry has no champion: `churn train` promotes one.")
    with TemporaryDirectory() as folder:
        try:
            place = published(champions.fetched(number, Path(folder)), bundle)
        except ContractError as broken:
            raise ModelMissing(f"The champion, version {number}, is refused: {broken}") from broken
    write_succession(champions.notes(), bundle)
    log.info("the champion, version %s, is published at %s", number, place)
    return number


def write_succession(notes: Mapping[str, str], bundle: Path) -> None:
    """Who was champion, for whoever serves without a registry; the file appears by one rename."""
    said = [json.loads(note) for key, note in sorted(notes.items()) if key.startswith(NOTE)]
    unfinished = bundle / f".{SUCCESSION}"
    unfinished.write_text(json.dumps(said, indent=2))
    unfinished.replace(bundle / SUCCESSION)


def follow(champions: Champions, bundle: Path, seconds: float, ended: Event) -> None:
    """Publish the champion whenever the alias has moved, until `ended`.

    What goes wrong is logged once and tried again: a registry that is away comes back. A champion
    that was refused is not tried again before the alias moves.
    """
    last: str | None = None
    said = ""
    while not ended.is_set():
        number, wrong = _looked(champions, bundle, last)
        if wrong and wrong != said:
            log.error("no new champion, what was published goes on: %s", wrong)
        last, said = number or last, wrong
        ended.wait(seconds)


def _looked(champions: Champions, bundle: Path, last: str | None) -> tuple[str | None, str]:
    """The champion's number after one look, and what went wrong."""
    number: str | None = None
    try:
        number = champions.number()
        if number is None or number != last:
            publish_champion(champions, bundle)
    except ModelMissing as refused:
        return number, str(refused)
    except (ChurnError, OSError) as away:
        return None, str(away)
    return number, ""
