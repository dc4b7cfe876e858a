"""From settings to a Scorer: the model in force beside the history, if there is one."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from features.catalogue import catalogue
from features.errors import ContractError, ModelMissing, SourceError
from features.history import History
from features.languages import language_of
from features.settings import Settings
from features.sources import opened
from features.usable import require_read, usable
from serving.bands import limits_of
from serving.bundle import bundle_at
from serving.confidence import record_of
from serving.keys import Keys
from serving.live import Live
from serving.plays.choosing import Playbook
from serving.retold import Words
from serving.scorer import Heard, Scorer
from serving.store import Store
from serving.tracing import span
from training.model import ChurnModel, loaded

log = logging.getLogger(__name__)
HERE = Path(__file__).parent.parent
NOBODY = History({})


def live_of(
    settings: Settings, history: History, clock: Callable[[], datetime], heard: Heard
) -> Live:
    """The Scorer that answers now, and whatever model the bundle's pointer names later.

    `heard` is told of the predictions that are answered.

    Raises:
        ModelMissing: As `scorer_of`.
    """
    return Live(
        lambda: bundle_at(settings.bundle, HERE),
        lambda place: replace(scorer_of(settings, history, clock, place), heard=heard),
    )


def scorer_of(
    settings: Settings, history: History, clock: Callable[[], datetime], place: Path | None = None
) -> Scorer:
    """The model in a folder, or in the bundle that the settings name, beside a history.

    Raises:
        ModelMissing: There is no model there, it is broken, or it was trained on other
            definitions of features than this code's.
    """
    place = place or bundle_at(settings.bundle, HERE)
    model = _model(place)
    return Scorer(
        model=model,
        history=history,
        limits=limits_of(model.about, settings.bands),
        clock=clock,
        use_days=model.horizon_days if settings.label == "inactivity" else None,
        playbook=Playbook(holdout_share=settings.holdout_share),
        language=language_of(settings.language),
        freshness_days=settings.freshness_days,
        store=Store(settings.scores),
        record=record_of(place),
    )


def words_of(settings: Settings) -> Words:
    """What reasons are about and told in, unless somebody asks for another language."""
    features = catalogue(settings.key_events, settings.milestones)
    return Words(features, language_of(settings.language))


def keys_of(settings: Settings) -> Keys:
    """The keys that callers show."""
    single = settings.api_key.get_secret_value() if settings.api_key else None
    return Keys(settings.keys, single)


def _model(folder: Path) -> ChurnModel:
    try:
        with span("load", alone=True):
            return loaded(folder)
    except ContractError as differs:
        raise ModelMissing(f"The model at {folder} cannot be used: {differs}") from differs


def history_of(settings: Settings, found: History | None = None) -> History:
    """The usable rows of a history, or of the one that the settings name; raises SourceError."""
    found = found or opened(settings.history, settings.date_format or "")
    kept, accounts = usable(found, settings.usage_outside_subscription)
    require_read(accounts)
    return kept


def history_if_any(settings: Settings) -> History:
    """The same, or nobody's where none was named: such a service still scores what it is sent.

    Raises:
        SourceError: The history that was named cannot be read. Whoever starts the service tries
            again, and until then it is not ready.
    """
    try:
        return history_of(settings)
    except SourceError as missing:
        if "history" in settings.model_fields_set:
            raise
        log.warning("no history to score customers from: %s", missing)
        return NOBODY
