"""Who may ask for what: keys, roles, sessions, limits, and nobody from elsewhere without a key."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp

import churn
from features.errors import SettingsError
from serving.access import Access, Rules
from serving.keys import Caller, Keys, Role, add, hashed, read, revoke
from serving.sessions import COOKIE, logins

NOW = datetime(2026, 11, 25, tzinfo=UTC)


class Client:
    """Asks an application as from an address, and keeps its cookies as a browser does."""

    def __init__(self, app: ASGIApp, address: str, base_url: str) -> None:
        self.transport = httpx.ASGITransport(app, client=(address, 5000))
        self.base_url, self.cookies = base_url, httpx.Cookies()

    def get(self, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._asked("GET", path, more))

    def post(self, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._asked("POST", path, more))

    async def _asked(self, method: str, path: str, more: dict[str, Any]) -> httpx.Response:
        asking = httpx.AsyncClient(
            transport=self.transport, base_url=self.base_url, cookies=self.cookies
        )
        answer = await asking.request(method, path, **more)
        self.cookies = asking.cookies
        return answer


Asking = Callable[..., Client]


def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def asking(file: Path) -> Asking:
    """A client of an application behind the rules, from an address, with a limit a minute."""

    def made(
        client: str = "127.0.0.1",
        limit: int | None = None,
        base_url: str = "http://localhost",
        single: str | None = None,
    ) -> Client:
        keys = Keys(file, single)
        anything = Route("/{path:path}", hello, methods=["GET", "POST"])
        app = logins(keys)
        app.router.routes.append(anything)
        return Client(Access(app, Rules(keys, limit)), client, base_url)

    return made


def shown(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_a_key_is_kept_as_its_hash_and_for_its_owner_alone(file: Path):
    made = add(file, "the CRM", Role.SCORE, NOW)
    assert made not in file.read_text()
    [kept] = json.loads(file.read_text())["keys"]
    assert kept["hash"] == hashed(made)
    assert (kept["name"], kept["role"]) == ("the CRM", "score")
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_key_is_known_by_its_hash_alone(file: Path):
    made = add(file, "a", Role.READ, NOW)
    id_ = made.split("_")[1]
    assert Keys(file).caller(made) == Caller(id_, frozenset((Role.READ,)))
    for wrong in (f"churn_{id_}_guess", made[:-1], made + "x", hashed(made), "", "churn__", id_):
        assert Keys(file).caller(wrong) is None


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("score", "/score", 200),
        ("score", "/model_card", 200),
        ("score", "/", 403),
        ("score", "/customers.csv", 403),
        ("score", "/reload", 403),
        ("read", "/", 200),
        ("read", "/customers/c1", 200),
        ("read", "/health", 200),
        ("read", "/score", 403),
        ("read", "/explain", 403),
        ("read", "/reload", 403),
        ("admin", "/score", 200),
        ("admin", "/", 200),
        ("admin", "/reload", 200),
    ],
)
def test_a_role_reaches_what_it_is_for(
    asking: Asking, file: Path, role: str, path: str, status: int
):
    made = add(file, role, Role(role), NOW)
    answer = asking().post(path, headers=shown(made))
    assert answer.status_code == status
    if status == 403:
        assert f"The role {role} may not" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/score", "/", "/customers/a", "/reload", "/docs.json", "/x"])
def test_without_a_key_nothing_is_answered_once_there_are_keys(
    asking: Asking, file: Path, path: str
):
    add(file, "a", Role.ADMIN, NOW)
    nothing, wrong = "Bearer", 'Bearer error="invalid_token"'
    other = {"Authorization": "Basic YTpi"}
    for headers, wants in (({}, nothing), (shown("churn_1_2"), wrong), (other, nothing)):
        answer = asking().post(path, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "Unauthorized")
        assert answer.headers["www-authenticate"] == wants
    assert asking().get("/livez").text == "hello"
    assert asking().get("/readyz").text == "hello"


def test_keys_change_while_the_service_runs(asking: Asking, file: Path):
    old = add(file, "old", Role.SCORE, NOW)
    client = asking()
    new = add(file, "new", Role.SCORE, NOW)
    assert [client.post("/score", headers=shown(k)).status_code for k in (old, new)] == [200, 200]
    revoke(file, old.split("_")[1])
    assert [client.post("/score", headers=shown(k)).status_code for k in (old, new)] == [401, 200]


def test_a_keys_file_that_breaks_changes_nothing(asking: Asking, file: Path):
    made = add(file, "a", Role.SCORE, NOW)
    client = asking()
    assert client.post("/score", headers=shown(made)).status_code == 200
    file.write_text("{")
    assert client.post("/score", headers=shown(made)).status_code == 200
    assert client.post("/score").status_code == 401


def test_the_last_key_that_is_revoked_opens_nothing(asking: Asking, file: Path):
    made = add(file, "a", Role.ADMIN, NOW)
    revoke(file, made.split("_")[1])
    assert asking().post("/score").status_code == 401


def test_the_key_of_the_settings_is_an_admins(asking: Asking):
    client = asking(single="a key of the settings")
    assert client.post("/reload", headers=shown("a key of the settings")).status_code == 200
    assert client.post("/reload", headers=shown("another")).status_code == 401


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("127.0.0.1", {"Host": "127.0.0.1:3000"}, 200),
        ("127.0.0.1", {"Host": "[::1]:3000"}, 200),
        ("10.0.0.9", {}, 403),
        ("127.0.0.1", {"Host": "rebound.example"}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.9"}, 403),
        ("127.0.0.1", {"Forwarded": "for=10.0.0.9"}, 403),
    ],
)
def test_without_any_key_only_the_machine_itself_is_answered(
    asking: Asking, client: str, headers: dict[str, str], status: int
):
    answer = asking(client).post("/score", headers=headers)
    assert answer.status_code == status, answer.text


def test_a_key_that_asks_too_often_waits_and_others_do_not(asking: Asking, file: Path):
    keys = [add(file, name, Role.SCORE, NOW) for name in ("hasty", "calm")]
    client = asking(limit=3)
    hasty = [client.post("/score", headers=shown(keys[0])) for _ in range(4)]
    assert [answer.status_code for answer in hasty] == [200, 200, 200, 429]
    assert 1 <= int(hasty[3].headers["retry-after"]) <= 60
    assert client.post("/score", headers=shown(keys[1])).status_code == 200


def test_who_guesses_keys_waits(asking: Asking, file: Path):
    add(file, "a", Role.SCORE, NOW)
    client = asking("10.0.0.9")
    guesses = [client.post("/score", headers=shown(f"churn_1_{n}")) for n in range(30)]
    assert guesses[0].status_code == 401
    assert guesses[-1].status_code == 429


def test_a_browser_is_shown_the_login_page_and_comes_back(asking: Asking, file: Path):
    made = add(file, "Kim", Role.READ, NOW)
    client = asking()
    sent = client.get("/customers/c1", headers={"Accept": "text/html"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Fcustomers%2Fc1")
    page = client.get(sent.headers["location"])
    assert 'name="next" value="/customers/c1"' in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    done = client.post("/login", data={"key": made, "next": "/customers/c1"})
    assert (done.status_code, done.headers["location"]) == (303, "/customers/c1")
    said = done.headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said
    assert "max-age=43200" in said
    assert "secure" not in said
    assert made not in said
    assert client.get("/customers/c1").text == "hello"


def test_over_https_the_cookie_is_for_https_alone(asking: Asking, file: Path):
    made = add(file, "Kim", Role.READ, NOW)
    done = asking(base_url="https://localhost").post("/login", data={"key": made})
    assert "secure" in done.headers["set-cookie"].lower()


def test_a_wrong_key_gets_the_form_again_and_no_cookie(asking: Asking, file: Path):
    add(file, "Kim", Role.READ, NOW)
    answer = asking().post("/login", data={"key": "guess"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "none of ours" in answer.text


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example"])
def test_the_login_leads_nowhere_else(asking: Asking, file: Path, target: str):
    made = add(file, "Kim", Role.READ, NOW)
    done = asking().post("/login", data={"key": made, "next": target})
    assert done.headers["location"] == "/"


def test_a_session_ends_with_its_key_or_when_it_is_ended_or_forged(asking: Asking, file: Path):
    made = add(file, "Kim", Role.READ, NOW)
    client = asking()
    client.post("/login", data={"key": made})
    assert client.get("/").status_code == 200
    forged = asking()
    forged.cookies.set(COOKIE, client.cookies[COOKIE][:-2] + "xx")
    assert forged.get("/").status_code == 401
    revoke(file, made.split("_")[1])
    assert client.get("/").status_code == 401


def test_logging_out_forgets_the_cookie(asking: Asking, file: Path):
    made = add(file, "Kim", Role.READ, NOW)
    client = asking()
    client.post("/login", data={"key": made})
    assert client.post("/logout").headers["location"] == "/login"
    assert client.get("/").status_code == 401


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}]
)
def test_another_sites_page_cannot_use_a_session(
    asking: Asking, file: Path, headers: dict[str, str]
):
    made = add(file, "boss", Role.ADMIN, NOW)
    client = asking()
    client.post("/login", data={"key": made})
    assert client.post("/reload", headers=headers).status_code == 403
    assert client.post("/login", data={"key": made}, headers=headers).status_code == 403
    assert client.post("/reload", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_the_command_makes_lists_and_revokes_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("CHURN_HOME", str(tmp_path))
    ran = _ran(["keys", "add", "the CRM", "--role", "score", "--json"], capsys)
    made = json.loads(ran)["key"]
    listed = json.loads(_ran(["keys", "list", "--json"], capsys))["keys"]
    assert [(key["name"], key["role"]) for key in listed] == [("the CRM", "score")]
    assert made not in _ran(["keys", "list"], capsys)
    assert listed[0]["id"] in _ran(["keys", "revoke", listed[0]["id"]], capsys)
    assert read(tmp_path / "keys.json").keys == {}


def _ran(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        churn.main(arguments)
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_a_key_that_is_not_there_is_named(file: Path):
    add(file, "a", Role.SCORE, NOW)
    with pytest.raises(SettingsError, match="There is no key 'nobody'"):
        revoke(file, "nobody")


def test_without_a_key_the_service_does_not_start_where_others_can_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("CHURN_HOME", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        churn.main(["serve", "--host", "0.0.0.0"])
    assert ended.value.code == 2
    assert "0.0.0.0 would let everybody in" in capsys.readouterr().err
