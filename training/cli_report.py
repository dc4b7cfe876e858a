"""The command of the report; here settings and the clock are read."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from features.progress import steps
from features.settings import read_settings
from training.cli import read_history, registry_of
from training.files import put
from training.labels import label_of
from training.reported import Report, gathered
from training.snapshots import last_day


def report(
    version: Annotated[
        str | None, typer.Argument(help="The version in the registry; default: the champion.")
    ] = None,
    history: Annotated[str | None, typer.Option(help="A folder, .duckdb file or URL.")] = None,
    to: Annotated[Path | None, typer.Option(help="The file; default: report.html at home.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Write one page about a model: scorecard, model card, backtest and drift.

    The page fetches nothing and can be mailed. Before there is a champion it is about the newest
    version. Ends with 6 if there is no such version.
    """
    settings = read_settings(**({"history": history} if history else {}))
    with steps(4, as_json, done="reported") as step:
        kept = read_history(settings, step)
        step("gathering what is known")
        walked, today = settings.home / "backtest", datetime.now(UTC).date()
        terms = (label_of(settings), walked, last_day(kept), today)
        told = gathered(registry_of(settings), kept, *terms, version)
    file = put(to or settings.home / "report.html", told.page)
    typer.echo(json.dumps(said(told, file), indent=1) if as_json else worded(told, file))


def said(told: Report, file: Path) -> dict[str, Any]:
    """The report as one JSON object."""
    drifts = told.moved.drifts if told.moved else ()
    return {
        "file": str(file),
        "version": told.registered.version,
        "champion": told.champion,
        "grade": told.documents["scorecard"]["grade"]["letter"],
        "backtest": told.walk is not None,
        "drift": {each.name: each.psi for each in drifts},
        "moved": [each.name for each in drifts if each.warns],
    }


def worded(told: Report, file: Path) -> str:
    """The report in a few lines."""
    grade = told.documents["scorecard"]["grade"]
    lines = [f"{told.standing}: grade {grade['letter']}.", _drift(told)]
    if told.walk is None:
        lines.append("No backtest yet: `churn backtest` makes one.")
    return "\n".join([*lines, f"See {file}."])


def _drift(told: Report) -> str:
    if told.moved is None:
        return "Drift cannot be told of a model made before there was a reference: train anew."
    names = ", ".join(each.name for each in told.moved.warning)
    return f"Drift on {told.moved.as_of}: {names or 'nothing has moved'}."
