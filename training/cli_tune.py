"""The command of the search for settings; here settings and the clock are read."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from features.catalogue import catalogue
from features.errors import ExitCode
from features.progress import steps
from features.settings import Settings, config_file, read_settings
from training import chosen
from training.cli import as_of_day, plan_of, read_history, registry_of
from training.labels import label_of
from training.trials import Search
from training.tune import Tuned
from training.tune import tune as searched


def tune(  # noqa: PLR0913 (each is an option)
    *,
    history: Annotated[str | None, typer.Option(help="A folder, .duckdb file or URL.")] = None,
    now: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Tune as of this day; default: the data's end."),
    ] = None,
    trials: Annotated[
        int, typer.Option(min=1, help="Settings to try in all, the default among them.")
    ] = 30,
    seconds: Annotated[
        float | None, typer.Option(min=1, help="Begin no trial after so many seconds.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes other trials.")] = 0,
    seeds: Annotated[int | None, typer.Option(min=1, help="Boosters to average.")] = None,
    write: Annotated[
        bool, typer.Option(help="Put better settings into churn.toml's [booster].")
    ] = False,
    threads: Annotated[int, typer.Option(min=1, help="Boosters fitted at a time.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Look for better settings of the trees than the default, and say whether they are better.

    Trials are judged by log-loss on folds inside the training window; the best is then held against
    the default on later dates. Mostly the default is kept: it was chosen to be hard to beat. A
    search that was interrupted goes on. Ends with 7 if --write finds nothing better to write.
    """
    given = {"history": history, "seeds": seeds}
    settings = read_settings(**{name: value for name, value in given.items() if value is not None})
    search = Search(trials=trials, seconds=seconds, seed=seed)
    tuned = _tuned(settings, now, search, threads, as_json)
    run_id = chosen.noted(registry_of(settings), tuned)
    file = config_file(os.environ) if write and tuned.better else None
    if file:
        chosen.written(tuned.best.settings, file)
    typer.echo(_json(tuned, run_id, file) if as_json else _worded(tuned, file, write))
    if write and not file:
        raise typer.Exit(ExitCode.REFUSED)


def _tuned(
    settings: Settings, now: datetime | None, search: Search, threads: int, quiet: bool
) -> Tuned:
    with steps(search.trials + 32, quiet, done="tuned") as step:
        kept, day = as_of_day(read_history(settings, step), now.date() if now else None)
        plan = plan_of(settings, day, threads)
        features = catalogue(settings.key_events, settings.milestones)
        folder = Path(settings.home) / "tune"
        return searched(kept, features, label_of(settings), plan, search, folder, step)


def _json(tuned: Tuned, run_id: str, file: Path | None) -> str:
    return json.dumps(chosen.said(tuned, run_id, file), indent=1)


def _worded(tuned: Tuned, file: Path | None, asked: bool) -> str:
    lines = chosen.worded(tuned)
    if file:
        lines.append(f"They are in {file} now: `churn train` trains with them.")
    elif asked:
        lines.append("Nothing was written.")
    return "\n".join(lines)
