"""The chronicle of findings: what stands, since when, and what is over, in one file."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from features.errors import ContractError
from features.locked import only_writer
from serving.monitor.finding import Check, Finding, Severity

if TYPE_CHECKING:
    from serving.monitor.look import Look

FILE = "findings.json"
FORMAT = 1
MISSED = 2  # looks in a row that do not find it, and it is over: one quiet night may be chance
KEPT = 200  # findings that are over


@dataclass(frozen=True)
class Sent:
    """That somebody was told of a finding: on which day, of what severity."""

    on: date
    severity: Severity


@dataclass(frozen=True)
class Standing:
    """A finding that stands: since which day, when it was last seen, and who was told of it.

    `missed` counts the looks since that have not found it; `sent` is by channel.
    """

    finding: Finding
    since: date
    seen: date
    missed: int = 0
    sent: Mapping[str, Sent] = field(default_factory=dict)


@dataclass(frozen=True)
class Over:
    """A finding that stood for a while; `untold` are the channels that do not know yet."""

    finding: Finding
    since: date
    until: date
    untold: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chronicle:
    """The last look, what stands, worst first, and what is over, the latest first."""

    standing: tuple[Standing, ...] = ()
    over: tuple[Over, ...] = ()
    last: Mapping[str, Any] = field(default_factory=dict)

    def after(self, look: "Look") -> "Chronicle":
        """The chronicle with another look in it."""
        before = {each.finding.key: each for each in self.standing}
        seen = [_seen(finding, before.get(finding.key), look) for finding in look.findings]
        gone = [each for key, each in before.items() if key not in {f.key for f in look.findings}]
        missed = [replace(each, missed=each.missed + 1) for each in gone]
        kept = [each for each in missed if each.missed < MISSED]
        over = [_over(each, look.today) for each in missed if each.missed >= MISSED]
        return Chronicle((*seen, *kept), (*over, *self.over)[:KEPT], _said(look))


def _seen(finding: Finding, before: Standing | None, look: "Look") -> Standing:
    if before is None:
        return Standing(finding, look.today, look.today)
    return replace(before, finding=finding, seen=look.today, missed=0)


def _over(stood: Standing, today: date) -> Over:
    return Over(stood.finding, stood.since, today, tuple(stood.sent))


def _said(look: "Look") -> dict[str, Any]:
    return {
        "at": look.at.isoformat(timespec="seconds"),
        "today": str(look.today),
        "as_of": str(look.as_of),
        "model_version": look.model_version,
        "customers": look.customers,
        "rows": {check.value: [dict(row) for row in rows] for check, rows in look.rows.items()},
    }


def alone(folder: Path) -> AbstractContextManager[None]:
    """Lets one process at a time look and write; raises Busy."""
    return only_writer(folder)


def read(folder: Path) -> Chronicle:
    """What is written; an empty chronicle where nobody has looked yet.

    Raises:
        ContractError: The file is broken, or of another release.
    """
    file = folder / FILE
    if not file.is_file():
        return Chronicle()
    try:
        return _of(json.loads(file.read_text()))
    except (KeyError, TypeError, ValueError) as broken:
        raise ContractError(
            f"{file} cannot be read ({type(broken).__name__}: {broken}). Move it away: the next "
            "`churn monitor` begins a new one."
        ) from broken


def write(folder: Path, chronicle: Chronicle) -> Path:
    """Put a chronicle into its place, all or nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {
        "format": FORMAT,
        "last": dict(chronicle.last),
        "standing": [_standing_said(each) for each in chronicle.standing],
        "over": [_over_said(each) for each in chronicle.over],
    }
    with NamedTemporaryFile("w", dir=folder, prefix=".findings-", delete=False) as unfinished:
        json.dump(said, unfinished, indent=1, allow_nan=True)
    made = Path(unfinished.name)
    made.chmod(0o644)
    return made.replace(folder / FILE)


def _standing_said(each: Standing) -> dict[str, Any]:
    sent = {channel: asdict(told) | {"on": str(told.on)} for channel, told in each.sent.items()}
    days = {"since": str(each.since), "seen": str(each.seen), "missed": each.missed}
    return each.finding.said() | days | {"sent": sent}


def _over_said(each: Over) -> dict[str, Any]:
    days = {"since": str(each.since), "until": str(each.until)}
    return each.finding.said() | days | {"untold": list(each.untold)}


def _of(said: Mapping[str, Any]) -> Chronicle:
    if said["format"] != FORMAT:
        raise ValueError(f"format {said['format']}")
    standing = [_standing(each) for each in said["standing"]]
    over = [_over_of(each) for each in said["over"]]
    return Chronicle(tuple(standing), tuple(over), said["last"])


def _standing(said: Mapping[str, Any]) -> Standing:
    told = {
        channel: Sent(date.fromisoformat(each["on"]), Severity(each["severity"]))
        for channel, each in said["sent"].items()
    }
    since, seen = (date.fromisoformat(said[name]) for name in ("since", "seen"))
    return Standing(_finding(said), since, seen, said["missed"], told)


def _over_of(said: Mapping[str, Any]) -> Over:
    since, until = (date.fromisoformat(said[name]) for name in ("since", "until"))
    return Over(_finding(said), since, until, tuple(said["untold"]))


def _finding(said: Mapping[str, Any]) -> Finding:
    check, severity = Check(said["check"]), Severity(said["severity"])
    return Finding(check, said["subject"], severity, said["code"], said["given"])
