"""From settings to the channels that alerts go by."""

from functools import partial

from features.errors import SettingsError
from features.settings import Settings
from serving.monitor.alerts import Channel, Message
from serving.sinks.mail import Post, mailed
from serving.sinks.patience import Clock
from serving.sinks.webhook import posted


def channels_of(settings: Settings, clock: Clock) -> list[Channel]:
    """The channels that are set up: a webhook, e-mail, both or none.

    Raises:
        SettingsError: E-mail is set up in part only.
    """
    found = []
    if settings.alert_webhook:
        url = settings.alert_webhook
        found.append(Channel("webhook", lambda message: posted(url, message.text, clock)))
    if settings.alert_mail_to:
        found.append(Channel("mail", partial(_mailed, _post(settings), clock)))
    return found


def _mailed(post: Post, clock: Clock, message: Message) -> None:
    mailed(post, message.subject, message.text, clock)


def _post(settings: Settings) -> Post:
    if settings.smtp_host is None:
        raise SettingsError("alert_mail_to is set, but smtp_host is not: name the mail server.")
    if settings.smtp_user and not settings.smtp_password:
        raise SettingsError("smtp_user is set, but CHURN_SMTP_PASSWORD is not.")
    return Post(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.alert_mail_from,
        to=settings.alert_mail_to,
        starttls=settings.smtp_starttls,
        user=settings.smtp_user,
        password=settings.smtp_password,
    )
