"""Salesforce: scores on accounts, through simple-salesforce.

Sources: developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/
resources_composite_sobjects_collections_upsert.htm (at most 200 records, results in the order of
the request) and .../api_tooling/tooling_api_objects_customfield.htm (fields).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.errors import AccessRefused, SinkError
from serving.sinks.fields import KEY_NAME, Field, plain
from serving.sinks.patience import Answer, Dropped, Pace, brief, patiently
from serving.sinks.record import Outcome, Record, put_off, refused
from serving.sinks.salesforce_api import Api
from serving.sinks.salesforce_said import (
    ABSENT,
    account_of,
    by_hand,
    code_of,
    column_of,
    field_of,
    outcome_of,
)
from serving.sinks.sink import SetUp

KEY = column_of(KEY_NAME)
UPSERT = f"composite/sobjects/Account/{KEY}"
FIELDS = "tooling/sobjects/CustomField"
# No limit of requests a second is published; 25 at once that take over 20 s are too many.
MOST, SECONDS = 100, 10.0
HIDDEN = (
    "Fields made through the API are hidden until somebody may see them: in Setup, give the user "
    "of this token edit access to them, and the CSMs read access, in a permission set."
)
NOT_THERE = (
    f"No account in Salesforce has this {KEY}: fill it in on the account, or make accounts with "
    "--create."
)


@dataclass(frozen=True)
class Salesforce:
    """A Salesforce organisation; `create` makes accounts that are not there yet."""

    api: Api
    pace: Pace
    create: bool = False
    batch: int = 200
    name: str = "Salesforce"

    def set_up(self, fields: Sequence[Field]) -> SetUp:
        """Makes the custom fields that are missing; says by hand how to make those it may not."""
        there = self._there()
        missing = [field for field in fields if column_of(field.name) not in there]
        faults = {field.name: self._made(field) for field in missing}
        made = tuple(name for name, fault in faults.items() if fault is None)
        left = [fault for fault in faults.values() if fault] + [HIDDEN] * bool(missing)
        return SetUp(made, tuple(f.name for f in fields if f not in missing), tuple(left))

    def require_ready(self, fields: Sequence[Field]) -> None:
        """See Sink."""
        there = self._there()
        columns = [column_of(field.name) for field in plain(fields)]
        if missing := [column for column in columns if column not in there]:
            raise SinkError(
                f"Salesforce has no account field {', '.join(missing)} that this user may see: "
                "make them with churn push salesforce --setup, and give the user access to them."
            )

    def close(self) -> None:
        """See Sink."""
        self.api.session.session.close()

    def send(self, batch: Sequence[Record], ids: Mapping[str, str]) -> Iterator[list[Outcome]]:
        """See Sink; an account that is made needs a name, which is asked for by its absence."""
        outcomes = self._upserted(batch, named=False)
        absent = {outcome.customer_id for outcome in outcomes if outcome.error == ABSENT}
        new = [record for record in batch if record.customer_id in absent]
        if new and self.create:
            outcomes = [o for o in outcomes if o.error != ABSENT]
            yield outcomes
            yield self._upserted(new, named=True)
        else:
            refusals = [refused(record, NOT_THERE) for record in new]
            yield [o for o in outcomes if o.error != ABSENT] + refusals

    def _upserted(self, batch: Sequence[Record], named: bool) -> list[Outcome]:
        accounts = [account_of(record, KEY, named) for record in batch]
        body = {"allOrNone": False, "records": accounts}
        answer = self._ask("PATCH", UPSERT, json=body)
        if not answer.ok:
            raise Dropped(f"HTTP {answer.status}")
        results = answer.body if isinstance(answer.body, list) else []
        told = [outcome_of(r, result) for r, result in zip(batch, results, strict=False)]
        untold = batch[len(told) :]
        return [*told, *(put_off(r, "Salesforce's answer ends before it.") for r in untold)]

    def _there(self) -> set[str]:
        return {f["name"] for f in self._ask("GET", "sobjects/Account/describe").body["fields"]}

    def _made(self, field: Field) -> str | None:
        """None if the field was made; otherwise what a person must do."""
        try:
            answer = patiently("Salesforce", lambda: self._once("POST", FIELDS, field), self.pace)
        except AccessRefused as closed:
            return by_hand(field, str(closed))
        if answer.ok:
            return None
        if code_of(answer) == "DUPLICATE_DEVELOPER_NAME":
            return f"{column_of(field.name)} is there, but this user may not see it."
        return by_hand(field, brief(answer))

    def _once(self, method: str, path: str, field: Field) -> Answer:
        return self.api.asked(method, path, json=field_of(field))

    def _ask(self, method: str, path: str, **sent: Any) -> Answer:
        answer = patiently("Salesforce", lambda: self.api.asked(method, path, **sent), self.pace)
        if 400 <= answer.status < 500:
            raise SinkError(
                f"Salesforce refuses the whole request (HTTP {answer.status}, {code_of(answer)}: "
                f"{brief(answer)}). churn push salesforce --setup shows which fields it lacks."
            )
        return answer
