"""The commands of features: the only place here that reads settings and the clock, and prints.

Each command imports what it needs when it is called, so that `--help` is there at once.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.engines import Engine, On, opened_by
from features.errors import ExitCode
from features.progress import steps

if TYPE_CHECKING:
    from rich.console import RenderableType

    from features.compact import Lay
    from features.feature import Declaration
    from features.featureset import FeatureSet
    from features.settings import Settings
    from features.written import Written

DAY = ["%Y-%m-%d"]
A_DAY = timedelta(days=1)
DEMO_STEPS = 5
DEMO_SETTINGS = """\
# The settings of a made-up company; docs and `churn COMMAND --help` say what else may be set.
home = "{home}"
currency = "EUR"
key_events = ["report_created", "export"]
"""
MOMENT = timedelta(microseconds=1)


Location = Annotated[str | None, typer.Option(help="A folder, .duckdb file or database URL.")]
Format = Annotated[str | None, typer.Option(help='How text dates are written: "%d-%m-%Y".')]
Incremental = Annotated[
    Path | None,
    typer.Option(
        help="A folder that keeps use summed up by day, so that a night reads what is new."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def check(
    history: Location = None,
    date_format: Format = None,
    now: Annotated[
        datetime | None,
        typer.Option(formats=DAY, help="Check as of the end of this day; default: now."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Report what is wrong with a history and what to do about it.

    Ends with 0 if the history can be used, whatever it warns of, and with 3 if there are errors.
    """
    from features.check import Terms, report, said
    from features.check.shown import shown

    settings = _settings(history=history, date_format=date_format)
    with steps(1, quiet=as_json) as step:
        step("reading the history")
        told = report(settings.history, _end_of(now), Terms.of(settings))
    _say(said(told) if as_json else shown(told))
    if told.errors:
        raise typer.Exit(ExitCode.CONTRACT)


def features(
    as_of: Annotated[
        list[datetime] | None,
        typer.Option(formats=DAY, help="Write vectors as of this date; may be repeated."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The Parquet file to write.")] = None,
    incremental: Incremental = None,
    history: Location = None,
    date_format: Format = None,
    engine: On = Engine.DUCKDB,
    as_json: AsJson = False,
) -> None:
    """Write the vectors of the active customers as of dates; without a date, list the features.

    The file has customer_id, as_of and one column per feature; default: vectors.parquet in home.
    Spark writes a folder of that name.
    """
    from features.catalogue import catalogue

    settings = _settings(history=history, date_format=date_format, partials=incremental)
    known = catalogue(settings.key_events, settings.milestones)
    if not as_of:
        _say({"features": [_entry(f) for f in known]} if as_json else _listed(known))
        return
    path = out or settings.home / "vectors.parquet"
    made = _written(settings, known, sorted(set(as_of)), path, engine, as_json)
    _say(asdict(made) | {"path": str(made.path)} if as_json else _worded(made))


def compact(
    to: Annotated[Path, typer.Option(help="The folder to keep the compacted history in.")],
    history: Location = None,
    date_format: Format = None,
    engine: On = Engine.DUCKDB,
    as_json: AsJson = False,
) -> None:
    """Lay a history out to be read fast: use in a file a month, sorted by customer and time.

    The folder is a history like any other: name it with --history. Run it again after new rows have
    arrived, late ones too: only the files whose rows are others are written, each in one move.
    """
    from features.compact import compact as laid_out
    from features.tables import TABLES

    settings = _settings(history=history, date_format=date_format)
    with (
        steps(len(TABLES) + 1, quiet=as_json) as step,
        opened_by(engine, settings, step) as found,
    ):
        made = laid_out(found, to, step, _lay(engine))
    count = {name: len(files) for name, files in asdict(made).items()}
    words = "{written} files written, {kept} kept, {removed} removed".format(**count)
    _say(asdict(made) | {"path": str(to)} if as_json else f"{to}: {words}.")


def simulate(
    to: Annotated[Path, typer.Option(help="The folder: history/, truth/ and churn.toml.")],
    customers: Annotated[int, typer.Option(min=100, help="How many customers.")] = 5000,
    months: Annotated[int, typer.Option(min=12, help="How many months of history.")] = 24,
    seed: Annotated[int, typer.Option(help="The same seed makes the same company.")] = 7,
) -> None:
    """Write a made-up company's history, and the settings that go with it."""
    from features.demo import simulate as lived
    from features.demo import write

    with steps(DEMO_STEPS, quiet=False) as step:
        made = lived(customers=customers, months=months, seed=seed, progress=step)
        step("writing")
        write(made, to / "history")
    (to / "churn.toml").write_text(DEMO_SETTINGS.format(home=to.as_posix()))
    rows = sum(len(table) for table in made.tables.values())
    typer.echo(f"{customers:,} customers and {rows:,} rows in {to / 'history'}")


def _settings(**given: str | Path | None) -> "Settings":
    from features.settings import read_settings

    return read_settings(**{name: value for name, value in given.items() if value is not None})


def _end_of(day: datetime | None) -> datetime:
    """The last moment of a day, in UTC; the clock's where no day is given."""
    return day + A_DAY - MOMENT if day else datetime.now(UTC).replace(tzinfo=None)


def _written(
    settings: "Settings",
    known: "FeatureSet",
    days: list[datetime],
    path: Path,
    engine: Engine,
    quiet: bool,
) -> "Written":
    from features.usable import require_read, usable

    active_days = settings.inactivity_days if settings.label == "inactivity" else None
    with steps(2 * len(days) + 2, quiet) as step, opened_by(engine, settings, step) as found:
        step("rows that can be used")
        kept, accounts = usable(found, settings.usage_outside_subscription)
        require_read(accounts)
        write = _writer(engine, settings)
        return write(known, kept, [day.date() for day in days], path, active_days, step)


def _lay(engine: Engine) -> "Lay":
    from features import compact as by_duckdb

    if engine is Engine.DUCKDB:
        return by_duckdb.lay
    from features.spark import laid_out

    return laid_out.lay


def _writer(engine: Engine, settings: "Settings") -> "Callable[..., Written]":
    from features import written

    if engine is Engine.DUCKDB:
        return partial(written.write_vectors, partials=settings.partials)
    from features.spark import written as by_spark

    return by_spark.write_vectors


def _entry(feature: "Declaration") -> dict[str, str]:
    return {
        "name": feature.name,
        "is": str(feature),
        "unit": feature.unit,
        "theme": feature.theme.value,
        "risk": feature.risk.name.lower(),
    }


def _listed(known: "FeatureSet") -> "RenderableType":
    from rich.console import Group
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    columns = ("theme", "name", "unit", "risk", "is")
    for name in columns:
        table.add_column(name)
    for entry in map(_entry, known):
        table.add_row(*(entry[name] for name in columns))
    more = "Write vectors with --as-of YYYY-MM-DD --out FILE.parquet."
    return Group(table, f"\n{len(known.names)} features. {more}")


def _worded(made: "Written") -> str:
    others = ", ".join(f"{count:,} {status}" for status, count in made.others.items())
    aside = f" Not scored: {others}." if others else ""
    return f"{made.vectors:,} vectors of {made.features} features written to {made.path}.{aside}"


def _say(what: "dict[str, Any] | RenderableType") -> None:
    from rich.console import Console

    if isinstance(what, dict):
        typer.echo(json.dumps(what, indent=2))
    else:
        Console(highlight=False, markup=False).print(what)
