"""A figure under a rule, and how parts that are made of figures are read and written out."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from training.bootstrap import Interval


@dataclass(frozen=True)
class Measure:
    """A number, its interval, and the rule it is held to, such as "it is at least 1.5".

    `passed` is None where there is no rule or the number could not be measured.
    """

    name: str
    value: Interval
    rule: str = ""
    passed: bool | None = None

    @property
    def sentence(self) -> str:
        """The number and whether it keeps its rule, in words."""
        if self.passed is None:
            return f"{self.name} {self.value}."
        rule = self.rule if self.passed else self.rule.replace(" is ", " is not ", 1)
        return f"{self.name} {self.value}: {rule}."


def measures(part: object) -> Iterator[Measure]:
    """Every measure inside a part of the card."""
    if isinstance(part, Measure):
        yield part
    elif isinstance(part, tuple):
        for each in part:
            yield from measures(each)
    elif is_dataclass(part):
        for each in fields(part):
            yield from measures(getattr(part, each.name))


def plain(part: Any) -> Any:
    """A part of the card as JSON values; what is not a number becomes null."""
    if is_dataclass(part):
        words = {"sentence": part.sentence} if isinstance(part, Measure) else {}
        return {each.name: plain(getattr(part, each.name)) for each in fields(part)} | words
    if isinstance(part, Mapping):
        return {str(key): plain(value) for key, value in part.items()}
    if isinstance(part, np.ndarray | np.generic):
        return plain(part.tolist())
    if isinstance(part, tuple | list):
        return [plain(each) for each in part]
    return None if isinstance(part, float) and not math.isfinite(part) else part
