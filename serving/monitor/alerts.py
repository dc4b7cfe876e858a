"""Who is told of what: each finding once by each channel, again only when it stands or worsens."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from serving.monitor.chronicle import Chronicle, Over, Sent, Standing
from serving.monitor.finding import Finding, Severity

MOST = 20  # findings spelt out in one message


@dataclass(frozen=True)
class Message:
    """What is sent: one line, and the text."""

    subject: str
    text: str


@dataclass(frozen=True)
class Channel:
    """A way to tell people; `send` raises SinkError or SettingsError."""

    name: str
    send: Callable[[Message], None]


@dataclass(frozen=True)
class Policy:
    """From which severity on people are told, and after how many days again of what stands."""

    least: Severity = Severity.WARNING
    again_days: int = 7


@dataclass(frozen=True)
class Due:
    """What a channel has to tell: findings that are new, worse or stand still, and ended ones."""

    new: tuple[Standing, ...] = ()
    worse: tuple[Standing, ...] = ()
    standing: tuple[Standing, ...] = ()
    over: tuple[Over, ...] = ()

    @property
    def told(self) -> tuple[Standing, ...]:
        """The findings that are told."""
        return (*self.new, *self.worse, *self.standing)

    def __bool__(self) -> bool:
        return bool(self.told or self.over)


def due(chronicle: Chronicle, channel: str, policy: Policy, today: date) -> Due:
    """What a channel has not told yet."""
    seen = [each for each in chronicle.standing if not each.missed]
    grave = [each for each in seen if each.finding.severity.weight >= policy.least.weight]
    sent = [(each, each.sent[channel]) for each in grave if channel in each.sent]
    worse = [each for each, told in sent if each.finding.severity.weight > told.severity.weight]
    old = [each for each, told in sent if (today - told.on).days >= policy.again_days]
    return Due(
        new=tuple(each for each in grave if channel not in each.sent),
        worse=tuple(worse),
        standing=tuple(each for each in old if each not in worse),
        over=tuple(each for each in chronicle.over if channel in each.untold),
    )


def told(chronicle: Chronicle, channel: str, done: Due, today: date) -> Chronicle:
    """The chronicle when a channel has told what was due."""
    keys = {each.finding.key for each in done.told}
    standing = (
        _sent(each, channel, today) if each.finding.key in keys else each
        for each in chronicle.standing
    )
    over = (
        replace(each, untold=tuple(name for name in each.untold if name != channel))
        for each in chronicle.over
    )
    return replace(chronicle, standing=tuple(standing), over=tuple(over))


def _sent(each: Standing, channel: str, today: date) -> Standing:
    return replace(each, sent={**each.sent, channel: Sent(today, each.finding.severity)})


def tell(chronicle: Chronicle, channel: Channel, policy: Policy, today: date) -> Chronicle:
    """Tell by one channel what is due, in one message; the chronicle then knows of it.

    Raises:
        SinkError: The message was not taken: everything is due still.
        SettingsError: The channel is not set up rightly.
    """
    found = due(chronicle, channel.name, policy, today)
    if not found:
        return chronicle
    channel.send(message(found, chronicle.last))
    return told(chronicle, channel.name, found, today)


def message(found: Due, last: Mapping[str, object]) -> Message:
    """What is due in words: the counts in one line, then each finding with what to do."""
    counts = [f"{len(some)} {name}" for name, some in _parts(found) if some]
    subject = f"Churn monitor: {', '.join(counts)}"
    about = f"As of {last.get('as_of', 'unknown')}, model {last.get('model_version', 'unknown')}."
    return Message(subject, "\n".join([f"{subject}. {about}", *_lines(found)]))


def _parts(found: Due) -> list[tuple[str, Sequence[Standing | Over]]]:
    return [
        ("new", found.new),
        ("worse", found.worse),
        ("still standing", found.standing),
        ("resolved", found.over),
    ]


def _lines(found: Due) -> Iterator[str]:
    spelt = 0
    for name, some in _parts(found):
        for each in some[: max(MOST - spelt, 0)]:
            yield ""
            yield from _spelt(name, each)
        spelt += len(some)
    if spelt > MOST:
        yield f"\nAnd {spelt - MOST} more: see `churn monitor` or the page Watch."


def _spelt(name: str, each: Standing | Over) -> Iterator[str]:
    finding: Finding = each.finding
    yield f"{name}: {finding.severity} {finding.check} {finding.subject}, since {each.since}"
    if isinstance(each, Over):
        yield f"  no longer found since {each.until}"
        return
    yield f"  {finding.what}"
    yield f"  -> {finding.do}"
