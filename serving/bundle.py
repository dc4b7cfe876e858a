"""The bundle that is served: a folder of models, and a pointer that names the one in force.

The pointer is renamed into place, so that a reader finds the old model or the new one, each whole.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from re import fullmatch
from shutil import rmtree
from tempfile import NamedTemporaryFile

from features.errors import ContractError, ModelMissing
from training.model import MODEL, copied, loaded

POINTER = "current"
SCORECARD = "scorecard.json"  # beside the model, if it was judged
LOCK = ".publishing"


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
    """Put a model into the bundle and point to it; the one before stays for who is reading it.

    One process publishes at a time; a second one waits.

    Raises:
        ContractError: The model is broken, or not of this code: the pointer stays where it is.
    """
    version = _named(loaded(made).version)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        before = (folder / POINTER).read_text().strip() if (folder / POINTER).is_file() else None
        if not _is_usable(folder / version):
            _replace(folder / version, made)
        if version != before:
            _point(folder, version)
            _forget(folder, {version, before})
    return folder / version


def _named(version: str) -> str:
    """A version as a folder's name; it is written in the registry, by whoever may write there."""
    if not fullmatch(r"\w[\w.-]*", version):
        raise ContractError(f"The model's version {version!r} is no name for a folder.")
    return version


def _is_usable(place: Path) -> bool:
    try:
        return loaded(place).version == place.name
    except (ContractError, ModelMissing):
        return False


def _replace(place: Path, made: Path) -> None:
    """A copy of a model where none is, or a broken one: that one is of no use to anybody."""
    if place.exists():
        rmtree(place)
    copied(made, place)


def _point(folder: Path, version: str) -> None:
    with NamedTemporaryFile("w", dir=folder, prefix=f".{POINTER}-", delete=False) as unfinished:
        unfinished.write(version + "\n")
    Path(unfinished.name).chmod(0o644)
    Path(unfinished.name).replace(folder / POINTER)


def _forget(folder: Path, kept: set[str | None]) -> None:
    for place in folder.iterdir():
        if place.is_dir() and place.name not in kept:
            rmtree(place)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One publisher at a time: a second would tidy away what the first is copying."""
    with (folder / LOCK).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
