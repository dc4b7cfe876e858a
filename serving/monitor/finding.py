"""A finding: one thing about data or scores that asks for a look, in words to act on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from serving.monitor.words import WORDS

Row: TypeAlias = Mapping[str, Any]


class Severity(StrEnum):
    """Information is worth knowing; a warning asks for a look; what is critical cannot wait."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def weight(self) -> int:
        """0, 1 or 2: the heavier, the worse."""
        return list(Severity).index(self)


class Check(StrEnum):
    """What is looked at."""

    FRESHNESS = "freshness"
    MISSING = "missing"
    DRIFT = "drift"
    BANDS = "bands"
    LIST = "list"
    FORECAST = "forecast"
    OUTCOMES = "outcomes"


@dataclass(frozen=True)
class Finding:
    """What a check found of a `subject`: a table, a column, a feature or a kind of customers.

    `code` is a key of WORDS; `given` is what its sentences are filled with, written out.
    """

    check: Check
    subject: str
    severity: Severity
    code: str
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What makes it the same finding as one of another day."""
        return f"{self.check}/{self.subject}"

    @property
    def what(self) -> str:
        """What was found, as a sentence."""
        return WORDS[self.code].what.format(**self.given)

    @property
    def do(self) -> str:
        """What to do, as a sentence."""
        return WORDS[self.code].do.format(**self.given)

    def said(self) -> dict[str, Any]:
        """As JSON, with its sentences."""
        given = {"severity": self.severity, "check": self.check, "subject": self.subject}
        told = {"what": self.what, "do": self.do}
        return {**given, **told, "code": self.code, "given": dict(self.given)}


@dataclass(frozen=True)
class Checked:
    """What a check measured, a row for each subject, and what it found in that."""

    rows: tuple[Row, ...] = ()
    findings: tuple[Finding, ...] = ()


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The heaviest first; then by check and subject."""
    order = list(Check)
    return tuple(
        sorted(findings, key=lambda f: (-f.severity.weight, order.index(f.check), f.subject))
    )
