"""Alerts to a chat: one POST of {"text": ...}, as Slack's incoming webhooks take it.

The address is the secret: it is in no message, no error and no log.
Source: Slack, "Sending messages using incoming webhooks".
"""

import logging

import httpx
from pydantic import SecretStr

from features.errors import SettingsError, SinkError
from serving.sinks.http import safe
from serving.sinks.patience import Answer, Clock, Dropped, Pace, patiently

WHO = "The alerts' webhook"
SECONDS = 10.0
TRIES = 4
LONGEST = 30_000  # characters; Slack cuts at 40,000


def posted(url: SecretStr, text: str, clock: Clock) -> None:
    """Send a text; trouble on the way is tried again a few times.

    Raises:
        SettingsError: The address is none that a secret may be sent to.
        SinkError: The message was not taken.
    """
    address = _safe(url)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells every address it asks
    with httpx.Client(timeout=SECONDS) as client:
        try:
            answer = patiently(
                WHO, lambda: _asked(client, address, text), Pace(1, 1.0, clock), TRIES
            )
        except Dropped as dropped:
            raise SinkError(f"{WHO} did not take the message ({dropped}).") from None
        except SettingsError as refused:
            raise SinkError(f"{WHO} refuses the message: its address may be old.") from refused
    if not answer.ok:
        raise SinkError(f"{WHO} did not take the message (HTTP {answer.status}).")


def _safe(url: SecretStr) -> str:
    try:
        return safe(url.get_secret_value())
    except SettingsError:
        raise SettingsError(
            "alert_webhook is not an https:// address: a message is sent to no other."
        ) from None


def _asked(client: httpx.Client, address: str, text: str) -> Answer:
    try:
        answer = client.post(address, json={"text": _plain(text)})
    except httpx.TransportError as error:
        raise Dropped(f"no answer: {type(error).__name__}") from None
    return Answer(answer.status_code, None, {k.lower(): v for k, v in answer.headers.items()})


def _plain(text: str) -> str:
    """Text that Slack does not read as a link or as a call to everybody."""
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, written)
    return text[:LONGEST]
