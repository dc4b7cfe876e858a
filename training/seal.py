"""The seal on a saved model: what its files were when it was written, and what it said of vectors.

Whoever loads the model checks both: a file cut short or changed is found before it is parsed, and
a model that says something else than it said when it was saved never answers.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.errors import ContractError
from training.references import EVERYONE, LEVELS

if TYPE_CHECKING:
    from training.model import ChurnModel

SEAL = "seal.json"
VECTORS = 8  # enough to reach most trees' leaves; the last knows nothing at all
# Probabilities may differ so much between processors and releases of LightGBM: nobody sees it.
CLOSE = 1e-6


def seal(folder: Path, model: "ChurnModel") -> None:
    """Write the seal of a model beside its files."""
    vectors = reference_vectors(model)
    said = {
        "files": {file.name: _digest(file) for file in sorted(folder.iterdir())},
        "vectors": {name: _as_json(values) for name, values in vectors.items()},
        "scores": np.asarray(model.probability(vectors)).tolist(),
    }
    (folder / SEAL).write_text(json.dumps(said))


def is_sealed(folder: Path) -> bool:
    """Whether a model was saved with a seal; those of before there were seals cannot be checked."""
    return (folder / SEAL).is_file()


def require_whole(folder: Path) -> None:
    """Refuses a model whose files are not those that were saved.

    Raises:
        ContractError: A file is missing, cut short or changed; it names each.
    """
    broken = [name for name, was in _said(folder)["files"].items() if _now(folder / name) != was]
    if broken:
        raise ContractError(
            f"The model at {folder} is broken: {', '.join(broken)} is not what was saved. "
            "Publish it again."
        )


def require_same_scores(folder: Path, model: "ChurnModel") -> None:
    """Refuses a model that says something else than it said when it was saved.

    Raises:
        ContractError: A reference vector's score differs by more than `CLOSE`.
    """
    said = _said(folder)
    then = np.asarray(said["scores"], np.float64)
    now = np.asarray(model.probability(_from_json(said["vectors"])), np.float64)
    if then.shape != now.shape or not np.allclose(now, then, rtol=0, atol=CLOSE):
        raise ContractError(
            f"The model at {folder} scores its reference vectors {_shown(now)}, but scored them "
            f"{_shown(then)} when it was saved. Publish it again, or deploy the code it was "
            "trained with."
        )


def reference_vectors(model: "ChurnModel") -> dict[str, Any]:
    """Made-up customers, by feature: values across each feature's spread; the last knows nothing.

    Neighbouring features stand at different levels of theirs, so that many leaves are reached.
    """
    spread = model.references.quantiles.get(EVERYONE, {})
    made: dict[str, Any] = {}
    for place, name in enumerate(model.features.names):
        if name in model.categories:
            words = (*model.categories[name], "a word never seen")
            made[name] = np.array([words[(row + place) % len(words)] for row in range(VECTORS)])
        else:
            levels = spread.get(name) or [float(level) for level in range(len(LEVELS))]
            chosen = [levels[(5 * row + 3 * place) % len(levels)] for row in range(VECTORS - 1)]
            made[name] = np.array([*chosen, np.nan], np.float64)
    return made


def _said(folder: Path) -> Mapping[str, Any]:
    try:
        said: Mapping[str, Any] = json.loads((folder / SEAL).read_text())
    except (OSError, ValueError) as error:
        raise ContractError(f"The seal {folder / SEAL} cannot be read: {error}") from error
    if missing := {"files", "vectors", "scores"} - said.keys():
        raise ContractError(f"The seal {folder / SEAL} has no {', '.join(sorted(missing))}.")
    return said


def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def _now(file: Path) -> str:
    return _digest(file) if file.is_file() else "missing"


def _as_json(values: NDArray[Any]) -> list[Any]:
    return [None if isinstance(v, float) and isnan(v) else v for v in values.tolist()]


def _from_json(vectors: Mapping[str, list[Any]]) -> dict[str, Any]:
    """As they were: words stay words, and null is a number that is not known."""
    return {
        name: np.array(
            values if any(isinstance(v, str) for v in values) else [_number(v) for v in values]
        )
        for name, values in vectors.items()
    }


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _shown(scores: NDArray[np.float64]) -> str:
    return ", ".join(f"{score:.4f}" for score in scores.ravel()[:3]) + ", ..."
