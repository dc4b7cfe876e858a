"""What keeps runs and models from being written, in words: a full or read-only disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlflow.exceptions import MlflowException
from sqlalchemy.exc import DBAPIError

from features.errors import TargetError
from features.outside import faults, worded


@contextmanager
def writing(place: Path | None, meanwhile: str = "") -> Iterator[None]:
    """Names the store that is written into, where the system does not, and what then is so.

    Raises:
        TargetError: It is full, or closed to us.
    """
    try:
        yield
    except (MlflowException, DBAPIError, OSError) as error:
        if (found := _worded(error, place)) is None:
            raise
        raise TargetError(f"{found} {meanwhile}".strip()) from error


def _worded(error: BaseException, place: Path | None) -> TargetError | None:
    """The fault of the system or the data base below what MLflow and SQLAlchemy made of it."""
    for each in _below(error):
        found = worded(each, place) if isinstance(each, faults()) else None
        if isinstance(found, TargetError):
            return found
    return None


def _below(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, DBAPIError) and error.orig is not None:
            yield error.orig
        error = error.__cause__ or error.__context__
