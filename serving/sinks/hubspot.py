"""HubSpot: scores on companies, by the dated CRM API.

Sources, at developers.hubspot.com: docs/api-reference/latest/crm/objects/companies/batch (upsert,
read), docs/api-reference/latest/crm/properties, docs/api-reference/latest/error-handling (207 and
objectWriteTraceId), changelog/crm-api-write-validation-enforcement (rules hold for the API from
2026-09 on), docs/developer-tooling/platform/usage-guidelines (limits).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from features.errors import SinkError
from serving.sinks.fields import GROUP, GROUP_LABEL, KEY_NAME, Field, plain
from serving.sinks.http import asked, client_of
from serving.sinks.hubspot_said import (
    input_of,
    options_of,
    outcomes_of,
    property_of,
    unlike,
)
from serving.sinks.patience import Answer, Clock, Dropped, Pace, brief, patiently
from serving.sinks.record import Outcome, Record, refused
from serving.sinks.sink import SetUp

# 190 in 10 s for a private app on Professional and Enterprise, 100 on Free and Starter: the
# lower, so that other apps of the same account have their share too.
MOST, SECONDS = 100, 10.0
READ_AT_ONCE = 100
INVALID = (400, 409)
NOT_THERE = (
    f"No company in HubSpot has this {KEY_NAME}: fill it in on the company, or make companies "
    "with --create."
)


@dataclass(frozen=True)
class HubSpot:
    """A HubSpot account; `create` makes companies that are not there yet."""

    client: httpx.Client
    version: str
    batch: int
    pace: Pace
    create: bool = False
    name: str = "HubSpot"

    def set_up(self, fields: Sequence[Field]) -> SetUp:
        """Makes the property group and the properties that are missing, and missing options."""
        wanted = plain(fields)
        self._made(f"{self._properties}/groups", {"name": GROUP, "label": GROUP_LABEL})
        there = self._there()
        missing = [field for field in wanted if field.name not in there]
        for field in missing:
            self._made(self._properties, property_of(field))
        for field in wanted:
            self._extend(field, there.get(field.name, {}))
        left = [said for field in wanted if (said := unlike(field, there.get(field.name)))]
        names = tuple(field.name for field in missing)
        return SetUp(names, tuple(f.name for f in wanted if f.name not in names), tuple(left))

    def require_ready(self, fields: Sequence[Field]) -> None:
        """See Sink."""
        there = self._there()
        wanted = plain(fields)
        if missing := [field.name for field in wanted if field.name not in there]:
            raise SinkError(
                f"HubSpot has no company property {', '.join(missing)}: make them with "
                "churn push hubspot --setup."
            )
        if wrong := [said for f in wanted if (said := unlike(f, there[f.name]))]:
            raise SinkError(wrong[0])

    def close(self) -> None:
        """See Sink."""
        self.client.close()

    def send(self, batch: Sequence[Record], ids: Mapping[str, str]) -> Iterator[list[Outcome]]:
        """See Sink; who has never been accepted is looked up first."""
        absent = self._absent([record for record in batch if record.customer_id not in ids])
        if absent and not self.create:
            yield [refused(r, NOT_THERE) for r in batch if r.customer_id in absent]
            batch = [record for record in batch if record.customer_id not in absent]
        if batch:
            yield from self._upserted(batch, absent)

    def _upserted(self, batch: Sequence[Record], new: Collection[str]) -> Iterator[list[Outcome]]:
        inputs = [input_of(record, record.customer_id in new) for record in batch]
        answer = self._ask("POST", f"{self._objects}/batch/upsert", json={"inputs": inputs})
        if answer.ok:
            yield outcomes_of(batch, answer)
        elif answer.status not in INVALID:
            raise Dropped(f"HTTP {answer.status}")
        elif len(batch) == 1:
            yield [refused(batch[0], brief(answer))]
        else:  # one record can make HubSpot refuse all of a request: halves find out which
            half = len(batch) // 2
            yield from self._upserted(batch[:half], new)
            yield from self._upserted(batch[half:], new)

    def _absent(self, batch: Sequence[Record]) -> set[str]:
        """Who has no company; a batch read answers with those that are there."""
        found: set[str] = set()
        for start in range(0, len(batch), READ_AT_ONCE):
            wanted = [{"id": r.customer_id} for r in batch[start : start + READ_AT_ONCE]]
            asked_for = {"idProperty": KEY_NAME, "properties": [KEY_NAME], "inputs": wanted}
            answer = self._ask("POST", f"{self._objects}/batch/read", json=asked_for)
            if not answer.ok:
                raise Dropped(f"HTTP {answer.status}: {brief(answer)}")
            found |= {result["properties"][KEY_NAME] for result in answer.body["results"]}
        return {record.customer_id for record in batch} - found

    def _there(self) -> dict[str, Mapping[str, Any]]:
        answer = self._required(self._ask("GET", self._properties))
        return {found["name"]: found for found in answer.body["results"]}

    def _extend(self, field: Field, found: Mapping[str, Any]) -> None:
        """Adds the options that a property lacks; what somebody else added stays."""
        options = found.get("options") or []
        lacking = {*field.options} - {option["value"] for option in options}
        if found and lacking:
            more = [option for option in options_of(field) if option["value"] in lacking]
            path = f"{self._properties}/{field.name}"
            self._required(self._ask("PATCH", path, json={"options": [*options, *more]}))

    def _made(self, path: str, what: Mapping[str, Any]) -> None:
        answer = self._ask("POST", path, json=what)
        if answer.status != 409:  # it is there already
            self._required(answer)

    def _required(self, answer: Answer) -> Answer:
        if answer.ok:
            return answer
        raise SinkError(f"HubSpot refuses (HTTP {answer.status}): {brief(answer)}")

    def _ask(self, method: str, path: str, **sent: Any) -> Answer:
        return patiently("HubSpot", lambda: self._once(method, path, **sent), self.pace)

    def _once(self, method: str, path: str, **sent: Any) -> Answer:
        answer = asked(self.client, method, path, **sent)
        said = answer.body if isinstance(answer.body, dict) else {}
        if answer.status == 429 and said.get("policyName") == "DAILY":
            raise SinkError(
                "HubSpot's limit of requests for today is used up. Run the same command after "
                "midnight in the account's time zone: it goes on where it stopped."
            )
        return answer

    @property
    def _objects(self) -> str:
        return f"/crm/objects/{self.version}/companies"

    @property
    def _properties(self) -> str:
        return f"/crm/properties/{self.version}/companies"


def hubspot(
    url: str, token: SecretStr, version: str, batch: int, clock: Clock, create: bool = False
) -> HubSpot:
    """HubSpot at an address, with a private app's token."""
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
    return HubSpot(client_of(url, headers), version, batch, Pace(MOST, SECONDS, clock), create)
