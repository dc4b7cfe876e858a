"""A finding: one thing that is wrong with a history, in words a person can act on."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error makes the tables unusable and stops training; a warning costs rows or trust."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


@dataclass(frozen=True)
class Finding:
    """One fault of a table, or of one column, that `rows` rows show; 0 where no row is at fault.

    `examples` are a few ids or values; `what` says what is wrong, `do` what to do, each a sentence.
    """

    name: str
    severity: Severity
    what: str
    do: str
    table: str = ""
    column: str = ""
    rows: int = 0
    examples: tuple[str, ...] = ()


def few(values: Sequence[object]) -> tuple[str, ...]:
    """The different examples among some values, as text."""
    texts = [f"{v:g}" if isinstance(v, float) else str(v) for v in values if v is not None]
    return tuple(dict.fromkeys(texts))


def share(rows: int, of: int) -> str:
    """How many of how many, in words: `12 of 48 rows (25 %)`."""
    if rows == of > 1:
        return f"all {of:,} rows"
    percent = 100 * rows / of
    shown = "under 0.1" if percent < 0.1 else f"{percent:.1f}" if percent < 1 else f"{percent:.0f}"
    return f"{rows:,} of {of:,} rows ({shown} %)"
