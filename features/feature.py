"""A feature is one number about one customer on one date, and the words to explain it.

A declaration is data. Engines, tests, docs, the model's contract, monotone constraints and the
sentences that a customer success manager reads all come from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from string import Formatter

from features.conditions import Where, conditions
from features.measures import (
    DAYS_A_WEEK,
    EVER,
    Atom,
    Measure,
    Window,
    count,
    weekly_slope,
)
from features.standing import Combine, Standing
from features.tables import TABLES

FIELDS = {"value", "count", "percent", "window", "called"}
SHOWING = {"value", "count", "percent"}


class Risk(IntEnum):
    """How risk moves as the value grows; the number is LightGBM's monotone constraint."""

    FALLS = -1
    EITHER = 0
    RISES = 1


class Theme(StrEnum):
    """What a reason is about; a person is shown the strongest themes first."""

    USAGE = "usage"
    SUPPORT = "support"
    BILLING = "billing"
    SENTIMENT = "sentiment"
    ONBOARDING = "onboarding"
    CONTRACT = "contract"
    RELATIONSHIP = "relationship"
    PROFILE = "profile"


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What every declaration says of itself.

    `reason` is an English sentence with {value}, {count} (value and unit) or {percent}, {window}
    (when) and {called}, or one without a unit that shows nothing; `reason_if_none` is said when
    there is nothing to count. `called` is what the business itself calls an event. `what` is the
    noun of a sentence that says how something rose or fell. Other languages are in locale/.
    `place` marks a country's code, which is told by its name; `context` what nobody can act on.
    `example` is a small table (or one per table) that `gives` a value.
    """

    name: str = ""
    theme: Theme
    unit: str
    one: str = ""
    risk: Risk = Risk.EITHER
    reason: str = ""
    reason_if_none: str = ""
    what: str = ""
    called: str = ""
    if_none: float | str = float("nan")
    context: bool = False
    actionable: bool = False
    categorical: bool = False
    place: bool = False
    example: str | Mapping[str, str]
    gives: float | str | None

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"A feature's name is letters, digits and _, not {self.name!r}.")
        used = {part for _, part, _, _ in Formatter().parse(self.reason) if part is not None}
        if used - FIELDS or (self.unit and not (self.what or used & SHOWING)):
            raise ValueError(f"The reason of {self.name!r} must show some of {sorted(SHOWING)}.")
        if self.categorical and self.risk is not Risk.EITHER:
            raise ValueError(f"{self.name!r} is categorical: its risk can only be EITHER.")

    @property
    def singular(self) -> str:
        """The unit of exactly one."""
        return self.one or self.unit.removesuffix("s")


@dataclass(frozen=True, kw_only=True)
class Feature(Declared):
    """A measure of one table's rows in the `days` before the as-of date; no `days` means ever."""

    table: str
    days: int | None = None
    where: Where = field(default_factory=dict)
    measure: Measure = field(default_factory=count)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.table not in TABLES:
            raise ValueError(f"{self.name!r} reads {self.table!r}; tables are {list(TABLES)}.")
        if self.table == "treatments":
            raise ValueError(f"{self.name!r} reads treatments, which follow the risk they treat.")
        if self.days and not self.name.endswith(f"_{self.days}d"):
            raise ValueError(f"{self.name!r} must end in its window: '_{self.days}d'.")
        if self.days and self.days % DAYS_A_WEEK:
            raise ValueError(f"{self.name!r} must look back whole weeks, not {self.days} days.")

    @property
    def window(self) -> Window:
        """The days it looks at."""
        return Window(1, self.days or EVER)

    def atoms(self, days_before: int = 0) -> tuple[Atom, ...]:
        """What engines compute for it, as of now or so many days before."""
        window = self.window.before(days_before)
        return self.measure.atoms(self.table, conditions(self.where), window)

    def __str__(self) -> str:
        tests = " and ".join(str(condition) for condition in conditions(self.where))
        where = f" where {tests}" if tests else ""
        when = f", last {self.days} days" if self.days else ""
        return f"{self.measure.words} of {self.table}{where}{when}"


@dataclass(frozen=True, kw_only=True)
class Trend(Feature):
    """The slope of the rows a week over whole weeks, as a share of their weekly mean."""

    measure: Measure = field(default_factory=weekly_slope)


@dataclass(frozen=True, kw_only=True)
class State(Declared):
    """What stands on the as-of date: a column of the active subscriptions, combined to one value.

    `main` takes the value of the subscription with the greatest MRR.
    """

    column: str
    combine: Combine = "sum"
    where: Where = field(default_factory=dict)

    def atoms(self, days_before: int = 0) -> tuple[Standing, ...]:
        """What engines compute for it, as of now or so many days before."""
        return (Standing(self.column, self.combine, conditions(self.where), days_before),)

    def __str__(self) -> str:
        tests = " and ".join(str(condition) for condition in conditions(self.where))
        where = f" where {tests}" if tests else ""
        return f"{self.combine} of {self.column} over active subscriptions{where}"


@dataclass(frozen=True, kw_only=True)
class Change(Declared):
    """A feature against itself so many days before: (now - before) / (now + before), -1 to 1.

    Missing where both are 0, and for customers too young to have a before. The value before is
    kept beside it for the words, in the column `baseline`. `counted` says that chance alone moves
    it; what is agreed (seats, MRR) is not, and any change of it is meant.
    """

    of: str
    days: int
    counted: bool = True

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", f"{self.of}_change_{self.days}d")
        super().__post_init__()

    @property
    def baseline(self) -> str:
        """The column that holds the value before."""
        return f"{self.of}_before_{self.days}d"

    def __str__(self) -> str:
        return f"relative change of {self.of} against {self.days} days before"


@dataclass(frozen=True, kw_only=True)
class Ratio(Declared):
    """One feature over another; missing where the second is 0."""

    of: str
    to: str

    def __str__(self) -> str:
        return f"{self.of} over {self.to}"


@dataclass(frozen=True, kw_only=True)
class Difference(Declared):
    """One feature less another."""

    of: str
    less: str

    def __str__(self) -> str:
        return f"{self.of} less {self.less}"


Declaration = Feature | State | Change | Ratio | Difference
