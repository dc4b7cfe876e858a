"""What a measurement answers: a goal, the figure, the bound it is held to, and how it was made."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """One goal: the ratio or figure measured, its bound, whether it is met, and how."""

    goal: str
    ratio: float
    bound: float
    met: bool
    how: str


def at_most(goal: str, found: float, bound: float, how: str) -> Goal:
    """A goal that is met by not more than its bound."""
    return Goal(f"{goal} <= {bound:g}", float(f"{found:.3g}"), bound, found <= bound, how)


def at_least(goal: str, found: float, bound: float, how: str) -> Goal:
    """A goal that is met by not less than its bound."""
    return Goal(f"{goal} >= {bound:g}", float(f"{found:.3g}"), bound, found >= bound, how)


def line(goal: Goal) -> str:
    """A goal as a line for a terminal."""
    return f"{'met' if goal.met else 'MISSED':7}{goal.ratio:10.4g}  {goal.goal} ({goal.how})\n"
