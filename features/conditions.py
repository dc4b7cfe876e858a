"""Conditions as data: every engine, the words and the contract read the same tests of a row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Scalar: TypeAlias = str | float | bool
Op: TypeAlias = Literal["is", "at_least", "at_most", "above", "below", "missing", "present"]
WORDS: dict[Op, str] = {
    "is": "is",
    "at_least": "at least",
    "at_most": "at most",
    "above": "above",
    "below": "below",
    "missing": "is missing",
    "present": "is known",
}


@dataclass(frozen=True)
class Test:
    """A question about one value; a missing value answers every question but `missing` with no."""

    op: Op
    values: tuple[Scalar, ...] = ()


@dataclass(frozen=True)
class Condition:
    """A test of one column of a row."""

    column: str
    test: Test

    def __str__(self) -> str:
        values = " or ".join(str(value) for value in self.test.values)
        return f"{self.column} {WORDS[self.test.op]} {values}".strip()


Where: TypeAlias = Mapping[str, Scalar | tuple[Scalar, ...] | Test]


def at_least(value: float) -> Test:
    """The value, or more."""
    return Test("at_least", (value,))


def at_most(value: float) -> Test:
    """The value, or less."""
    return Test("at_most", (value,))


def above(value: float) -> Test:
    """More than the value."""
    return Test("above", (value,))


def below(value: float) -> Test:
    """Less than the value."""
    return Test("below", (value,))


def missing() -> Test:
    """Nothing is known in this column yet."""
    return Test("missing")


def present() -> Test:
    """Something is known in this column."""
    return Test("present")


def conditions(where: Where) -> tuple[Condition, ...]:
    """The conditions of a `where`, in its order; a plain value or a tuple of values means `is`."""
    return tuple(Condition(column, _test(value)) for column, value in where.items())


def _test(value: Scalar | tuple[Scalar, ...] | Test) -> Test:
    if isinstance(value, Test):
        return value
    return Test("is", value if isinstance(value, tuple) else (value,))
