"""The keys that callers show: a file of hashes, read again whenever it changes.

A key is 256 random bits, so that a plain SHA-256 of it gives nothing away: salts and slow hashes
are for passwords that people make up. The key itself is shown once, when it is made.
"""

import fcntl
import hmac
import json
import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

from features.errors import SettingsError

log = logging.getLogger(__name__)
PREFIX = "churn"
SINGLE = "api_key"  # the id of the one key that a setting holds


class Role(StrEnum):
    """What a caller may do; an admin may do everything."""

    SCORE = "score"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True)
class Caller:
    """Who asks: a key's id, or what stands for a token's subject, and what it may do."""

    id: str
    roles: frozenset[Role]


@dataclass(frozen=True)
class Key:
    """A key as it is kept: its id, what it is for, its role, its hash and when it was made."""

    id: str
    name: str
    role: Role
    hash: str
    created_at: str


@dataclass(frozen=True)
class Ring:
    """All keys by id, and the secret that sessions are signed with."""

    keys: Mapping[str, Key]
    secret: str

    def caller(self, shown: str) -> Caller | None:
        """Who shows this key; None if it is none of ours."""
        key = self.keys.get(shown.split("_")[1] if shown.count("_") >= 2 else "")
        known = key.hash if key else ""
        same = hmac.compare_digest(hashed(shown), known)
        return Caller(key.id, frozenset((key.role,))) if key and same else None


class Keys:
    """The keys file and the single key of the settings, as they are just now."""

    def __init__(self, file: Path, single: str | None = None) -> None:
        self._file, self._single = file, single
        self._seen: tuple[int, int, int] | None = None
        self._ring = Ring({}, secrets.token_hex(32))

    @property
    def are_there(self) -> bool:
        """Whether any key is configured; a file without keys in it keeps everybody out."""
        return self._single is not None or self._file.is_file()

    @property
    def secret(self) -> str:
        """What sessions are signed with: the same in every worker, and gone with the keys."""
        kept = self._now().secret if self._file.is_file() else ""
        return hashed(f"sessions {kept} {self._single or ''}")

    def caller(self, shown: str) -> Caller | None:
        """Who shows this key; None if it is none of ours."""
        if self._single and hmac.compare_digest(hashed(shown), hashed(self._single)):
            return Caller(SINGLE, frozenset((Role.ADMIN,)))
        return self._now().caller(shown)

    def role_of(self, id_: str) -> Role | None:
        """The role of a key that is still there."""
        if id_ == SINGLE and self._single:
            return Role.ADMIN
        key = self._now().keys.get(id_)
        return key.role if key else None

    def _now(self) -> Ring:
        """The file's keys, read again if it has changed; as they were while it cannot be read."""
        try:
            found = self._file.stat()
            mark = (found.st_mtime_ns, found.st_size, found.st_ino)
            if mark != self._seen:
                self._ring, self._seen = read(self._file), mark
        except FileNotFoundError:
            self._ring, self._seen = Ring({}, self._ring.secret), None
        except SettingsError as broken:
            self._seen = mark
            log.error("the keys stay as they were: %s", broken)
        return self._ring


def read(file: Path) -> Ring:
    """The keys in a file; raises SettingsError where it is no keys file."""
    try:
        said = json.loads(file.read_text())
        keys = [Key(**(each | {"role": Role(each["role"])})) for each in said["keys"]]
        return Ring({key.id: key for key in keys}, str(said["secret"]))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"{file} is no keys file ({type(error).__name__}): `churn keys add` makes one."
        ) from error


def add(file: Path, name: str, role: Role, now: datetime) -> str:
    """Make a key, keep its hash, and return the key: nobody can read it again."""
    id_ = secrets.token_hex(4)
    made = f"{PREFIX}_{id_}_{secrets.token_urlsafe(32)}"
    with _changing(file) as (keys, secret):
        keys[id_] = Key(id_, name, role, hashed(made), now.isoformat(timespec="seconds"))
        _write(file, Ring(keys, secret))
    return made


def revoke(file: Path, id_: str) -> Key:
    """Take a key away; raises SettingsError if there is none of this id."""
    with _changing(file) as (keys, secret):
        if id_ not in keys:
            known = ", ".join(keys) or "none"
            raise SettingsError(f"There is no key {id_!r} in {file}: there are {known}.")
        gone = keys.pop(id_)
        _write(file, Ring(keys, secret))
    return gone


def hashed(shown: str) -> str:
    """A key as it is kept."""
    return sha256(shown.encode()).hexdigest()


@contextmanager
def _changing(file: Path) -> Iterator[tuple[dict[str, Key], str]]:
    """The keys in the file, while nobody else changes them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_name(f".{file.name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        ring = read(file) if file.is_file() else Ring({}, secrets.token_hex(32))
        yield dict(ring.keys), ring.secret


def _write(file: Path, ring: Ring) -> None:
    """All or nothing, and for the owner's eyes only."""
    said = {"secret": ring.secret, "keys": [asdict(key) for key in ring.keys.values()]}
    with NamedTemporaryFile("w", dir=file.parent, prefix=".keys-", delete=False) as unfinished:
        json.dump(said, unfinished, indent=2)
    Path(unfinished.name).replace(file)
