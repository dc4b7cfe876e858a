"""Tokens of an issuer: what has to be true of one, and which keys it is checked by."""

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from joserfc.jwk import OctKey
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from features.oidc_settings import OidcSettings
from serving.access import Access, Rules
from serving.issuer import PAUSE, IssuerKeys, from_file, from_issuer
from serving.keys import Caller, Keys, Role, add
from serving.tokens import Refused, Tokens, Trust, roles_in, tokens_of
from tests.serving.company import AS_OF
from tests.serving.issuing import AUDIENCE, Issuer, issuing, signing_key
from tests.serving.server import free_port, served
from tests.serving.test_access import Client

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ROLES = {"crm": "score", "csm": "read", "ops": "admin"}


def settings(issuer: str, **more: object) -> OidcSettings:
    return OidcSettings.model_validate(
        {"issuer": issuer, "audience": AUDIENCE, "roles": ROLES, **more}
    )


def hello(request: Request) -> PlainTextResponse:
    caller: Caller = request.scope["caller"]
    return PlainTextResponse(caller.id)


@dataclass
class Door:
    """An application that takes keys and an issuer's tokens, and its clocks."""

    issuer: Issuer
    keys: Path
    now: datetime = NOW
    seconds: float = 0.0
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        said = settings(self.issuer.address)
        roles = {value: Role(role) for value, role in ROLES.items()}
        trust = Trust(said.issuer, AUDIENCE, roles, "roles", self.algorithms, 30)
        issuer = IssuerKeys(from_issuer(said.issuer), lambda: self.seconds)
        rules = Rules(Keys(self.keys), None, Tokens(trust, issuer, lambda: self.now))
        app = Starlette(routes=[Route("/{path:path}", hello, methods=["GET", "POST"])])
        self.client = Client(Access(app, rules), "10.0.0.7", "http://churn.example")

    def asks(self, token: str, path: str = "/score") -> httpx.Response:
        return self.client.get(path, headers={"Authorization": f"Bearer {token}"})

    def token(self, **claims: object) -> str:
        return self.issuer.token(NOW.timestamp(), **claims)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def running() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture
def door(running: Issuer, tmp_path: Path) -> Iterator[Door]:
    """A door beside an issuer as it was at first."""
    first = list(running.keys)
    running.asked.clear()
    yield Door(running, tmp_path / "keys.json")
    running.keys, running.called, running.is_away = first, "", False


def test_a_token_reaches_what_its_roles_reach_and_is_told_what_it_lacks(door: Door):
    assert door.asks(door.token()).status_code == 200
    refused = door.asks(door.token(), "/customers/c1")
    assert refused.status_code == 403
    assert refused.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'
    assert door.asks(door.token(roles=["csm"]), "/customers/c1").status_code == 200
    assert door.asks(door.token(roles=["csm", "crm"]), "/score").status_code == 200
    assert door.asks(door.token(roles=["csm", "crm"]), "/reload").status_code == 403
    assert door.asks(door.token(roles=["ops"]), "/reload").status_code == 200
    assert door.asks(door.token(roles=["cleaners"]), "/health").status_code == 403


def test_a_subject_is_told_apart_in_the_log_and_not_named(door: Door):
    one, same, other = (
        door.asks(door.token(sub=sub)).text for sub in ("kim@acme", "kim@acme", "ana@acme")
    )
    assert one == same != other
    assert "kim" not in one


SECONDS = NOW.timestamp()


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": SECONDS - 31}, "has expired"),
        ({"exp": None}, "not valid"),
        ({"exp": "never"}, "not valid"),
        ({"nbf": SECONDS + 31}, "not valid yet"),
        ({"iat": SECONDS + 31}, "issued in the future"),
        ({"aud": "payroll"}, "another audience"),
        ({"aud": ["payroll", "mail"]}, "another audience"),
        ({"aud": None}, "another audience"),
        ({"iss": "https://login.example"}, "another issuer"),
        ({"sub": None}, "not valid"),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused_with_the_reason(
    door: Door, claims: dict[str, object], why: str
):
    answer = door.asks(door.token(**claims))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert why in answer.json()["detail"]


@pytest.mark.parametrize("claims", [{"exp": SECONDS - 29}, {"nbf": SECONDS + 29}])
def test_clocks_may_differ_by_the_leeway(door: Door, claims: dict[str, object]):
    assert door.asks(door.token(**claims)).status_code == 200


def test_only_the_algorithms_that_are_named_are_taken(door: Door):
    other = signing_key("PS256")
    door.issuer.keys = [*door.issuer.keys, other]
    assert door.asks(door.token(key=other, alg="PS256")).status_code == 401
    public = door.issuer.keys[0].as_dict(private=False)
    secret = OctKey.import_key(json.dumps(public).encode(), {"kid": str(public["kid"])})
    assert door.asks(door.token(key=secret, alg="HS256")).status_code == 401
    head, body, _ = door.token().split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    assert door.asks(f"{unsigned}.{body}.").status_code == 401
    assert door.asks(f"{head}.{body}.{'A' * 342}").status_code == 401


@pytest.mark.parametrize("wrong", ["HS256", "none", "dir"])
def test_no_setting_lets_a_secret_or_nothing_sign(wrong: str):
    with pytest.raises(ValidationError, match="algorithms"):
        settings("https://login.example", algorithms=[wrong])


def test_an_issuer_is_asked_over_https_only():
    with pytest.raises(ValidationError, match="https"):
        settings("http://login.example")


def test_another_key_is_looked_for_once_and_found_after_a_rotation(door: Door):
    assert door.asks(door.token()).status_code == 200
    before, door.issuer.keys = door.token(), [signing_key("ES256")]
    rotated = door.token(alg="ES256")
    assert door.asks(rotated).status_code == 401  # it has just been looked
    door.seconds += PAUSE + 1
    assert door.asks(rotated).status_code == 200
    assert door.asks(before).status_code == 401  # withdrawn
    assert door.issuer.asked.count("/jwks") == 2


def test_made_up_keys_make_nobody_ask_the_issuer_more_often_than_that(door: Door):
    assert door.asks(door.token()).status_code == 200
    for _ in range(15):
        assert door.asks(door.token(key=signing_key("ES256"), alg="ES256")).status_code == 401
    door.seconds += PAUSE + 1
    for _ in range(4):
        assert door.asks(door.token(key=signing_key("ES256"), alg="ES256")).status_code == 401
    assert door.issuer.asked.count("/jwks") == 2


def test_an_issuer_that_is_away_leaves_the_keys_as_they_were(
    door: Door, caplog: pytest.LogCaptureFixture
):
    assert door.asks(door.token()).status_code == 200
    door.issuer.is_away = True
    door.seconds += PAUSE + 1
    assert door.asks(door.token(key=signing_key())).status_code == 401
    assert door.asks(door.token()).status_code == 200
    assert "stay as they were" in caplog.text
    assert "503" in caplog.text


def test_an_issuer_that_calls_itself_something_else_is_not_believed(
    door: Door, caplog: pytest.LogCaptureFixture
):
    door.issuer.called = "https://login.example"
    assert door.asks(door.token()).status_code == 401
    assert "calls itself 'https://login.example'" in caplog.text


def test_keys_and_tokens_are_taken_side_by_side_and_a_token_alone_closes_the_door(door: Door):
    assert door.client.get("/health").headers["www-authenticate"] == "Bearer"
    key = add(door.keys, "the CRM", Role.SCORE, NOW)
    assert door.asks(key).status_code == 200
    assert door.asks(door.token()).status_code == 200
    assert door.asks("churn_00_wrong").json()["detail"] == "The key is none of ours."


def test_what_another_sites_page_sent_is_refused_though_a_proxy_added_a_token(door: Door):
    headers = {"Authorization": f"Bearer {door.token(roles=['csm'])}"}
    foreign = {**headers, "Sec-Fetch-Site": "cross-site"}
    assert door.client.post("/customers/c1", headers=foreign).status_code == 403
    assert door.client.post("/customers/c1", headers=headers).status_code == 200


def test_keys_in_a_file_are_read_again_when_they_are_others(tmp_path: Path):
    file, now = tmp_path / "jwks.json", [0.0]
    issuer = IssuerKeys(from_file(file), lambda: now[0])
    for key in (signing_key("ES256"), signing_key("ES256")):
        file.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
        issuer.look()
        assert [each.kid for each in issuer.keys] == [key.kid]
    file.write_text("half a fi")
    issuer.look()
    assert [each.kid for each in issuer.keys] == [key.kid]


def test_secret_keys_in_a_jwks_are_passed_by(tmp_path: Path):
    file = tmp_path / "jwks.json"
    secret, public = OctKey.generate_key(256), signing_key("ES256")
    said = [secret.as_dict(private=True), public.as_dict(private=False), {"kty": "new"}, 7]
    file.write_text(json.dumps({"keys": said}))
    issuer = IssuerKeys(from_file(file))
    issuer.look()
    assert [each.kid for each in issuer.keys] == [public.kid]


@pytest.mark.parametrize(
    ("claims", "claim"),
    [
        ({"roles": ["crm", "other", 5]}, "roles"),
        ({"scope": "openid crm"}, "scope"),
        ({"realm_access": {"roles": ["crm"]}}, "realm_access.roles"),
        ({"https://acme.example/roles": ["crm"]}, "https://acme.example/roles"),
    ],
)
def test_roles_are_where_issuers_put_them(claims: dict[str, object], claim: str):
    trust = Trust("", "", {"crm": Role.SCORE}, claim, (), 0)
    assert roles_in(claims, trust) == {Role.SCORE}
    assert roles_in({"realm_access": "crm"}, trust) == frozenset()


HEADERS: st.SearchStrategy[dict[str, object]] = st.dictionaries(
    st.sampled_from(["alg", "kid", "crit", "typ", "zip", "jwk", "b64"]),
    st.sampled_from(["RS256", "HS256", "none", None, 5, [], ["x"], {}, True]),
)


@drawn(HEADERS, st.binary(max_size=40), st.binary(max_size=40))
def test_nothing_that_is_made_up_gets_in_or_breaks_the_door(
    header: dict[str, object], body: bytes, signature: bytes
):
    parts = (json.dumps(header).encode(), body, signature)
    shown = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    assert isinstance(asyncio.run(CHECKING.caller(shown)), Refused)


def _checking() -> Tokens:
    issuer = IssuerKeys(lambda: {"keys": [KEY.as_dict(private=False)]})
    issuer.look()
    trust = Trust("i", "a", {}, "roles", ("RS256",), 0)
    return Tokens(trust, issuer, lambda: NOW)


KEY = signing_key()
CHECKING = _checking()


def test_the_service_takes_tokens_of_the_issuer_that_the_settings_name(home: Path, tmp_path: Path):
    with issuing() as issuer:
        port = free_port()
        oidc = {"issuer": issuer.address, "audience": AUDIENCE, "roles": ROLES}
        given = {"CHURN_HOME": str(home), "CHURN_OIDC": json.dumps(oidc)}
        command = ["churn", "serve", "--port", str(port)]
        with served(command, port, tmp_path / "on", given) as server:
            assert issuer.asked == ["/.well-known/openid-configuration", "/jwks"]
            now = datetime.now(UTC).timestamp()
            asked = {"customer_ids": ["c117"], "as_of": str(AS_OF)}
            for token, status in (
                (issuer.token(now), 200),
                (issuer.token(now, roles=["csm"]), 403),
                (issuer.token(now - timedelta(days=1).total_seconds()), 401),
                (issuer.token(now, aud="payroll"), 401),
            ):
                headers = {"Authorization": f"Bearer {token}"}
                answer = server.client.post("/score", json=asked, headers=headers)
                assert answer.status_code == status
                assert ("www-authenticate" in answer.headers) == (status != 200)
            assert server.client.post("/score", json=asked).status_code == 401
        assert not any("kim@acme" in line for line in server.log)


def test_without_an_issuer_there_are_no_tokens():
    assert tokens_of(None, lambda: NOW) is None
