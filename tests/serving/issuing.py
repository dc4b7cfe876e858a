"""A small issuer of OpenID Connect on this machine: says where its keys are, and signs tokens."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters, OctKey, RSAKey

AUDIENCE = "churn"
Signing = RSAKey | ECKey | OctKey


def signing_key(alg: str = "RS256") -> RSAKey | ECKey:
    """A new key pair with an id."""
    said: KeyParameters = {"use": "sig", "alg": alg}
    made: RSAKey | ECKey
    made = RSAKey.generate_key(2048, said) if alg[0] in "RP" else ECKey.generate_key("P-256", said)
    made.ensure_kid()
    return made


@dataclass
class Issuer:
    """What it signs with and what it says about itself; a test may change both."""

    address: str = ""
    keys: list[Signing] = field(default_factory=lambda: [signing_key()])
    called: str = ""
    asked: list[str] = field(default_factory=list)
    is_away: bool = False

    def said(self, path: str) -> dict[str, Any]:
        """What it answers: where its keys are, or its public keys."""
        if path == "/jwks":
            return {"keys": [key.as_dict(private=False) for key in self.keys]}
        return {"issuer": self.called or self.address, "jwks_uri": f"{self.address}/jwks"}

    def token(
        self, now: float, key: Signing | None = None, alg: str = "RS256", **claims: Any
    ) -> str:
        """A token of somebody who may read scores, unless other claims are given."""
        signing = key or self.keys[0]
        usual = {"iss": self.address, "aud": AUDIENCE, "sub": "kim@acme.example", "roles": ["crm"]}
        said = {**usual, "iat": int(now), "exp": int(now) + 300, **claims}
        header = {"alg": alg, "kid": signing.kid}
        return jwt.encode(header, {n: v for n, v in said.items() if v is not None}, signing, [alg])


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer that answers on a free port."""
    issuer = Issuer()

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            self.send_response(503 if issuer.is_away else 200)
            self.end_headers()
            self.wfile.write(json.dumps(issuer.said(self.path)).encode())

        def log_message(self, *said: object) -> None:
            """Quietly."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    issuer.address = f"http://127.0.0.1:{listening.server_port}"
    thread = Thread(target=listening.serve_forever)
    thread.start()
    try:
        yield issuer
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()
