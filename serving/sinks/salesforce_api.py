"""Requests to Salesforce: simple-salesforce's, with its exceptions as answers.

The token is given, or fetched with an external client app's id and secret (the client credentials
flow, help.salesforce.com: "OAuth 2.0 Client Credentials Flow for Server-to-Server Integration"),
and then fetched once more when it expires.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr
from simple_salesforce.api import Salesforce as Session
from simple_salesforce.exceptions import SalesforceError

from features.errors import AccessRefused, SinkError
from serving.sinks.http import SECONDS, safe
from serving.sinks.patience import Answer, Dropped, brief

TOKEN = "/services/oauth2/token"  # noqa: S105  # a path
EXPIRED = "INVALID_SESSION_ID"
LIMIT = "REQUEST_LIMIT_EXCEEDED"


@dataclass(frozen=True)
class Api:
    """A session at an organisation's address; `renew` fetches a token where it can be fetched."""

    session: Session
    renew: Callable[[], str] | None = None

    def asked(self, method: str, path: str, **sent: Any) -> Answer:
        """One request; an expired token is renewed once.

        Raises:
            Dropped: There is no answer, or only a part of one.
            SinkError: The requests of these 24 hours are used up.
        """
        answer = self._once(method, path, **sent)
        if answer.status == 401 and self.renew:
            _use(self.session, self.renew())
            answer = self._once(method, path, **sent)
        if answer.status == 403 and LIMIT in str(answer.body):
            raise SinkError(
                "Salesforce's limit of requests in 24 hours is used up. Run the same command "
                "later: it goes on where it stopped."
            )
        return answer

    def _once(self, method: str, path: str, **sent: Any) -> Answer:
        try:
            body = self.session.restful(path, method=method, timeout=SECONDS, **sent)
            return Answer(200, body)
        except SalesforceError as error:
            return Answer(int(error.status), error.content)
        except requests.RequestException as error:
            raise Dropped(f"no answer: {type(error).__name__}") from error


def with_token(url: str, token: SecretStr, version: str) -> Api:
    """With a token that somebody fetched."""
    return Api(_session(url, token.get_secret_value(), version))


def with_client(url: str, client_id: SecretStr, secret: SecretStr, version: str) -> Api:
    """With an external client app, which fetches its tokens itself."""

    def renew() -> str:
        return _fetched(url, client_id, secret)

    return Api(_session(url, renew(), version), renew)


def _session(url: str, token: str, version: str) -> Session:
    session = Session(instance_url=safe(url), session_id=token, version=version)
    # simple-salesforce writes https:// before any host, and drops what else an address has.
    session.base_url = f"{safe(url)}/services/data/v{version}/"
    return session


def _use(session: Session, token: str) -> None:
    session.session_id = token
    session._generate_headers()  # it has no other way to take a new token


def _fetched(url: str, client_id: SecretStr, secret: SecretStr) -> str:
    sent = {
        "grant_type": "client_credentials",
        "client_id": client_id.get_secret_value(),
        "client_secret": secret.get_secret_value(),
    }
    try:
        answer = requests.post(safe(url) + TOKEN, data=sent, timeout=SECONDS)
        body = answer.json()
    except requests.RequestException as error:
        raise SinkError(f"{urlsplit(url).hostname} gave no token: {type(error).__name__}") from None
    if not answer.ok:
        why = brief(Answer(answer.status_code, body))
        raise AccessRefused(
            f"Salesforce gives the client no token (HTTP {answer.status_code}: {why})."
        )
    token: str = body["access_token"]
    return token
