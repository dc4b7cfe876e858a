"""Alerts by e-mail, over STARTTLS and with a login where there is one."""

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage

from pydantic import SecretStr

from features.errors import SettingsError, SinkError
from serving.sinks.http import HERE
from serving.sinks.patience import Clock, backoff

SECONDS = 10.0
TRIES = 3
LATER = range(400, 500)  # SMTP's answers that another try may change


@dataclass(frozen=True)
class Post:
    """A mail server, the login there, and who writes to whom; `trusted` signs its certificate."""

    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    starttls: bool = True
    user: str | None = None
    password: SecretStr | None = None
    trusted: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)

    def __post_init__(self) -> None:
        if not self.starttls and self.host not in HERE:
            raise SettingsError(
                f"smtp_starttls is off, but {self.host} is not this machine: alerts and passwords "
                "are sent elsewhere encrypted only."
            )


def mailed(post: Post, subject: str, text: str, clock: Clock) -> None:
    """Send one mail; a server that asks for patience is asked again.

    Raises:
        SinkError: The mail was not taken.
    """
    mail = _mail(post, subject, text)
    for attempt in range(TRIES):
        try:
            return _send(post, mail)
        except (smtplib.SMTPException, OSError) as error:
            if attempt == TRIES - 1 or not _may_pass(error):
                raise SinkError(f"{post.host} did not take the mail ({_brief(error)}).") from None
        clock.sleep(backoff(attempt, clock))


def _mail(post: Post, subject: str, text: str) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, post.sender, ", ".join(post.to)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers
    mail.set_content(text)
    return mail


def _send(post: Post, mail: EmailMessage) -> None:
    with smtplib.SMTP(post.host, post.port, timeout=SECONDS) as server:
        if post.starttls:
            server.starttls(context=post.trusted)
        if post.user and post.password:
            server.login(post.user, post.password.get_secret_value())
        server.send_message(mail)


def _may_pass(error: Exception) -> bool:
    if isinstance(error, ssl.SSLError):
        return False
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code in LATER
    return isinstance(error, OSError | smtplib.SMTPServerDisconnected)


def _brief(error: Exception) -> str:
    """The kind of a fault and the server's code: what it says may quote the login."""
    code = getattr(error, "smtp_code", "")
    return f"{type(error).__name__} {code}".strip()
