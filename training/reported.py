"""One page about a model: scorecard, model card, backtest and drift, from where they lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import UndefinedError

from features.drift import Drift, reference_at
from features.errors import ContractError
from features.history import History
from features.vectors import vectors
from training import track
from training.backtest import stop_of
from training.files import read
from training.labels import Label
from training.model import ChurnModel, loaded
from training.page.rendered import rendered, told
from training.references import EVERYONE
from training.snapshots import active_on
from training.track import Registered, Registry
from training.walked import told as told_walk

SHOWN = 20  # columns; those that warn are shown in any case


@dataclass(frozen=True)
class Moved:
    """The drift of the newest vectors and scores from where the model was judged."""

    as_of: date
    customers: int
    drifts: tuple[Drift, ...]
    then: Mapping[str, str]
    now: Mapping[str, str]

    @property
    def warning(self) -> tuple[Drift, ...]:
        """What asks for a look."""
        return tuple(each for each in self.drifts if each.warns)


def moved(bundle: Path, history: History, label: Label, as_of: date) -> Moved | None:
    """How far customers of a date are from those judged; None of a model without reference.

    Raises:
        ContractError: The model is not of this code.
    """
    reference, model = reference_at(bundle), loaded(bundle)
    if reference is None:
        return None
    spine, _ = active_on(history, label, [as_of])
    made = vectors(model.features, history, spine)
    drifts = reference.drifts(made, model.probability(made))
    return Moved(as_of, len(made), tuple(drifts), _then(model), _usual(made, model))


def _then(model: ChurnModel) -> dict[str, str]:
    """The middle value of each number among the customers learnt from."""
    known = model.references.quantiles.get(EVERYONE, {})
    return {name: _figure(model.references.median(name)) for name in known}


def _usual(made: pd.DataFrame, model: ChurnModel) -> dict[str, str]:
    worded = model.features.categorical
    numbers = [name for name in model.features.names if name not in worded]
    middle = made[numbers].median()
    return {name: _figure(float(middle[name])) for name in numbers}


def _figure(value: float) -> str:
    return "nothing known" if np.isnan(value) else f"{value:,.4g}"


def said_of(found: Moved) -> dict[str, Any]:
    """What the page shows of drift."""
    score, *columns = found.drifts
    warning = [each for each in columns if each.warns]
    shown = columns[: max(SHOWN, len(warning))]
    return {
        "moved": bool(found.warning),
        "answer": _answer(score, len(warning)),
        "lines": [
            f"{found.customers:,} active customers of {found.as_of} against those of the dates it "
            "was judged on.",
            f"Score: PSI {score.psi:.3f} (warns at {score.limit:.3f}).",
            f"{len(warning)} of {len(columns)} features have moved"
            + (f": {', '.join(each.name for each in warning[:5])}." if warning else "."),
        ],
        "rows": [_row(each, found) for each in (score, *shown)],
        "rest": len(columns) - len(shown),
    }


def _answer(score: Drift, warning: int) -> str:
    if score.warns:
        return "The scores have moved: look why, and train anew if customers have changed."
    if warning:
        return "Some features have moved, the scores have not: look at those features."
    return "Customers are as they were when the model was judged."


def _row(each: Drift, found: Moved) -> dict[str, Any]:
    kept = {"name": each.name, "psi": each.psi, "limit": each.limit, "warns": each.warns}
    return kept | {"then": found.then.get(each.name, ""), "now": found.now.get(each.name, "")}


def walk_at(folder: Path) -> dict[str, Any] | None:
    """What `churn backtest` wrote, for the page; None if nobody has walked yet."""
    said = read(folder / "backtest.json")
    if said is None:
        return None
    return told_walk([stop_of(each) for each in said["stops"]], said["about"])


def documents(registry: Registry, made: Registered) -> dict[str, Any]:
    """The JSON documents that the run of a version left, by name."""
    client = registry.client
    left = [each.path for each in client.list_artifacts(made.run_id)]
    with TemporaryDirectory() as folder:
        paths = (
            Path(client.download_artifacts(made.run_id, path, folder))
            for path in left
            if path.endswith(".json")
        )
        return {path.stem: read(path) for path in paths}


@dataclass(frozen=True)
class Report:
    """All that is said of one registered version; `today` is the day on which it is said."""

    registered: Registered
    champion: bool
    documents: Mapping[str, Any]
    moved: Moved | None
    walk: Mapping[str, Any] | None
    today: date

    @property
    def page(self) -> str:
        """The report as one page that fetches nothing.

        Raises:
            ContractError: The version was judged by another release, which asked other questions.
        """
        try:
            return self._page
        except (UndefinedError, KeyError) as error:
            raise ContractError(
                f"Version {self.registered.version} was judged by another release (its scorecard "
                f"lacks something: {error}): train a model with this release and report on that."
            ) from error

    @property
    def _page(self) -> str:
        left = self.documents
        others = [left[name] for name in sorted(left) if name.startswith("scorecard_")]
        report = {
            "standing": self.standing,
            "today": self.today,
            "model_card": left.get("model_card"),
            "walk": self.walk,
            "drift": said_of(self.moved) if self.moved else None,
        }
        about = left.get("about") or self._about
        return rendered("report.html", told=told(left["scorecard"], about, others), report=report)

    @property
    def standing(self) -> str:
        """Which version it is, and whether it is in force."""
        held = "the champion" if self.champion else "not the champion"
        return f"Version {self.registered.version} in the registry, {held}"

    @property
    def _about(self) -> dict[str, Any]:
        """Of a model made before runs left it."""
        decision = self.documents["decision"]
        return {
            "version": f"version {self.registered.version}",
            "decision": decision["outcome"],
            "reasons": decision["reasons"],
            "currency": "",
        }


def gathered(
    registry: Registry,
    history: History,
    label: Label,
    walked: Path,
    as_of: date,
    today: date,
    number: str | None = None,
) -> Report:
    """The report on a version; on the champion or, before there is one, on the newest.

    `walked` is the folder that `churn backtest` wrote.

    Raises:
        ModelMissing: There is no such version.
        ContractError: The model is not of this code.
    """
    held = track.champion_version(registry)
    made = track.registered(registry, number or held)
    with TemporaryDirectory() as folder:
        bundle = track.fetched(registry, made.version, Path(folder))
        found = moved(bundle, history, label, as_of)
    left = documents(registry, made)
    return Report(made, made.version == held, left, found, walk_at(walked), today)
