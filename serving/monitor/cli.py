"""`churn monitor`: look, write down what is found, tell people. Settings are read here."""

import json
import logging
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import ExitCode, SettingsError

if TYPE_CHECKING:
    from features.settings import Settings
    from serving.monitor.alerts import Channel
    from serving.monitor.chronicle import Chronicle
    from serving.monitor.finding import Checked
    from serving.monitor.look import Look, Runs


class FailOn(StrEnum):
    """From which severity on the command ends with 10."""

    CRITICAL = "critical"
    WARNING = "warning"
    NEVER = "never"


def monitor(
    *,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Look as if it were this day. Default: today."),
    ] = None,
    history: Annotated[str | None, typer.Option(help="A folder, .duckdb file or URL.")] = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="End with 10 where a finding is as severe as this.")
    ] = FailOn.CRITICAL,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what is found; write nothing, tell nobody.")
    ] = False,
    try_alerts: Annotated[
        bool, typer.Option("--try-alerts", help="Send a message to try out webhook and e-mail.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say what has moved, gone missing or turned out otherwise, and what to do about it.

    Looks at the newest scores and the history behind them: freshness, missing values, drift, bands,
    the top of the list, a forecast of quality, and outcomes that have matured. What is found is
    kept, with the day since when, for the page; new findings are told by webhook and e-mail. Ends
    with 10 if a finding is critical, else with 12 if people could not be told.
    """
    given = {"history": history} if history else {}
    settings = _settings(**given)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log the webhook's address
    if try_alerts:
        typer.echo(_tried(settings))
        return
    today = datetime.now(UTC).date()
    if on and on.date() > today:
        raise SettingsError(f"--on {on.date()} lies in the future: today is {today}, in UTC.")
    looked, chronicle, wrong = _looked(settings, on.date() if on else today, dry_run, as_json)
    _say(looked, chronicle, as_json)
    if wrong:
        typer.echo("\n".join(f"churn: {each}" for each in wrong), err=True)
    if fails(looked, fail_on):
        raise typer.Exit(ExitCode.FINDINGS)
    if wrong:
        raise typer.Exit(ExitCode.UNTOLD)


def _tried(settings: "Settings") -> str:
    """Send a message by every channel, and say by which; raises SinkError."""
    from serving.monitor.alerts import Message

    channels = _channels(settings)
    if not channels:
        raise SettingsError("Neither alert_webhook nor alert_mail_to is set: nobody is told.")
    text = "Churn monitor: a message to try this out. Nothing is wrong."
    for channel in channels:
        channel.send(Message("Churn monitor: a trial", text))
    return f"Sent by {' and '.join(channel.name for channel in channels)}."


def fails(looked: "Look", fail_on: FailOn) -> bool:
    """Whether a look ends the command with 10."""
    from serving.monitor.finding import Severity

    if fail_on is FailOn.NEVER or looked.worst is None:
        return False
    return looked.worst.weight >= Severity(fail_on.value).weight


def _looked(
    settings: "Settings", today: date, dry_run: bool, quiet: bool
) -> tuple["Look", "Chronicle", list[str]]:
    """The look, the chronicle with it, and what went wrong in telling of it."""
    from serving.monitor.chronicle import alone, read, write

    if dry_run:
        looked = look_of(settings, today, quiet)
        return looked, read(settings.findings).after(looked), []
    with alone(settings.findings):
        before = read(settings.findings)
        looked = look_of(settings, today, quiet)
        chronicle = before.after(looked)
        write(settings.findings, chronicle)
        wrong = _told(settings, chronicle, today)
    return looked, chronicle, wrong


def _told(settings: "Settings", chronicle: "Chronicle", today: date) -> list[str]:
    """Tell by every channel, writing down who was told after each; what went wrong, in words."""
    from features.errors import SinkError
    from serving.monitor.alerts import Policy, tell
    from serving.monitor.chronicle import write
    from serving.monitor.finding import Severity

    policy = Policy(Severity(settings.alerts_from), settings.alert_again_days)
    wrong = []
    for channel in _channels(settings):
        try:
            chronicle = tell(chronicle, channel, policy, today)
        except SinkError as down:
            wrong.append(f"Not told by {channel.name}, the next look tries again: {down}")
            continue
        write(settings.findings, chronicle)
    return wrong


def _channels(settings: "Settings") -> "list[Channel]":
    from serving.sinks.alerting import channels_of
    from serving.sinks.patience import Clock

    return channels_of(settings, Clock())


def look_of(settings: "Settings", today: date, quiet: bool = False) -> "Look":
    """One look under the settings in force, with a progress bar."""
    from features.progress import counted
    from serving.bundle import bundle_at
    from serving.monitor.look import Asked, look, usual_at
    from serving.opening import HERE, history_of, scorer_of

    place = bundle_at(settings.bundle, HERE)
    kept = history_of(settings)
    scorer = scorer_of(settings, kept, lambda: datetime.now(UTC), place)
    asked = Asked(today, settings.freshness_days, settings.capacity)

    def outcomes(runs: "Runs") -> "Checked":
        from serving.monitor.outcomes import outcomes
        from training.labels import label_of

        return outcomes(runs, kept, label_of(settings), today)

    with counted(f"a look as of {today}", quiet) as (total, step):
        total(5)
        return look(scorer, settings.scores, usual_at(place), asked, outcomes, lambda _: step(1))


def _say(looked: "Look", chronicle: "Chronicle", as_json: bool) -> None:
    from serving.monitor.shown import said, shown

    if as_json:
        typer.echo(json.dumps(said(looked, chronicle), indent=2))
        return
    from rich.console import Console

    Console(highlight=False).print(shown(looked, chronicle))


def _settings(**given: Any) -> "Settings":
    from features.settings import read_settings

    return read_settings(**given)
