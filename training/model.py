"""The one thing training hands to serving: hazards by month and cause, and the features' contract.

A model is saved as a folder of text files (boosters in LightGBM's own format, the rest as JSON):
there is nothing in it that could run.
"""

import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from features.catalogue import catalogue
from features.errors import ContractError, ModelMissing
from features.featureset import FeatureSet
from training.calibrate import sigmoid
from training.contract import Numbers, Vectors, agreed, matrix_of
from training.ensemble import Ensemble, keep, kept, margin_of
from training.files import new_folder
from training.hazards import Cause, Component, Outlook, compounded, outlook, rates
from training.references import References
from training.seal import is_sealed, require_same_scores, require_whole, seal
from training.treeshap.explain import Explainer

MODEL = "model.json"
log = logging.getLogger(__name__)
FORMAT = 2  # of model.json: by month and cause


@dataclass(frozen=True)
class Told:
    """What a model says of some vectors: `contributions` sum to logit(probability) - typical.

    `margin` is logit(probability), by which customers are ranked; `contributions` are (rows,
    features) in log-odds; `typical` is the log-odds of a typical customer.
    """

    margin: Numbers
    probability: Numbers
    contributions: Numbers
    typical: float
    outlook: Outlook


@dataclass(frozen=True)
class ChurnModel:
    """Hazards by month and cause, compounded, with what checks and explains them.

    `components` are ordered by month and then by cause; each reads one of `ensembles`. `days` are
    the ends of the months, counted from the as-of date and the lead.
    """

    features: FeatureSet
    ensembles: tuple[Ensemble, ...]
    components: tuple[Component, ...]
    days: tuple[int, ...]
    categories: Mapping[str, tuple[str, ...]]
    references: References
    about: Mapping[str, Any]

    @property
    def version(self) -> str:
        """The name under which its scores are kept."""
        return str(self.about.get("version", "unregistered"))

    @property
    def horizon_days(self) -> int:
        """The days that a probability speaks of."""
        return self.days[-1]

    @property
    def boosters(self) -> Ensemble:
        """The boosters of all ensembles."""
        return tuple(booster for ensemble in self.ensembles for booster in ensemble)

    @cached_property
    def causes(self) -> tuple[Cause, ...]:
        """The causes told apart, in the order in which they are asked."""
        return tuple(dict.fromkeys(each.cause for each in self.components))

    @property
    def insufficient(self) -> str | None:
        """Why the model tells nobody apart, in words; None of a model that has learnt."""
        said: str | None = self.about.get("insufficient")
        return said

    def matrix(self, vectors: Vectors) -> Numbers:
        """The vectors as the boosters take them: (rows, features); an unseen category is missing.

        Raises:
            ContractError: A column of the contract is missing, or holds words where numbers belong.
        """
        return matrix_of(vectors, self.features.names, self.categories)

    def log_odds(self, matrix: Numbers) -> Numbers:
        """Calibrated log-odds of every component: (rows, components)."""
        margins = [margin_of(ensemble, matrix) for ensemble in self.ensembles]
        return self._calibrated(margins)

    def margins(self, matrix: Numbers) -> Numbers:
        """Log-odds to leave within the horizon, one per row: what customers are ranked by."""
        return compounded(self.log_odds(matrix))

    def probability(self, vectors: Vectors) -> Numbers:
        """Calibrated probability of churn within the horizon, one per row."""
        return sigmoid(self.margins(self.matrix(vectors)))

    def outlook(self, vectors: Vectors) -> Outlook:
        """Survival by month, and what ends it, of each row."""
        return outlook(self.components, self.days, self.log_odds(self.matrix(vectors)))

    def told(self, vectors: Vectors, days: int | None = None, by: Explainer | None = None) -> Told:
        """Probabilities with what each feature contributes to them, in log-odds.

        Contributions of the components' log-odds (TreeSHAP, times the calibration's slope: exact)
        are rescaled through the compounding, see `hazards.rates`. `days` names an earlier end of a
        month than the horizon, `by` who tells other contributions than each feature's.

        Raises:
            ValueError: No month ends at `days`.
        """
        matrix, place = self.matrix(vectors), self._month(days)
        parts = (by or self.explainer).explained(matrix)
        every = self._calibrated(parts.margins)
        used = [each for each in self.components if each.month <= place]
        odds = every[:, : len(used)]
        usual = self._calibrated(parts.typical[:, None])[:, : len(used)]
        weights = rates(odds, usual) * [each.calibration.slope for each in used]
        shares = np.zeros(parts.contributions.shape[1:])
        for number, contributions in enumerate(parts.contributions):
            columns = [i for i, each in enumerate(used) if each.ensemble == number]
            shares += weights[:, columns].sum(axis=1)[:, None] * contributions
        margin = compounded(odds)
        ahead = outlook(self.components, self.days, every)
        return Told(margin, sigmoid(margin), shares, float(compounded(usual)[0]), ahead)

    @cached_property
    def explainer(self) -> Explainer:
        """What tells the ensembles' contributions."""
        return Explainer(self.ensembles)

    def _calibrated(self, margins: Sequence[Numbers] | Numbers) -> Numbers:
        lines = [each.calibration.logit(margins[each.ensemble]) for each in self.components]
        return np.column_stack(lines)

    def _month(self, days: int | None) -> int:
        if days is not None and days not in self.days:
            raise ValueError(f"No month ends at {days} days; the model has {self.days}.")
        return len(self.days) if days is None else self.days.index(days) + 1

    def save(self, folder: Path) -> None:
        """Write the model's files into a new folder, all or nothing.

        Raises:
            ContractError: The folder exists already.
        """
        if folder.exists():
            raise ContractError(
                f"A model is kept at {folder} already; models are never overwritten."
            )
        with new_folder(folder) as made:
            for number, ensemble in enumerate(self.ensembles):
                keep(ensemble, made, number)
            (made / MODEL).write_text(json.dumps(self._said(), indent=2, default=str))
            seal(made, self)

    def _said(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "days": list(self.days),
            "ensembles": [len(ensemble) for ensemble in self.ensembles],
            "components": [asdict(each) for each in self.components],
            "categories": self.categories,
            "contract": self.features.contract,
            "words": {
                f.name: {"reason": f.reason or f.what, "unit": f.unit} for f in self.features
            },
            "references": self.references.said(),
            "about": dict(self.about),
        }


def typical_probability(told: Told) -> float:
    """The probability that contributions are measured from."""
    return float(sigmoid(np.array([told.typical]))[0])


def loaded(folder: Path) -> ChurnModel:
    """The model kept in a folder, checked against its seal and the features this code declares.

    Raises:
        ModelMissing: There is no model in the folder.
        ContractError: A feature is declared otherwise than the model was trained on; a file is not
            what was saved, or of another release; or the model scores its reference vectors
            otherwise than when saved.
    """
    if not (folder / MODEL).is_file():
        raise ModelMissing(f"No model at {folder}: train one with `churn train`.")
    if not is_sealed(folder):
        log.warning("the model at %s has no seal: there is nothing to check it against", folder)
        return _read(folder)
    require_whole(folder)
    model = _read(folder)
    require_same_scores(folder, model)
    return model


def _read(folder: Path) -> ChurnModel:
    """The model as its files say; raises ContractError where they do not say it."""
    try:
        return _made_of(folder, json.loads((folder / MODEL).read_text()))
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError(
            f"The model at {folder} cannot be read ({type(error).__name__}: {error}): it is "
            "broken, or of another release. Publish it again, or train one with this release."
        ) from error


def _made_of(folder: Path, said: Mapping[str, Any]) -> ChurnModel:
    if said.get("format") != FORMAT:
        raise ContractError(
            f"The model at {folder} was written by another release: train one with this release."
        )
    about = said["about"]
    declared = catalogue(about.get("key_events", ()), about.get("milestones", ()))
    return ChurnModel(
        features=agreed(declared, said["contract"]),
        ensembles=tuple(kept(folder, i, size) for i, size in enumerate(said["ensembles"])),
        components=tuple(Component.of(each) for each in said["components"]),
        days=tuple(said["days"]),
        categories={name: tuple(words) for name, words in said["categories"].items()},
        references=References.of(said["references"]),
        about=about,
    )


def copied(folder: Path, target: Path) -> None:
    """A copy of a saved model, complete or not there at all, with a seal in any case."""
    with new_folder(target) as made:
        shutil.copytree(folder, made, dirs_exist_ok=True)
        if not is_sealed(made):
            seal(made, _read(made))
