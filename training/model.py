"""The one thing training hands to serving: boosters, a calibration, the features' contract.

A model is saved as a folder of text files (boosters in LightGBM's own format, the rest as JSON):
there is nothing in it that could run.
"""

import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, TypeAlias

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from features.catalogue import catalogue
from features.errors import ContractError, ModelMissing
from features.featureset import FeatureSet
from training.calibrate import Platt, sigmoid
from training.references import References
from training.seal import is_sealed, require_same_scores, require_whole, seal

if TYPE_CHECKING:  # a model is loaded and served without pandas
    import pandas as pd

Numbers: TypeAlias = NDArray[np.float64]
Vectors: TypeAlias = "Mapping[str, Any] | pd.DataFrame"
MODEL = "model.json"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """What a model says of some vectors: `contributions` sum to logit(probability) - typical.

    `margin` is what customers are ranked by; `contributions` are (rows, features) in calibrated
    log-odds, exact TreeSHAP; `typical` is the log-odds of a typical customer.
    """

    margin: Numbers
    probability: Numbers
    contributions: Numbers
    typical: float


@dataclass(frozen=True)
class ChurnModel:
    """Boosters averaged in log-odds, then calibrated, with what checks and explains them."""

    features: FeatureSet
    boosters: tuple[lgb.Booster, ...]
    calibration: Platt
    categories: Mapping[str, tuple[str, ...]]
    horizon_days: int
    references: References
    about: Mapping[str, Any]

    @property
    def version(self) -> str:
        """The name under which its scores are kept."""
        return str(self.about.get("version", "unregistered"))

    def matrix(self, vectors: Vectors) -> Numbers:
        """The vectors as the boosters take them: (rows, features); an unseen category is missing.

        Raises:
            ContractError: A column of the contract is missing, or holds words where numbers belong.
        """
        if absent := [name for name in self.features.names if name not in vectors]:
            raise ContractError(f"The vectors have no column {', '.join(absent)}.")
        return np.column_stack([self._column(f.name, vectors[f.name]) for f in self.features])

    def margins(self, matrix: Numbers) -> Numbers:
        """Mean log-odds of the boosters, before calibration."""
        each = [_predicted(b, matrix, raw_score=True) for b in self.boosters]
        return np.asarray(np.mean(each, axis=0))

    def probability(self, vectors: Vectors) -> Numbers:
        """Calibrated probability of churn within the horizon, one per row."""
        return self.calibration.probability(self.margins(self.matrix(vectors)))

    def told(self, vectors: Vectors) -> Told:
        """Probabilities with what each feature contributes to them.

        Path-dependent TreeSHAP (Lundberg et al. 2020) averaged over boosters, times the
        calibration's slope: exact, because averaging and calibration are linear in log-odds.
        """
        matrix = self.matrix(vectors)
        shares = [_predicted(b, matrix, pred_contrib=True) for b in self.boosters]
        mean = np.mean(shares, axis=0) * self.calibration.slope
        margin = self.margins(matrix)
        typical = float(mean[0, -1]) + self.calibration.intercept if len(mean) else 0.0
        return Told(margin, self.calibration.probability(margin), mean[:, :-1], typical)

    def _column(self, name: str, values: Any) -> Numbers:
        if name in self.categories:
            codes = {word: float(i) for i, word in enumerate(self.categories[name])}
            return np.array([codes.get(word, np.nan) for word in values], dtype=np.float64)
        try:
            return np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ContractError(
                f"The column {name!r} holds something that is no number."
            ) from error

    def save(self, folder: Path) -> None:
        """Write the model's files into a new folder, all or nothing.

        Raises:
            ContractError: The folder exists already.
        """
        if folder.exists():
            raise ContractError(
                f"A model is kept at {folder} already; models are never overwritten."
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(mkdtemp(prefix=".model-", dir=folder.parent))
        for i, booster in enumerate(self.boosters):
            booster.save_model(made / _booster(i))
        (made / MODEL).write_text(json.dumps(self._said(), indent=2, default=str))
        seal(made, self)
        made.chmod(0o755)
        made.rename(folder)

    def _said(self) -> dict[str, Any]:
        return {
            "boosters": len(self.boosters),
            "calibration": asdict(self.calibration),
            "categories": self.categories,
            "horizon_days": self.horizon_days,
            "contract": self.features.contract,
            "words": {f.name: {"reason": f.reason, "unit": f.unit} for f in self.features},
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
            what was saved; or the model scores its reference vectors otherwise than when saved.
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
    except (KeyError, TypeError, ValueError, lgb.basic.LightGBMError) as error:
        raise ContractError(
            f"The model at {folder} cannot be read ({type(error).__name__}: {error}): it is "
            "broken, or of another release. Publish it again, or train one with this release."
        ) from error


def _made_of(folder: Path, said: Mapping[str, Any]) -> ChurnModel:
    about = said["about"]
    declared = catalogue(about.get("key_events", ()), about.get("milestones", ()))
    return ChurnModel(
        features=_checked(declared, said["contract"]),
        boosters=tuple(
            lgb.Booster(model_file=folder / _booster(i)) for i in range(said["boosters"])
        ),
        calibration=Platt(**said["calibration"]),
        categories={name: tuple(words) for name, words in said["categories"].items()},
        horizon_days=said["horizon_days"],
        references=References.of(said["references"]),
        about=about,
    )


def copied(folder: Path, target: Path) -> None:
    """A copy of a saved model, complete or not there at all, with a seal in any case."""
    made = Path(mkdtemp(prefix=".model-", dir=target.parent))
    shutil.copytree(folder, made, dirs_exist_ok=True)
    if not is_sealed(made):
        seal(made, _read(made))
    made.rename(target)


def _checked(declared: FeatureSet, trained: Mapping[str, str]) -> FeatureSet:
    now = declared.contract
    for name, was in trained.items():
        if (said := now.get(name, "nothing")) != was:
            raise ContractError(
                f"The model was trained on {name} = {was!r}, but this code declares {said!r}. "
                "Retrain it, or deploy the code it was trained with."
            )
    return FeatureSet(declared.name, tuple(declared[name] for name in trained))


def _booster(number: int) -> str:
    return f"booster_{number}.txt"


def _predicted(booster: lgb.Booster, matrix: Numbers, **how: bool) -> Numbers:
    # One thread for few rows: starting threads costs more than one row's trees.
    threads = 1 if len(matrix) < 1_000 else 0
    return np.asarray(booster.predict(matrix, num_threads=threads, **how))


def category_words(vectors: Vectors, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The words of each categorical column, in alphabetical order."""
    return {n: tuple(sorted({str(v) for v in vectors[n] if v is not None})) for n in names}
