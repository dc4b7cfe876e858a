"""One process writes into a folder at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from os import getpid
from pathlib import Path
from typing import Any

from features.errors import Busy

LOCK = ".lock"


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Lets one process write into a folder at a time; the folder is made where there is none.

    Raises:
        Busy: Another one is writing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+") as lock:
        _take(lock, folder)
        lock.truncate(0)
        lock.write(str(getpid()))
        lock.flush()
        yield


def _take(lock: Any, folder: Path) -> None:
    try:
        flock(lock, LOCK_EX | LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        raise Busy(
            f"Process {lock.read()} is writing into {folder}; it goes on, and this one has done "
            "nothing. Run it again when the other has ended."
        ) from error
