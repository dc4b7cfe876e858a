"""The commands of features: the only place here that reads settings and the clock, and prints."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from features.catalogue import catalogue
from features.check import Terms, report, said
from features.check.shown import shown
from features.errors import ExitCode
from features.feature import Declaration
from features.featureset import FeatureSet
from features.history import History
from features.population import ACTIVE, population, population_by_activity
from features.settings import Settings, read_settings
from features.sources import opened
from features.usable import usable
from features.vectors import vectors

DAY = ["%Y-%m-%d"]
A_DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)

Location = Annotated[str | None, typer.Option(help="A folder, .duckdb file or database URL.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def check(
    history: Location = None,
    date_format: Annotated[str | None, typer.Option(help='Of text dates: "%d-%m-%Y".')] = None,
    now: Annotated[
        datetime | None,
        typer.Option(formats=DAY, help="Check as of the end of this day; default: now."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Report what is wrong with a history and what to do about it.

    Ends with 0 if the history can be used, whatever it warns of, and with 3 if there are errors.
    """
    settings = _settings(history=history, date_format=date_format)
    with _working("reading the history", quiet=as_json):
        told = report(settings.history, _end_of(now), terms(settings))
    _say(said(told) if as_json else shown(told))
    if told.errors:
        raise typer.Exit(ExitCode.CONTRACT)


def features(
    as_of: Annotated[
        list[datetime] | None,
        typer.Option(formats=DAY, help="Write vectors as of this date; may be repeated."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The Parquet file to write.")] = None,
    history: Location = None,
    as_json: AsJson = False,
) -> None:
    """Write the vectors of the active customers as of dates, or list the features."""
    settings = _settings(history=history)
    known = catalogue(settings.key_events, settings.milestones)
    if not as_of:
        _say({"features": [_entry(f) for f in known]} if as_json else _listed(known))
        return
    dates = sorted({moment.date() for moment in as_of})
    made, others = _computed(settings, known, dates, quiet=as_json)
    path = out or settings.home / "vectors.parquet"
    _write(made, path)
    told = {"file": str(path), "vectors": len(made), "features": len(known.names), "others": others}
    _say(told if as_json else Text(_worded(told)))


def terms(settings: Settings) -> Terms:
    """What the settings say a history is to be judged by."""
    return Terms(
        date_format=settings.date_format or "",
        outside_subscription=settings.usage_outside_subscription,
        contracts=settings.label == "contract",
        inactivity_days=settings.inactivity_days,
        gap_days=settings.gap_days,
        currency=settings.currency,
        freshness_days=settings.freshness_days,
    )


def _settings(**given: str | None) -> Settings:
    return read_settings(**{name: value for name, value in given.items() if value is not None})


def _end_of(day: datetime | None) -> datetime:
    """The last moment of a day, in UTC; the clock's where no day is given."""
    return day + A_DAY - MOMENT if day else datetime.now(UTC).replace(tzinfo=None)


def _computed(
    settings: Settings, known: FeatureSet, dates: Sequence[date], quiet: bool
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The vectors of the active customers, and how many others there were by status."""
    with _counting(2 * len(dates) + 1, quiet) as step:
        step("rows that can be used")
        kept, _ = usable(
            opened(settings.history, settings.date_format or ""),
            settings.usage_outside_subscription,
        )
        customers = []
        for as_of in dates:
            step(f"customers on {as_of}")
            customers.append(_on(settings, kept, as_of).assign(as_of=as_of))
        status = pd.concat(customers)
        active = status["status"] == ACTIVE
        made = vectors(known, kept, status[active], lambda d: step(f"vectors of {d}"))
    counts = status.loc[~active, "status"].value_counts().sort_index()
    return made, {str(name): int(count) for name, count in counts.items()}


def _on(settings: Settings, history: History, as_of: date) -> pd.DataFrame:
    if settings.label == "inactivity":
        return population_by_activity(history, as_of, settings.inactivity_days)
    return population(history, as_of)


def _write(made: pd.DataFrame, path: Path) -> None:
    """To a temporary name and renamed: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    made.reset_index().to_parquet(unfinished, index=False)
    unfinished.replace(path)


def _entry(feature: Declaration) -> dict[str, Any]:
    return {
        "name": feature.name,
        "is": str(feature),
        "unit": feature.unit,
        "theme": feature.theme.value,
        "risk": feature.risk.name.lower(),
    }


def _listed(known: FeatureSet) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("theme", "name", "unit", "risk", "is"):
        table.add_column(name)
    for entry in map(_entry, known):
        table.add_row(entry["theme"], entry["name"], entry["unit"], entry["risk"], entry["is"])
    more = "Write the vectors with --as-of YYYY-MM-DD --out FILE.parquet."
    return Group(table, Text(f"\n{len(known.names)} features. {more}"))


def _worded(told: dict[str, Any]) -> str:
    others = ", ".join(f"{count:,} {status}" for status, count in told["others"].items())
    aside = f" Not scored: {others}." if others else ""
    what = f"{told['vectors']:,} vectors of {told['features']} features"
    return f"{what} written to {told['file']}.{aside}"


def _say(what: dict[str, Any] | RenderableType) -> None:
    if isinstance(what, dict):
        typer.echo(json.dumps(what, indent=2))
    else:
        Console(highlight=False).print(what)


@contextmanager
def _working(what: str, quiet: bool) -> Iterator[None]:
    """Says on the error stream that something is going on; silent where nobody watches."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield
    else:
        with console.status(what):
            yield


@contextmanager
def _counting(steps: int, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A progress bar on the error stream; each call tells the step that has begun or ended."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=hidden) as bar:
        task = bar.add_task("", total=steps)
        yield lambda what: bar.update(task, description=what, advance=1)
