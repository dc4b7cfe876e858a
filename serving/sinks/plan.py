"""What a push would do: which records are new to the CRM, which differ, which it has already."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from features.errors import Unlikely
from serving.sinks.kinds import CARD_TEXT
from serving.sinks.record import Outcome, Record, refused
from serving.sinks.state import Accepted

FEWEST = 20  # of fewer customers no share says anything


@dataclass(frozen=True)
class Plan:
    """A push before it happens; customers = due + unchanged + skipped.

    `shifted` of the `compared` customers have another band than the CRM was last told.
    """

    customers: int
    due: tuple[Record, ...]
    new: int
    refreshed: int
    unchanged: int
    skipped: tuple[Outcome, ...]
    shifted: int
    compared: int

    @property
    def changed(self) -> int:
        """How many of the due records differ from what the CRM has."""
        return len(self.due) - self.new - self.refreshed

    @property
    def shift(self) -> float:
        """The share of customers whose band changed."""
        return self.shifted / self.compared if self.compared else 0.0


def planned(
    records: Sequence[Record],
    accepted: Mapping[str, Accepted],
    now: datetime,
    again: timedelta,
    only: Collection[str] | None = None,
    whole: bool = False,
) -> Plan:
    """What to send, most revenue at risk first; `only` sends these customers, changed or not.

    What has not changed is sent once more when it was last accepted more than `again` ago. A
    `whole` sink gets everybody, if anybody is due.
    """
    skipped = [refused(r, why) for r in records if (why := _unfit(r))]
    fit = [record for record in records if not _unfit(record)]
    before = now - again
    due = [r for r in fit if _is_due(r, accepted.get(r.customer_id), before, only)]
    due = fit if due and whole else due
    known = [(r, accepted[r.customer_id]) for r in due if r.customer_id in accepted]
    compared = [(r, accepted[r.customer_id]) for r in fit if r.customer_id in accepted]
    return Plan(
        customers=len(records),
        due=tuple(due),
        new=len(due) - len(known),
        refreshed=sum(record.digest == had.digest for record, had in known),
        unchanged=len(fit) - len(due),
        skipped=tuple(skipped),
        shifted=sum(record.band != had.band for record, had in compared),
        compared=len(compared),
    )


def require_calm(plan: Plan, most: float) -> None:
    """Refuses a push that would move too many customers into another band.

    Raises:
        Unlikely: More than the share `most` changed.
    """
    if plan.compared >= FEWEST and plan.shift > most:
        raise Unlikely(
            f"{plan.shifted:,} of {plan.compared:,} customers ({plan.shift:.0%}) would change "
            f"their band, more than {most:.0%}: nothing was sent. See the difference with "
            "--dry-run; if it is as it should be, say why with --allow-shift, or raise "
            "push_most_shifted."
        )


def differences(
    plan: Plan, accepted: Mapping[str, Accepted], most: int
) -> list[tuple[str, str, Any, Any]]:
    """Customer, field, what the CRM has and what it would get, of the first customers."""
    found = []
    for record in plan.due[:most]:
        had = (
            json.loads(accepted[record.customer_id].said) if record.customer_id in accepted else {}
        )
        now = json.loads(record.written)
        fields = [name for name in now if now[name] != had.get(name)]
        found += [(record.customer_id, name, had.get(name), now[name]) for name in fields]
    return found


def _is_due(
    record: Record, had: Accepted | None, before: datetime, only: Collection[str] | None
) -> bool:
    if only is not None:
        return record.customer_id in only
    if had is None or had.digest != record.digest:
        return True
    return not record.is_gone and datetime.fromisoformat(had.at) <= before


def _unfit(record: Record) -> str | None:
    """Why no CRM could keep a record apart from others; None if it can."""
    customer = record.customer_id
    if customer != customer.strip() or not customer:
        return "The customer_id begins or ends with a blank, which CRMs cut off."
    if len(customer) > CARD_TEXT:
        return f"The customer_id is longer than {CARD_TEXT} characters."
    return None
