"""The table [oidc] of the settings: whose tokens are taken beside the keys, and what they allow."""

from pathlib import Path
from typing import Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

# Signatures by a private key that only the issuer has. HS256 and the like sign with what verifies,
# and "none" does not sign at all: with public keys both let anybody in (RFC 8725, 3.1 and 3.2).
Algorithm: TypeAlias = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"
]
HERE = ("localhost", "127.0.0.1", "::1")


class OidcSettings(BaseModel):
    """An issuer of OpenID Connect whose access tokens callers may show."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(min_length=1)  # as `iss` in its tokens: https://login.example/realms/acme
    audience: str = Field(min_length=1)  # as `aud` in tokens that are meant for this service
    roles: dict[str, Literal["score", "read", "admin"]] = Field(min_length=1)  # by a claim's value
    claim: str = Field(default="roles", min_length=1)  # where they are; dots lead into objects
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256", "ES256"), min_length=1)
    keys: Path | None = None  # the issuer's public keys (JWKS) in a file; else the issuer is asked
    leeway_seconds: int = Field(default=30, ge=0, le=300)  # that the clocks may differ by

    @model_validator(mode="after")
    def _asked_safely(self) -> Self:
        """Keys that come over a connection that anybody can write into are nobody's keys."""
        if self.keys is None and not is_safe(self.issuer):
            raise ValueError("issuer should begin with https://, or keys name a file")
        return self


def is_safe(address: str) -> bool:
    """Whether what is fetched from an address is what its owner sent."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in HERE)
