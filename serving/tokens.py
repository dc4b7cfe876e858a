"""Bearer tokens of an OpenID Connect issuer: who shows one, and what it allows."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwt import JWTClaimsRegistry

from features.oidc_settings import OidcSettings
from serving.issuer import IssuerKeys, from_file, from_issuer
from serving.keys import Caller, Role

LONGEST = 16_000  # characters of a token


@dataclass(frozen=True)
class Trust:
    """Whose tokens are taken, for whom they must be meant, and the roles that they give."""

    issuer: str
    audience: str
    roles: Mapping[str, Role]
    claim: str
    algorithms: tuple[str, ...]
    leeway: int


@dataclass(frozen=True)
class Refused:
    """Why a token is not taken, in words for its bearer."""

    why: str


class Tokens:
    """Says who shows a token; asks for new keys when a token names one that is not known."""

    def __init__(self, trust: Trust, issuer: IssuerKeys, clock: Callable[[], datetime]) -> None:
        self._trust, self._issuer, self._clock = trust, issuer, clock
        self._looking: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Look for the issuer's keys before the first token comes."""
        self._issuer.look()

    async def caller(self, shown: str) -> Caller | Refused:
        """Who shows this token, or why it is not taken."""
        if self._issuer.are_old:
            self._look()  # without waiting: the keys that there are still do
        try:
            return self._read(shown)
        except InvalidKeyIdError:
            if self._issuer.may_be_looked_at:
                self._look()
        if self._looking and not self._looking.done():
            await asyncio.shield(self._looking)
        try:
            return self._read(shown)
        except InvalidKeyIdError:
            return Refused("The token is signed by a key that the issuer does not name.")

    def _look(self) -> None:
        """One look for all who wait, in a thread of its own."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(asyncio.to_thread(self._issuer.look))

    def _read(self, shown: str) -> Caller | Refused:
        """Raises InvalidKeyIdError where the key is none of those known."""
        if len(shown) > LONGEST:
            return Refused("The token is too long.")
        try:
            claims = jwt.decode(shown, self._issuer.keys, self._trust.algorithms).claims
            self._expected().validate(claims)
        except InvalidKeyIdError:
            raise
        except ExpiredTokenError:
            return Refused("The token has expired.")
        except (JoseError, ValueError, TypeError, RecursionError) as error:  # of what was made up
            return Refused(_WORDS.get(getattr(error, "claim", ""), "The token is not valid."))
        return Caller(_id(claims), roles_in(claims, self._trust))

    def _expected(self) -> JWTClaimsRegistry:
        return JWTClaimsRegistry(
            now=int(self._clock().timestamp()),
            leeway=self._trust.leeway,
            iss={"essential": True, "value": self._trust.issuer},
            aud={"essential": True, "value": self._trust.audience},
            exp={"essential": True},
            sub={"essential": True},
        )


_WORDS = {
    "iss": "The token is of another issuer.",
    "aud": "The token is meant for another audience.",
    "nbf": "The token is not valid yet.",
    "iat": "The token was issued in the future.",
}


def tokens_of(said: OidcSettings | None, clock: Callable[[], datetime]) -> Tokens | None:
    """What checks tokens, as the settings say; None where they name no issuer."""
    if said is None:
        return None
    roles = {value: Role(role) for value, role in said.roles.items()}
    trust = Trust(
        said.issuer, said.audience, roles, said.claim, said.algorithms, said.leeway_seconds
    )
    issuer = IssuerKeys(from_file(said.keys) if said.keys else from_issuer(said.issuer))
    return Tokens(trust, issuer, clock)


def roles_in(claims: Mapping[str, Any], trust: Trust) -> frozenset[Role]:
    """The roles that a token gives: one claim's values, a list or words with spaces between."""
    found = claims[trust.claim] if trust.claim in claims else _inside(claims, trust.claim)
    values = found.split() if isinstance(found, str) else found if isinstance(found, list) else []
    return frozenset(trust.roles[v] for v in values if isinstance(v, str) and v in trust.roles)


def _inside(claims: Mapping[str, Any], path: str) -> Any:
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _id(claims: Mapping[str, Any]) -> str:
    """Who it is in the log: the same for the same subject, and no address of anybody's."""
    return "oidc-" + sha256(f"{claims['iss']} {claims['sub']}".encode()).hexdigest()[:12]
