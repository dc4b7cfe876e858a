"""An issuer's public keys: from a file, or fetched from the issuer at start and when they change.

Only what the settings name is ever asked, over HTTPS and without following anybody elsewhere.
"""

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, TypeAlias
from urllib.request import HTTPRedirectHandler, Request, build_opener

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from features.errors import SourceError
from features.oidc_settings import is_safe
from serving.metrics import ISSUER_AWAY

log = logging.getLogger(__name__)
DISCOVERY = "/.well-known/openid-configuration"
LARGEST = 1_000_000  # bytes of an answer
TIMEOUT = 5.0
PAUSE = 30.0  # seconds between two looks, however many tokens name an unknown key
OLD = 3_600.0  # seconds after which keys are looked at again: a key that was withdrawn is gone then
SYMMETRIC = "oct"
Fetch: TypeAlias = Callable[[], Mapping[str, Any]]


class IssuerKeys:
    """The public keys of an issuer, as they were when they were last looked at."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = monotonic) -> None:
        self._fetch, self._clock = fetch, clock
        self._looked = float("-inf")
        self.keys = KeySet([])

    @property
    def are_old(self) -> bool:
        """Whether they should be looked at again, since some may have been withdrawn."""
        return self._clock() - self._looked > OLD

    @property
    def may_be_looked_at(self) -> bool:
        """Whether the last look is long enough ago for another."""
        return self._clock() - self._looked > PAUSE

    def look(self) -> None:
        """Take the keys that there are now; those from before stay where none can be had."""
        self._looked = self._clock()
        try:
            self.keys = key_set(self._fetch())
        except SourceError as away:
            ISSUER_AWAY.inc()
            log.error("the keys that tokens are checked by stay as they were: %s", away)


def key_set(said: Mapping[str, Any]) -> KeySet:
    """The public keys for signatures among those given; what is of another kind is passed by.

    Raises:
        SourceError: It is no JWKS, or none of its keys can be used.
    """
    given = said.get("keys")
    found = [_key(each) for each in given] if isinstance(given, list) else []
    kept = [key for key in found if key is not None]
    if not kept:
        raise SourceError("There is no public key for signatures in the issuer's JWKS.")
    return KeySet(kept)


def from_file(file: Path) -> Fetch:
    """Reads the keys that somebody put into a file."""

    def read() -> Mapping[str, Any]:
        try:
            return _object(file.read_bytes(), str(file))
        except OSError as error:
            raise SourceError(f"{file} cannot be read: {error.strerror}.") from error

    return read


def from_issuer(issuer: str) -> Fetch:
    """Asks an issuer where its keys are, and for them (OpenID Connect Discovery 1.0, 4)."""

    def fetch() -> Mapping[str, Any]:
        about = _object(_fetched(issuer.rstrip("/") + DISCOVERY), issuer)
        if about.get("issuer") != issuer:
            raise SourceError(f"{issuer} calls itself {about.get('issuer')!r}: name it the same.")
        return _object(_fetched(str(about.get("jwks_uri", ""))), issuer)

    return fetch


class _Staying(HTTPRedirectHandler):
    """Follows nobody elsewhere: a redirect is an error."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _fetched(address: str) -> bytes:
    if not is_safe(address):
        raise SourceError(f"{address!r} is no https:// address to fetch an issuer's keys from.")
    asked = Request(address, headers={"Accept": "application/json"})  # noqa: S310  # seen above
    try:
        with build_opener(_Staying).open(asked, timeout=TIMEOUT) as answer:
            told: bytes = answer.read(LARGEST + 1)
    except OSError as error:  # HTTPError and URLError are such
        raise SourceError(f"{address} does not answer: {error}.") from error
    return told


def _object(said: bytes, where: str) -> Mapping[str, Any]:
    try:
        told = json.loads(said) if len(said) <= LARGEST else None
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise SourceError(f"What {where} says is no JSON object of a usual size.")
    return told


def _key(given: Any) -> Key | None:
    """One key; None if it is secret, for encryption, or of a kind that is not known."""
    if not isinstance(given, dict) or given.get("kty") == SYMMETRIC or given.get("use") == "enc":
        return None
    try:
        return JWKRegistry.import_key(given)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
