"""Faults that come from outside: a full disk, a read-only folder, a file that is damaged or gone.

They are raised deep inside, wherever something is read or written at last; here they get the name
of the file and what to do.
"""

import errno
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.errors import ChurnError, SourceError, TargetError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)
FILE = re.compile(r'file = (?P<plain>\S+)|"(?P<quoted>[^"\n]+)"|pattern (?P<pattern>\S+)')
WRITING = ("write", "for writing", "create")
NOT_UTF8 = ("not utf-8", "unicode", "utf8")
SQLITE_CLOSED = ("disk is full", "readonly database", "unable to open", "disk I/O error")
AWAY = (
    "OperationalError", "AdminShutdown", "CrashShutdown", "CannotConnectNow", "ConnectionTimeout",
    "TooManyConnections", "QueryCanceled", "IdleInTransactionSessionTimeout",
)  # fmt: skip
GONE = ("no files found", "no such file", "not exist")


def faults() -> tuple[type[BaseException], ...]:
    """What is raised by the system, and by data bases in files where one was loaded."""
    modules = (sys.modules.get(name) for name in ("duckdb", "sqlite3", "psycopg"))
    return (OSError, *(each.Error for each in modules if each))


def worded(fault: BaseException, place: Path | None = None) -> ChurnError | None:
    """A fault from outside as an error that says what to do; None where it is a fault of ours.

    `place` is what was written into, for faults that name no file.
    """
    if isinstance(fault, OSError):
        return _of_the_system(fault, fault.filename or place)
    kind = type(fault).__name__
    said = str(fault)
    if type(fault).__module__.startswith("psycopg"):
        return _of_postgresql(kind, said)
    if kind == "OperationalError" and any(word in said for word in SQLITE_CLOSED):
        return TargetError(f"{place or 'A data base'} cannot be written: {said}. {_where(said)}")
    file = next((group for group in _files(said)), "")
    if kind == "IOException" and any(word in said for word in WRITING):
        return TargetError(f"{file} cannot be written: {_last(said)}. {_where(said)}")
    if kind in ("IOException", "InvalidInputException", "SerializationException") and file:
        return SourceError(damaged(file, said))
    return None


def damaged(file: str, said: str) -> str:
    """Why a file of a history cannot be read, by what DuckDB says of it, and what to do."""
    lower = said.lower()
    if any(word in lower for word in NOT_UTF8):
        do = "Write it as UTF-8, as by `iconv -f WINDOWS-1252 -t UTF-8`."
        return f"{file} is not UTF-8, or not all of it. {do}"
    if any(word in lower for word in GONE):
        return f"{file} was there and is gone. Run the command again when it is written whole."
    why = said.splitlines()[0].removeprefix("Invalid Input Error: ").strip()
    return f"{file} cannot be read: {why}. Write the file again: it is damaged, or was cut short."


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A name beside a file to write under; it takes the file's place when all is written.

    Whoever reads meanwhile sees the old file; nothing is left of what could not be written.

    Raises:
        TargetError: It cannot be written there.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    with into(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield unfinished
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


@contextmanager
def into(place: Path) -> Iterator[None]:
    """Names the place that is written into, where the system does not.

    Raises:
        TargetError: It is full, or closed to us.
    """
    try:
        yield
    except faults() as fault:
        if (found := worded(fault, place)) is None:
            raise
        raise found from fault


def _of_the_system(fault: OSError, file: object) -> ChurnError | None:
    where = file or "A file"
    if fault.errno in FULL:
        return TargetError(f"{where} cannot be written: the disk is full. {_FULL}")
    if fault.errno in CLOSED:
        why = "the disk is read-only" if fault.errno == errno.EROFS else "permission is denied"
        return TargetError(f"{where} cannot be opened: {why}. {_CLOSED}")
    if fault.errno in (errno.ENOTDIR, errno.EISDIR, errno.EEXIST):
        return TargetError(f"{where} is in the way: {fault.strerror}. Name another place.")
    return None


def _of_postgresql(kind: str, said: str) -> ChurnError | None:
    """Its server is away, a table of it is gone, or it does not let us read; never its address."""
    if kind == "UndefinedTable":
        gone = said.splitlines()[0]
        return SourceError(f"PostgreSQL: {gone}. It was there and is gone: load it, and try again.")
    if kind == "InsufficientPrivilege":
        return SourceError(f"PostgreSQL: {said.splitlines()[0]}. Let this user read it.")
    if kind in AWAY:
        why = said.splitlines()[0].rpartition(" failed: ")[2] if said else "it is gone"
        return SourceError(f"PostgreSQL does not answer: {why}. Run it again when it does.")
    return None


def _files(said: str) -> Iterator[str]:
    for found in FILE.finditer(said):
        yield next(group for group in found.groups() if group)


def _last(said: str) -> str:
    """The system's own words, at the end of what DuckDB says."""
    return said.splitlines()[0].rpartition(": ")[2].strip().lower().rstrip(".")


def _where(said: str) -> str:
    return _FULL if "space" in said.lower() or "full" in said else _CLOSED


_FULL = "Free some room or name another place, and run it again; what was there is as it was."
_CLOSED = "Name a place that this user may write into; what was there is as it was."
