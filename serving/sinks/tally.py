"""The counts of a push, read from its receipt, so that they cannot differ from it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.sinks.plan import Plan
from serving.sinks.receipt import lines_of


@dataclass(frozen=True)
class Tally:
    """customers = sent + unchanged + skipped + left, and sent = accepted + rejected.

    `left` were not sent, or got no answer that stands, since the push was stopped.
    """

    customers: int
    accepted: int
    created: int
    rejected: int
    unchanged: int
    skipped: int
    left: int
    errors: Mapping[str, int]

    @property
    def sent(self) -> int:
        """Records with an answer that stands."""
        return self.accepted + self.rejected

    @property
    def said(self) -> dict[str, int]:
        """The counts, by name."""
        names = (
            "customers", "sent", "accepted", "created", "rejected", "unchanged", "skipped", "left",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Pushed:
    """What a push did, and where its receipt lies."""

    tally: Tally
    receipt: Path


def tally_of(plan: Plan, receipt: Path) -> Tally:
    """What became of a plan."""
    lines = lines_of(receipt)
    sent = [line for line in lines if line["sent"]]
    accepted = [line for line in sent if line["accepted"]]
    return Tally(
        customers=plan.customers,
        accepted=len(accepted),
        created=sum(line["created"] for line in accepted),
        rejected=len(sent) - len(accepted),
        unchanged=plan.unchanged,
        skipped=len(lines) - len(sent),
        left=len(plan.due) - len(sent),
        errors=_errors(lines),
    )


def _errors(lines: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Why records were not taken, the commonest first."""
    return dict(Counter(line["error"] for line in lines if line["error"]).most_common())
