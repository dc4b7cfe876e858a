"""Alerts: each finding told once by each channel, to a real server; secrets told to nobody."""

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message as Mail
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from json import loads
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from features.errors import SettingsError, SinkError
from features.settings import Settings
from serving.monitor.alerts import Channel, Message, Policy, due, message, tell
from serving.monitor.chronicle import Chronicle
from serving.monitor.finding import Finding, Severity
from serving.sinks.alerting import channels_of
from serving.sinks.mail import Post, mailed
from serving.sinks.patience import Clock
from serving.sinks.webhook import posted
from tests.serving.monitor.test_chronicle import DAY, STALE, looked
from tests.serving.server import free_port

CLOCK = Clock(sleep=lambda _: None)
SECRET = "T000-B000-verysecret"
WEEKLY = Policy(Severity.WARNING, 7)


@dataclass
class Said:
    """A channel that keeps what it is sent."""

    messages: list[Message] = field(default_factory=list)

    @property
    def channel(self) -> Channel:
        return Channel("said", self.messages.append)


def days(chronicle: Chronicle, said: Said, by_day: list[tuple[Finding, ...]]) -> Chronicle:
    """Look and tell on one day after the other."""
    for day, findings in enumerate(by_day):
        chronicle = chronicle.after(looked(day, *findings))
        chronicle = tell(chronicle, said.channel, WEEKLY, DAY + timedelta(days=day))
    return chronicle


# When people are told


def test_a_finding_that_stands_is_told_once_and_again_after_a_week() -> None:
    said = Said()
    days(Chronicle(), said, [(STALE,)] * 15)
    assert [message.subject for message in said.messages] == [
        "Churn monitor: 1 new",
        "Churn monitor: 1 still standing",
        "Churn monitor: 1 still standing",
    ]


def test_a_finding_that_worsens_is_told_at_once() -> None:
    said, worse = Said(), replace(STALE, severity=Severity.CRITICAL)
    days(Chronicle(), said, [(STALE,), (worse,), (worse,), (STALE,), (worse,)])
    assert [message.subject for message in said.messages] == [
        "Churn monitor: 1 new",
        "Churn monitor: 1 worse",
    ]


def test_its_end_is_told_once_to_those_who_had_been_told() -> None:
    said = Said()
    told = days(Chronicle(), said, [(STALE,), (), (), ()])
    assert [message.subject for message in said.messages][1:] == ["Churn monitor: 1 resolved"]
    assert "no longer found since 2026-11-03" in said.messages[1].text
    assert due(told, "another channel", WEEKLY, DAY) == due(Chronicle(), "", WEEKLY, DAY)


def test_information_is_told_to_nobody() -> None:
    said = Said()
    days(Chronicle(), said, [(replace(STALE, severity=Severity.INFO),), (), ()])
    assert said.messages == []


def test_what_could_not_be_told_is_due_still() -> None:
    def broken(_: Message) -> None:
        raise SinkError("down")

    chronicle = Chronicle().after(looked(0, STALE))
    with pytest.raises(SinkError):
        tell(chronicle, Channel("said", broken), WEEKLY, DAY)
    said = Said()
    tell(chronicle, said.channel, WEEKLY, DAY)
    assert len(said.messages) == 1


def test_a_message_says_what_since_when_and_what_to_do_and_is_not_endless() -> None:
    many = [replace(STALE, subject=f"table{n}") for n in range(30)]
    chronicle = Chronicle().after(looked(0, *many))
    text = message(due(chronicle, "x", WEEKLY, DAY), chronicle.last).text
    assert "As of 2026-11-01, model v1." in text
    assert "new: warning freshness table0, since 2026-11-01" in text
    assert "-> Look at the job that loads it." in text
    assert text.endswith("And 10 more: see `churn monitor` or the page Watch.")


# By webhook


@dataclass
class Hook:
    """A server on this machine that answers as it is told to."""

    url: str
    asked: list[tuple[str, Any]]
    statuses: list[int]


@pytest.fixture
def hook() -> Iterator[Hook]:
    """An address that keeps what is posted to it; 200 when there is nothing else to answer."""
    asked: list[tuple[str, Any]] = []
    statuses: list[int] = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, loads(body)))
            self.send_response(statuses.pop(0) if statuses else 200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield Hook(f"http://127.0.0.1:{server.server_port}/services/{SECRET}", asked, statuses)
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_webhook_gets_the_text_as_json_that_calls_nobody(hook: Hook) -> None:
    posted(SecretStr(hook.url), "a <!channel> & b", CLOCK)
    assert hook.asked == [
        (f"/services/{SECRET}", {"text": "a &lt;!channel&gt; &amp; b"}),
    ]


def test_a_webhook_in_trouble_is_asked_again(hook: Hook) -> None:
    hook.statuses += [500, 429]
    posted(SecretStr(hook.url), "hello", CLOCK)
    assert len(hook.asked) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 410, 302])
def test_a_webhook_that_refuses_is_not_asked_again_and_its_address_is_not_told(
    hook: Hook, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    hook.statuses += [status]
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SinkError) as refused:
        posted(SecretStr(hook.url), "hello", CLOCK)
    assert len(hook.asked) == 1
    said = repr(refused.value) + repr(refused.value.__cause__) + caplog.text
    assert SECRET not in said


@pytest.mark.parametrize("url", ["http://chat.example/{}", "ftp://127.0.0.2/{}", "{}"])
def test_a_secret_is_sent_encrypted_or_to_this_machine(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        posted(SecretStr(url.format(SECRET)), "hello", CLOCK)
    assert SECRET not in str(refused.value)


def test_nobody_there_is_an_error_without_the_address() -> None:
    with pytest.raises(SinkError, match="ConnectError") as nobody:
        posted(SecretStr(f"http://127.0.0.1:9/{SECRET}"), "hello", CLOCK)
    assert SECRET not in str(nobody.value)


# By e-mail


@dataclass
class Inbox:
    """A mail server's handler that keeps mails, after refusing so many."""

    mails: list[tuple[Mail, list[str], bool]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self.mails.append((message_from_bytes(content), envelope.rcpt_tos, session.ssl is not None))
        return "250 OK"


@contextmanager
def mail_server(inbox: Inbox, **options: Any) -> Iterator[int]:
    """A mail server on this machine: its port."""
    port = free_port()
    server = Controller(inbox, hostname="127.0.0.1", port=port, **options)
    server.start()
    try:
        yield port
    finally:
        server.stop()


def post(port: int, **rest: Any) -> Post:
    given: dict[str, Any] = {
        "sender": "churn@example.com",
        "to": ("ops@example.com",),
        "starttls": False,
    }
    return Post("127.0.0.1", port, **(given | rest))


def test_a_mail_has_a_subject_a_text_and_everybody_who_is_to_be_told() -> None:
    inbox = Inbox()
    with mail_server(inbox) as port:
        to = ("ops@example.com", "cs@example.com")
        mailed(post(port, to=to), "Churn monitor: 1 new", "später → now", CLOCK)
    [(mail, to_whom, encrypted)] = inbox.mails
    assert (mail["Subject"], mail["From"], to_whom) == (
        "Churn monitor: 1 new",
        "churn@example.com",
        list(to),
    )
    assert mail["Auto-Submitted"] == "auto-generated"
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().strip() == "später → now"
    assert not encrypted


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    told = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(told + signed.public_bytes(serialization.Encoding.PEM))
    return file


def authenticated(_: Any, __: Any, ___: Any, ____: Any, login: LoginPassword) -> AuthResult:
    return AuthResult(success=login.password == SECRET.encode(), handled=False)


def encrypted(certificate: Path) -> dict[str, Any]:
    """The options of a server that wants encryption and a login."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return {
        "tls_context": context,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": authenticated,
    }


def test_a_login_goes_over_starttls_to_a_server_that_is_who_it_says(certificate: Path) -> None:
    inbox, trusted = Inbox(), ssl.create_default_context(cafile=str(certificate))
    login: dict[str, Any] = {"starttls": True, "user": "churn"}
    with mail_server(inbox, **encrypted(certificate)) as port:
        right = post(port, **login, password=SecretStr(SECRET), trusted=trusted)
        mailed(right, "s", "t", CLOCK)
        assert inbox.mails[0][2]
        with pytest.raises(SinkError, match="SMTPAuthenticationError 535") as refused:
            mailed(replace(right, password=SecretStr("wrong")), "s", "t", CLOCK)
        assert "wrong" not in str(refused.value)
        with pytest.raises(SinkError, match="SSLCertVerificationError"):
            mailed(replace(right, trusted=ssl.create_default_context()), "s", "t", CLOCK)
    assert len(inbox.mails) == 1
    assert SECRET not in repr(right)


def test_a_server_that_asks_for_patience_is_asked_again_and_one_that_refuses_is_not() -> None:
    inbox = Inbox(refusals=["451 later", "451 later"])
    with mail_server(inbox) as port:
        mailed(post(port), "s", "t", CLOCK)
        inbox.refusals += ["554 never"]
        with pytest.raises(SinkError, match="554"):
            mailed(post(port), "s", "t", CLOCK)
    assert len(inbox.mails) == 1


def test_nothing_is_sent_elsewhere_in_the_clear() -> None:
    with pytest.raises(SettingsError, match="smtp_starttls"):
        Post("mail.example.com", 25, "a@example.com", ("b@example.com",), starttls=False)


# What is set up


def test_channels_are_those_that_are_set_up(hook: Hook) -> None:
    assert channels_of(Settings(), CLOCK) == []
    mail: dict[str, Any] = {
        "alert_mail_to": ("ops@example.com",),
        "smtp_host": "127.0.0.1",
        "smtp_starttls": False,
    }
    both = Settings(alert_webhook=SecretStr(hook.url), **mail)
    assert [channel.name for channel in channels_of(both, CLOCK)] == ["webhook", "mail"]
    channels_of(both, CLOCK)[0].send(Message("s", "t"))
    assert hook.asked[0][1] == {"text": "t"}
    assert SECRET not in repr(both)


@pytest.mark.parametrize("given", [{}, {"smtp_host": "mail.example.com", "smtp_user": "churn"}])
def test_mail_that_is_set_up_in_part_is_said(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="smtp"):
        channels_of(Settings(alert_mail_to=("ops@example.com",), **given), CLOCK)
