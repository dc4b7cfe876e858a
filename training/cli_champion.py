"""The commands that move the champion by a person's word; here settings and the clock are read."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from features.settings import read_settings
from training.champions import Accession, Word, reigns
from training.champions import promote as promoted
from training.champions import rollback as rolled_back
from training.cli import registry_of
from training.track import Registry


def _said(given: str) -> str:
    if not given.strip():
        raise typer.BadParameter("say something: it is recorded with the model")
    return given.strip()


By = Annotated[str, typer.Option(help="Who says so; recorded.", callback=_said)]
Why = Annotated[str, typer.Option(help="Why; recorded.", callback=_said)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def promote(
    by: By,
    reason: Why,
    version: Annotated[
        str | None, typer.Argument(help="The version in the registry; default: the newest.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also where the gate refused it or never judged it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a version champion that the gate held, by a person's name and reason.

    Both are written onto the version and its run, with what was overridden. Ends with 7 if the gate
    refused it and --force was not said, with 6 if there is no such version or it cannot be served,
    with 2 if it is the champion already.
    """
    registry = registry_of(read_settings())
    _tell(registry, promoted(registry, version, _word(by, reason), force), as_json)


def rollback(by: By, reason: Why, as_json: AsJson = False) -> None:
    """Make the champion before today's champion again; once more goes one further back.

    Ends with 6 if there is none before it, or it cannot be served.
    """
    registry = registry_of(read_settings())
    _tell(registry, rolled_back(registry, _word(by, reason)), as_json)


def _word(by: str, reason: str) -> Word:
    return Word(by, reason, datetime.now(UTC))


def _tell(registry: Registry, told: Accession, as_json: bool) -> None:
    last = reigns(registry)[-1]
    said = asdict(last) | {"before": told.before, "overridden": list(told.overridden)}
    typer.echo(json.dumps(said, indent=2, ensure_ascii=False) if as_json else _worded(said))


def _worded(said: dict[str, Any]) -> str:
    instead = f" instead of version {said['before']}" if said["before"] else ""
    against = " AGAINST the gate's refusal" if said["how"] == "force" else ""
    lines = [
        f"Version {said['version']} is champion{instead}{against}: by {said['by']}, "
        f"because: {said['reason']}",
        *(f"  overridden: {each}" for each in said["overridden"]),
        "`churn score` and `churn serve` fetch it when they start.",
    ]
    return "\n".join(lines)
