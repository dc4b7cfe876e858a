"""Quality by kind of customer: a model that is right on average may be wrong about some."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from training.bootstrap import Interval, Statistics
from training.figures import Measure
from training.judged import Judged
from training.metrics import Array, Floats, auc, ratio
from training.scorecard import SliceRow

FEWEST_CHURNED = 20
LOWEST, HIGHEST = 0.67, 1.5
TAIL = 0.05  # one side of a 90 % interval


@dataclass(frozen=True, eq=False)
class Slice:
    """The rows of one value of one column."""

    column: str
    value: str
    rows: Judged
    members: Array

    @property
    def name(self) -> str:
        """The slice in words."""
        return f"{self.column} = {self.value}"

    @cached_property
    def churned(self) -> int:
        """Customers of the slice who churned."""
        lost = self.members & (self.rows.lost > 0)
        return len(np.unique(np.asarray(self.rows.customer)[lost]))

    @property
    def is_testable(self) -> bool:
        """Whether enough customers churned to say anything."""
        return self.churned >= FEWEST_CHURNED


def slices_of(rows: Judged) -> list[Slice]:
    """Every value of every slice column, in order."""
    found = []
    for column, values in rows.slices.items():
        words = np.asarray(values).astype(str)
        found += [Slice(column, value, rows, words == value) for value in np.unique(words)]
    return found


def slice_statistics(rows: Judged, slices: list[Slice]) -> Statistics:
    """Observed over expected of each slice that can be tested, under its name."""
    tested = [each for each in slices if each.is_testable]
    members = np.array([each.members for each in tested]).reshape(len(tested), len(rows)).T
    lost, given = members * rows.lost[:, None], members * np.asarray(rows.probability)[:, None]

    def statistics(weight: Floats) -> dict[str, Floats]:
        ratios = ratio(weight @ lost, weight @ given)
        return {each.name: ratios[:, place] for place, each in enumerate(tested)}

    return statistics


def slice_rows(slices: list[Slice], intervals: dict[str, Interval]) -> tuple[SliceRow, ...]:
    """One row per slice; those that can be tested share one error rate (Holm)."""
    tested = [each for each in slices if each.is_testable]
    adjusted = holm(np.array([chance_if_right(each) for each in tested]))
    chances = dict(zip((each.name for each in tested), adjusted.tolist(), strict=True))
    return tuple(_row(each, intervals, chances) for each in slices)


def _row(part: Slice, intervals: dict[str, Interval], chances: dict[str, float]) -> SliceRow:
    passed = chances[part.name] >= TAIL if part.is_testable else None
    rule = f"it is compatible with .67 to 1.5 (Holm over {len(chances)} slices)"
    value = intervals.get(part.name, Interval(math.nan))
    lost, margin = part.rows.churned[part.members], part.rows.margin[part.members]
    return SliceRow(
        column=part.column,
        value=part.value,
        rows=int(part.members.sum()),
        churned=part.churned,
        auc=auc(lost, margin),
        verdict="too few" if passed is None else "passes" if passed else "fails",
        observed_expected=Measure(f"Observed/expected of {part.name}", value, rule, passed),
    )


def chance_if_right(part: Slice) -> float:
    """The one-sided p-value of the slice's observed/expected if its truth lay in .67 to 1.5.

    Normal in the logarithm, with the variance between customers: a thousand resamples would be
    too coarse for the small p-values that Holm asks for.
    """
    lost, given = part.rows.lost * part.members, part.rows.probability * part.members
    if not given.sum():
        return 0.0
    found = float(lost.sum() / given.sum())
    _, code = np.unique(np.asarray(part.rows.customer), return_inverse=True)
    pull = np.bincount(code, weights=lost / lost.sum() - given / given.sum())
    beyond = max(math.log(found / HIGHEST), math.log(LOWEST / found))
    if beyond <= 0:
        return 1.0
    error = float(np.sqrt(np.sum(pull**2)))
    return 0.5 * math.erfc(beyond / error / math.sqrt(2)) if error else 0.0


def holm(chances: Floats) -> Floats:
    """P-values adjusted for being many, by Holm's step-down rule."""
    order = np.argsort(chances)
    steps = chances[order] * np.arange(len(chances), 0, -1)
    adjusted = np.empty_like(chances)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1) if len(chances) else steps
    return adjusted
