"""Requests to a CRM over HTTP: JSON in, an Answer or a Dropped out; tokens only in a header."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from features.errors import SettingsError
from serving.sinks.patience import Answer, Dropped

SECONDS = 60.0
HERE = ("127.0.0.1", "::1", "localhost")


def client_of(url: str, headers: Mapping[str, str]) -> httpx.Client:
    """A client of one server; it follows no redirect, which could carry the token elsewhere."""
    return httpx.Client(base_url=safe(url), headers=dict(headers), timeout=SECONDS)


def asked(client: httpx.Client, method: str, path: str, **sent: Any) -> Answer:
    """One request.

    Raises:
        Dropped: There is no answer, or only a part of one.
    """
    try:
        answer = client.request(method, path, **sent)
        return Answer(answer.status_code, _json(answer), _lower(answer.headers))
    except httpx.TransportError as error:
        raise Dropped(f"no answer: {type(error).__name__}") from error


def safe(url: str) -> str:
    """An address that a token may be sent to.

    Raises:
        SettingsError: It is not encrypted, or no address.
    """
    parts = urlsplit(url)
    if not parts.hostname or (parts.scheme != "https" and parts.hostname not in HERE):
        raise SettingsError(f"{url!r} is not an https:// address: a token is sent to no other.")
    return url.rstrip("/")


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
