"""What a guard found: what it looked at, the number, the rule, and whether it fired."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Guarded:
    """One guard's answer; `subject` is the feature or table it points at, if any."""

    name: str
    subject: str
    figure: float
    rule: str
    fired: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "fired", bool(self.fired))

    @property
    def sentence(self) -> str:
        """The answer in words, with the number."""
        about = f" ({self.subject})" if self.subject else ""
        verdict = "FIRED" if self.fired else "passed"
        return f"Guard {self.name}{about} {verdict}: {self.figure:.4g}; the rule: {self.rule}."
