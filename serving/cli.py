"""The commands of serving: here, in service.py and in web/ alone settings and the clock are read.

Each command imports what it needs when it is called, so that `--help` is there at once.
"""

import json
import logging
import os
import signal
import socket
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.engines import Engine, On, opened_by
from features.errors import SettingsError

if TYPE_CHECKING:
    from features.settings import Settings
    from serving.follow import Champions
    from serving.scorer import Scorer

log = logging.getLogger(__name__)

SERVICE = "serving.service:ChurnService"
APART = timedelta(days=28)  # whole weeks, so that weekdays do not make a trend
SQLITE = "sqlite:///"


def score(  # noqa: PLR0913, PLR0917 (each is an option)
    as_of: Annotated[
        list[datetime] | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Score what was known before this date; may be repeated. Default: the day after "
            "the data ends, today at the latest.",
        ),
    ] = None,
    earlier: Annotated[
        int, typer.Option(min=0, help="Score so many earlier dates too, 28 days apart.")
    ] = 0,
    history: Annotated[str | None, typer.Option(help="A folder, .duckdb file or URL.")] = None,
    to: Annotated[Path | None, typer.Option(help="The scores' folder.")] = None,
    accept: Annotated[
        str, typer.Option(help="Publish what differs too much from the last run, for this reason.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be published; write nothing.")
    ] = False,
    engine: On = Engine.DUCKDB,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Score the whole base as of a date into the scores' data set.

    The same model, data and date again change nothing; a killed run goes on where it was. Ends
    with 4 if the data is too old, with 6 if there is no model, with 8 if another run is writing and
    with 9 if the scores differ too much from the last run's.
    """
    from serving.opening import history_of, scorer_of
    from serving.runs import said_of, scored, terms_of, tried_in_words, worded

    given = {"history": history, "scores": to}
    settings = _settings(**{name: value for name, value in given.items() if value is not None})
    if dry_run and engine is Engine.SPARK:
        raise SettingsError(
            "--dry-run is for DuckDB: Spark holds an unlikely run back all the same."
        )
    fetch(settings)
    terms = terms_of(settings, accept)
    with opened_by(engine, settings) as found:
        scorer = scorer_of(settings, history_of(settings, found), lambda: datetime.now(UTC))
        dates = dates_of(scorer, [moment.date() for moment in as_of or ()], earlier)
        if dry_run:
            told = [tried_in_words(scorer, day, settings.scores, terms, as_json) for day in dates]
            typer.echo("\n".join(told))
            return
        scorer = replace(scorer, partials=settings.partials)
        outcomes = [scored(scorer, day, settings, terms, engine, as_json) for day in dates]
    typer.echo(
        json.dumps({"runs": [said_of(outcome) for outcome in outcomes]}, indent=2)
        if as_json
        else "\n".join(worded(outcome) for outcome in outcomes)
    )


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="The port.")] = None,
) -> None:
    """Serve the API and the pages, with the champion as it is now."""
    given = {"host": host, "port": port}
    settings = _settings(**{name: value for name, value in given.items() if value is not None})
    require_keys(settings)
    fetch(settings)
    require_free(settings.host, settings.port)
    os.environ.setdefault("BENTOML_HOME", str(settings.home.resolve() / "bentoml"))
    os.environ["BENTOML_DO_NOT_TRACK"] = "True"
    typer.echo(
        f"Serving at http://{settings.host}:{settings.port} in a few seconds; Ctrl+C ends it."
    )
    where = ["--host", settings.host, "--port", str(settings.port)]
    # The server takes this process's place, so that whoever started it can end it.
    os.execv(sys.executable, [sys.executable, "-m", "bentoml", "serve", SERVICE, *where])  # noqa: S606


def follow(
    once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False,
    every: Annotated[
        float | None, typer.Option(min=0.1, help="Seconds between two looks at the registry.")
    ] = None,
) -> None:
    """Watch the registry's champion and publish it for those who serve, until it is ended.

    A running `churn serve` changes its model without a restart. With --once it ends with 6 if there
    is no champion, or a broken one.
    """
    from serving.follow import follow, publish_champion

    settings = _settings(**({"follow_seconds": every} if every else {}))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if once:
        publish_champion(_champions(settings), settings.bundle)
        return
    ended = Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: ended.set())
    follow(_champions(settings), settings.bundle, settings.follow_seconds, ended)


def fetch(settings: "Settings") -> None:
    """Publish the champion of the registry into the bundle, if there is a registry to ask.

    Raises:
        ModelMissing: No model has been promoted, and none was published before.
    """
    from features.errors import ModelMissing, SourceError
    from serving.bundle import bundle_at
    from serving.follow import publish_champion

    if _has_registry(settings):
        try:
            publish_champion(_champions(settings), settings.bundle)
        except (ModelMissing, SourceError) as missing:
            log.warning("a model published before is used, if there is one: %s", missing)
    bundle_at(settings.bundle)


def _champions(settings: "Settings") -> "Champions":
    from serving.follow import Champions
    from training import track

    registry = track.Registry(settings.tracking_uri, settings.model_name)
    return Champions(
        lambda: track.champion_version(registry),
        lambda number, into: track.fetched(registry, number, into),
        lambda: track.chronicle(registry),
    )


def dates_of(scorer: "Scorer", named: list[date], earlier: int) -> list[date]:
    """The dates to score, oldest first.

    Raises:
        SettingsError: A date lies in the future.
    """
    today = scorer.clock().date()
    if late := [day for day in named if day > today]:
        raise SettingsError(f"--as-of {late[0]} lies in the future: today is {today}, in UTC.")
    latest = named or [scorer.next_as_of()]
    return sorted({day - APART * back for day in latest for back in range(earlier + 1)})


def require_keys(settings: "Settings") -> None:
    """Refuses to listen where others can ask while nobody needs a key.

    Raises:
        SettingsError: No key or issuer is configured and the host is not this machine alone.
    """
    from serving.access import is_this_machine
    from serving.opening import keys_of

    known = keys_of(settings).are_there or settings.oidc
    if not known and not is_this_machine(settings.host):
        raise SettingsError(
            f"No key is configured, so nobody but this machine may ask: {settings.host} would let "
            "everybody in. Make a key with `churn keys add NAME --role score`, or serve 127.0.0.1."
        )


def require_free(host: str, port: int) -> None:
    """Refuses a port that another process listens on.

    Raises:
        SettingsError: It is taken, or the host is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"Cannot listen on {host}:{port}: {error.strerror}. Name another with --port or "
                "--host, or end the process that listens there."
            ) from error


def _settings(**given: Any) -> "Settings":
    from features.settings import read_settings

    return read_settings(**given)


def _has_registry(settings: "Settings") -> bool:
    """Whether MLflow is installed and its data base is there; asking would make an empty one."""
    uri = settings.tracking_uri
    there = not uri.startswith(SQLITE) or Path(uri.removeprefix(SQLITE)).is_file()
    return there and find_spec("mlflow") is not None
