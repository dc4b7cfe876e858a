"""The commands of training: the only place here that reads settings and the clock."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import rmtree
from typing import Annotated, Any

import typer

from features.catalogue import catalogue
from features.check import Terms, refuse_errors, report
from features.errors import ExitCode
from features.history import History
from features.logged import read_log
from features.progress import steps
from features.settings import Settings, read_settings
from features.sources import opened
from features.sources.recorded import with_recorded
from features.usable import usable
from training.labels import label_of
from training.money import Offer
from training.run import Business, Outcome, run
from training.snapshots import Room, last_day
from training.track import Registry
from training.train import Plan

STEPS = Plan(now=date.min).train_dates + Plan(now=date.min).test_dates + 14


def train(
    history: Annotated[str | None, typer.Option(help="A folder, .duckdb file or URL.")] = None,
    now: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Train on what was known by then; default: all."),
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Boosters to average.")] = None,
    prediction_log: Annotated[
        Path | None, typer.Option(help="Served vectors, to hold against the history.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Boosters fitted at a time.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Train, judge and register a challenger; promote it if the gate lets it through.

    Ends with 0 if it is promoted and 7 if the gate refuses or holds it.
    """
    given = {"history": history, "seeds": seeds, "prediction_log": prediction_log}
    settings = read_settings(**{name: value for name, value in given.items() if value is not None})
    told = trained(settings, now.date() if now else None, threads, quiet=as_json)
    typer.echo(json.dumps(said(told), indent=2) if as_json else worded(told))
    if not told.promoted:
        raise typer.Exit(ExitCode.REFUSED)


def trained(
    settings: Settings, now: date | None = None, threads: int = 2, quiet: bool = False
) -> Outcome:
    """One training run under the settings in force, with a progress bar.

    Raises:
        InsufficientData: The history is too short to train on and judge by.
        SourceError: The history cannot be read.
        ContractError: `churn check` finds an error in it.
    """
    with steps(STEPS, quiet, done="trained") as step, scratch(settings) as folder:
        kept, day = as_of_day(read_history(settings, step), now)
        plan = plan_of(settings, day, threads)
        return _ran(settings, kept, replace(plan, room=replace(plan.room, folder=folder)), step)


@contextmanager
def scratch(settings: Settings) -> Iterator[Path]:
    """A folder in home for snapshots that find no room in memory, gone when they were used."""
    folder = Path(settings.home) / f".snapshots-{os.getpid()}"
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)


def read_history(settings: Settings, step: Callable[[str], None]) -> History:
    """The usable rows of the history that the settings name; errors as for `trained`."""
    step("checking the history")
    clock = datetime.now(UTC).replace(tzinfo=None)
    refuse_errors(report(settings.history, clock, Terms.of(settings)))
    found = opened(settings.history, settings.date_format or "")
    kept, _ = usable(found, settings.usage_outside_subscription)
    return with_recorded(kept, settings.recorded)


def as_of_day(history: History, now: date | None) -> tuple[History, date]:
    """The history as it was known on a day, and that day; all of it, up to its end, by default."""
    return (history, last_day(history)) if now is None else (history.until(now), now)


def plan_of(settings: Settings, now: date, threads: int, trees: int | None = None) -> Plan:
    """How the settings would have a model trained as of a day; `trees` wins over them."""
    chosen = settings.booster.model_dump(exclude_none=True)
    size = trees or chosen.pop("trees", Plan.trees)
    seeds = tuple(range(1, settings.seeds + 1))
    chosen.pop("trees", None)
    return Plan(
        now=now,
        seeds=seeds,
        threads=threads,
        booster=chosen,
        trees=size,
        holdout_share=settings.holdout_share,
        room=Room(settings.training_rows),
    )


def _ran(settings: Settings, history: History, plan: Plan, step: Callable[[str], None]) -> Outcome:
    named = {"key_events": list(settings.key_events), "milestones": list(settings.milestones)}
    log = read_log(settings.prediction_log) if settings.prediction_log else None
    if log is not None:
        log = log[log["as_of"] <= plan.now]
    offer = Offer(**settings.offer.model_dump())
    business = Business(offer, settings.capacity, named, settings.currency, log)
    return run(
        history,
        catalogue(settings.key_events, settings.milestones),
        label_of(settings),
        plan,
        registry_of(settings),
        business,
        step,
    )


def registry_of(settings: Settings) -> Registry:
    """The registry that the settings name; artifacts lie beside a registry of our own."""
    own = settings.tracking_uri.startswith("sqlite:")
    if own:
        Path(settings.home).mkdir(parents=True, exist_ok=True)
    artifacts = Path(settings.home) / "artifacts" if own else None
    return Registry(settings.tracking_uri, settings.model_name, artifacts)


def said(told: Outcome) -> dict[str, Any]:
    """A run as one JSON object."""
    card, decision = told.verdict.scorecard, told.verdict.decision
    return {
        "version": told.trained.model.version,
        "registered": told.registered.version,
        "run_id": told.registered.run_id,
        "decision": decision.outcome,
        "promoted": told.promoted,
        "insufficient": told.trained.model.insufficient,
        "reasons": list(decision.reasons),
        "grade": card.grade.letter,
        "auc": card.ranking.auc.value.point,
        "auc_interval": [card.ranking.auc.value.low, card.ranking.auc.value.high],
        "log_loss": card.probability.log_loss.value.point,
        "lift_top_decile": card.ranking.top_decile_lift.value.point,
        "slope": card.probability.slope.value.point,
        "observed_expected": card.probability.observed_expected.value.point,
        "baselines": {
            row.name: {"auc": row.auc.point, "log_loss": row.log_loss.point}
            for row in card.baselines
        },
        "trained_on": [d.isoformat() for d in told.trained.split.train],
        "tested_on": [d.isoformat() for d in told.trained.split.test],
        "excluded": dict(told.trained.snapshots.excluded),
        "data_digest": told.trained.digest,
    }


def worded(told: Outcome) -> str:
    """A run in words."""
    card, decision = told.verdict.scorecard, told.verdict.decision
    shown = [card.ranking.top_decile_lift, card.probability.slope]
    shown += [card.probability.observed_expected]
    outcome = {"promote": "promoted to champion", "refuse": "refused", "hold": "held for a person"}
    lines = [
        f"Model {told.trained.model.version} (registered as version {told.registered.version}): "
        f"{outcome[decision.outcome]}, grade {card.grade.letter}.",
        *(f"  - {reason}" for reason in decision.reasons),
        *(f"  - {each.sentence}" for each in shown if not told.trained.model.insufficient),
    ]
    return "\n".join(lines)
