"""Records: what a CRM is to be told of a customer, and whether that differs from what it knows."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from features.languages import ENGLISH, Language
from serving.schemas import Band
from serving.sinks.fields import KEY_NAME, Field
from serving.sinks.kinds import Value
from serving.sinks.told import Told

GONE = "gone"


@dataclass(frozen=True)
class Record:
    """One customer's values by field; `name` is only for a CRM that has no such company yet."""

    customer_id: str
    values: Mapping[str, Value]
    digest: str
    band: str
    name: str = field(default="", repr=False)

    @property
    def is_gone(self) -> bool:
        """Whether the run does not have the customer any more."""
        return self.digest == GONE

    @property
    def written(self) -> str:
        """The values as JSON."""
        return written(self.values)


@dataclass(frozen=True)
class Outcome:
    """What became of one record; `passing` faults are worth another try.

    It is `silent` where no answer came at all.
    """

    customer_id: str
    accepted: bool
    error: str | None = None
    crm_id: str | None = None
    created: bool = False
    passing: bool = False
    silent: bool = False


def record(fields: Sequence[Field], told: Told, every: bool = False) -> Record:
    """One customer's record; its digest is of the fields worth a message, or of every one."""
    values = {field.name: field.of(told) for field in fields}
    loud = {field.name: values[field.name] for field in fields if every or not field.quiet}
    digest = hashlib.sha256(written(loud).encode()).hexdigest()[:16]
    row = told.row
    return Record(row["customer_id"], values, digest, row["band"], row["name"] or "")


def unheard(given: Record, error: str) -> Outcome:
    """A record of which nobody knows whether it was taken."""
    return Outcome(given.customer_id, accepted=False, error=error, passing=True, silent=True)


def gone(
    fields: Sequence[Field], customer_id: str, as_of: date, language: Language = ENGLISH
) -> Record:
    """A customer whom the run does not have any more: a score of old would stay for ever."""
    said: dict[str, Value] = {field.name: None for field in fields}
    why = language.say(
        "Not among the customers as of {day}: the subscription has ended, or the ID changed.",
        day=as_of,
    )
    band = Band.INSUFFICIENT_DATA.value
    values = said | {KEY_NAME: customer_id, "churn_band": band, "churn_reason_1": why}
    digest = GONE  # whatever the date: it is told once
    return Record(customer_id, values, digest, band)


def written(values: Mapping[str, Value]) -> str:
    """Values as JSON, dates in ISO 8601."""
    return json.dumps(dict(values), default=_iso, ensure_ascii=False, sort_keys=True)


def refused(given: Record, error: str) -> Outcome:
    """A record that was not taken, and will not be if it is sent again as it is."""
    return Outcome(given.customer_id, accepted=False, error=error)


def put_off(given: Record, error: str) -> Outcome:
    """A record that was not taken this time."""
    return Outcome(given.customer_id, accepted=False, error=error, passing=True)


def _iso(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} is no value of a field")
