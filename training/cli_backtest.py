"""The command of the backtest; here settings and the clock are read."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from features.catalogue import catalogue
from features.progress import steps
from features.settings import Settings, read_settings
from training.backtest import Stop, Walk
from training.backtest import backtest as walked
from training.cli import as_of_day, plan_of, read_history
from training.labels import label_of
from training.money import Offer
from training.walked import leave, lines


def backtest(  # noqa: PLR0913 (each is an option)
    *,
    history: Annotated[str | None, typer.Option(help="A folder, .duckdb file or URL.")] = None,
    now: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Walk with what was known by then; default: all."),
    ] = None,
    dates: Annotated[
        int | None, typer.Option(min=1, help="How many as-of dates, the newest; default: all.")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Every so many months.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, help="Boosters to average at each date.")] = 1,
    trees: Annotated[int | None, typer.Option(min=1, help="Trees of a booster.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Boosters fitted at a time.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Fit a model at each past as-of date on what was known then, and say how it would have done.

    Writes backtest.html, .json and .parquet into the home folder. A walk that was interrupted goes
    on where it stopped.
    """
    given = {"seeds": seeds} | ({"history": history} if history else {})
    settings = read_settings(**given)
    place = Path(settings.home) / "backtest"
    size = (dates, every, trees)
    stops, about = _walked(settings, now, size, threads, place, as_json)
    paths = leave(stops, place, about)
    typer.echo(_json(stops, paths) if as_json else _worded(stops, paths))


def _walked(
    settings: Settings,
    now: datetime | None,
    size: tuple[int | None, int, int | None],
    threads: int,
    place: Path,
    quiet: bool,
) -> tuple[list[Stop], dict[str, Any]]:
    dates, every, trees = size
    with steps(2 * (dates or 24), quiet, done="walked") as step:
        kept, day = as_of_day(read_history(settings, step), now.date() if now else None)
        plan = plan_of(settings, day, threads, trees)
        walk = Walk(
            label=label_of(settings),
            plan=plan,
            offer=Offer(**settings.offer.model_dump()),
            capacity=settings.capacity,
            dates=dates,
            every=every,
        )
        features = catalogue(settings.key_events, settings.milestones)
        stops = walked(kept, features, walk, place / "dates", step)
    return stops, {"now": str(plan.now), "seeds": len(plan.seeds), "trees": plan.trees}


def _json(stops: list[Stop], paths: dict[str, Path]) -> str:
    files = {kind: str(path) for kind, path in paths.items()}
    return json.dumps({"stops": [stop.said for stop in stops], "files": files}, indent=1)


def _worded(stops: list[Stop], paths: dict[str, Path]) -> str:
    again = sum(stop.again for stop in stops)
    kept = [f"{again} dates were taken from a walk before."] if again else []
    return "\n".join([*lines(stops), *kept, f"See {paths['html']} (and {paths['parquet']})."])
