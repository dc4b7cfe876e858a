"""What `churn score` does for one date by an engine, and what it says of it."""

import json
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.engines import Engine

if TYPE_CHECKING:
    from features.settings import Settings
    from serving.batch import Outcome, Terms
    from serving.scorer import Scorer


def terms_of(settings: "Settings", accepted: str) -> "Terms":
    """How far a run may be from what is expected, by the settings."""
    from serving.batch import Terms
    from serving.likely import Limits

    limits = Limits(settings.most_shrunken_share, settings.most_moved_share)
    return Terms(settings.freshness_days, limits, accepted)


def scored(
    scorer: "Scorer",
    as_of: date,
    settings: "Settings",
    terms: "Terms",
    engine: Engine,
    quiet: bool,
) -> "Outcome":
    """Scores one date, with a progress bar, and copies it where the settings say so."""
    from features.progress import counted

    score_everyone = _by(engine, settings)
    with counted(f"scores as of {as_of}", quiet) as (total, step):
        outcome = score_everyone(scorer, as_of, settings.scores, terms, total, step)
    if settings.scores_url:
        from serving.sql_scores import copied

        copied(outcome.folder, as_of, settings.scores_url)
    return outcome


def _by(engine: Engine, settings: "Settings") -> Callable[..., "Outcome"]:
    """The night's job, by an engine."""
    if engine is Engine.DUCKDB:
        from serving.batch import score_everyone

        return score_everyone
    from serving.bundle import bundle_at
    from serving.spark import night

    return partial(night.score_everyone, bundle_at(settings.bundle))


def tried_in_words(
    scorer: "Scorer", as_of: date, scores: Path, terms: "Terms", as_json: bool
) -> str:
    """What a run would publish, in words or as JSON; nothing is written."""
    from serving.batch import tried

    said, held = tried(scorer, as_of, scores, terms)
    if as_json:
        return json.dumps({**said, "held_back_by": held}, indent=2, default=str)
    bands = ", ".join(f"{count:,} {band}" for band, count in said["by_band"].items())
    would = f"would be held back: {'; '.join(held)}" if held else "would be published"
    return (
        f"{as_of}: {said['scored']:,} of {said['customers']:,} customers would be scored "
        f"({bands}); the run {would}. Nothing was written."
    )


def said_of(outcome: "Outcome") -> dict[str, Any]:
    """What a run says of itself, as it is told in JSON."""
    return {"folder": str(outcome.folder), "changed": outcome.changed, **outcome.manifest}


def worded(outcome: "Outcome") -> str:
    """The same in words."""
    said = outcome.manifest
    aside = ", ".join(f"{count:,} {why}" for why, count in said["set_aside"].items())
    bands = ", ".join(f"{count:,} {band}" for band, count in said["by_band"].items())
    done = "written to" if outcome.changed else "there already, from the same inputs:"
    return (
        f"{said['as_of']}: {said['scored']:,} of {said['customers']:,} customers scored, {done} "
        f"{outcome.folder} (model {said['model_version']}; {bands}; not scored: {aside or 'none'})."
    )
