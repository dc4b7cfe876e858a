"""Standing: what the active subscriptions amount to on a date."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from features.conditions import Condition

Combine: TypeAlias = Literal["sum", "min", "max", "count", "main"]


@dataclass(frozen=True)
class Standing:
    """One column of the subscriptions active `days_before` the as-of date, combined to one value.

    A subscription's state is its latest row before that moment; it is active unless it had ended
    before it. `main` takes the value of the subscription with the greatest MRR.
    """

    column: str
    combine: Combine
    where: tuple[Condition, ...]
    days_before: int = 0

    @property
    def table(self) -> str:
        """The table that holds it."""
        return "subscriptions"

    @property
    def empty(self) -> float:
        """The value where no subscription is active."""
        return 0.0 if self.combine in ("sum", "count") else float("nan")
