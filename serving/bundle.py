"""The bundle that is served: a folder of models, and a pointer that names the one in force.

The pointer is renamed into place, so that a reader finds the old model or the new one, each whole.
"""

import json
from pathlib import Path
from shutil import rmtree

from features.errors import ModelMissing
from training.model import MODEL, copied

POINTER = "current"


def bundle_at(folder: Path, beside: Path = Path()) -> Path:
    """The folder of the model in force; `folder` may be a model itself.

    A relative folder that is not where the process runs is looked for in `beside`: a Bento carries
    its bundle in its own folder, wherever it is started.

    Raises:
        ModelMissing: There is none.
    """
    for place in dict.fromkeys((folder, beside / folder)):
        if (place / POINTER).is_file():
            return place / (place / POINTER).read_text().strip()
        if (place / MODEL).is_file():
            return place
    raise ModelMissing(
        f"No model at {folder}: `churn train` makes one, `churn score` and `churn serve` fetch it."
    )


def published(made: Path, folder: Path) -> Path:
    """Put a model into the bundle and point to it; the one before stays for who is reading it."""
    before = (folder / POINTER).read_text().strip() if (folder / POINTER).is_file() else None
    version = str(json.loads((made / MODEL).read_text())["about"].get("version", "unregistered"))
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / version).exists():
        copied(made, folder / version)
    if version != before:
        _point(folder, version)
        _forget(folder, {version, before})
    return folder / version


def _point(folder: Path, version: str) -> None:
    unfinished = folder / f".{POINTER}"
    unfinished.write_text(version + "\n")
    unfinished.replace(folder / POINTER)


def _forget(folder: Path, kept: set[str | None]) -> None:
    for place in folder.iterdir():
        if place.is_dir() and place.name not in kept:
            rmtree(place)
