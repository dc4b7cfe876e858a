"""Pipedrive: scores on organizations, one request a record.

Sources: developers.pipedrive.com/docs/api/v1 (API v2: Organizations, OrganizationFields),
pipedrive.readme.io/docs/pipedrive-api-v2-migration-guide (shapes of custom fields),
pipedrive.readme.io/docs/core-api-concepts-rate-limiting (a budget of tokens a day, a limit of
requests in 2 seconds, 403 for who goes on nevertheless).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
from pydantic import SecretStr

from features.errors import SinkError
from serving.sinks.fields import KEY_NAME, Field, plain
from serving.sinks.http import asked, client_of
from serving.sinks.patience import Answer, Clock, Dropped, Pace, brief, patiently
from serving.sinks.pipedrive_said import Column, body_of, columns_of, field_of, label_of, unlike
from serving.sinks.record import Outcome, Record, refused
from serving.sinks.sink import SetUp

# The smallest plan allows 20 requests in 2 seconds. Two are left to other users of the token.
MOST, SECONDS = 18, 2.0
PAGE = 500
NEWEST = 100
GONE = (404, 410)
ORGANIZATIONS, FIELDS = "/api/v2/organizations", "/api/v2/organizationFields"
NOT_THERE = (
    "No organization in Pipedrive has this churn customer ID: fill it in on the organization, or "
    "make organizations with --create."
)


@dataclass(frozen=True)
class Pipedrive:
    """A Pipedrive company; `create` makes organizations that are not there yet."""

    client: httpx.Client
    pace: Pace
    fields: tuple[Field, ...]
    currency: str
    create: bool = False
    batch: int = 1
    name: str = "Pipedrive"

    def set_up(self, fields: Sequence[Field]) -> SetUp:
        """Makes the custom fields that are missing, and options that they lack."""
        wanted, there = plain(fields), self._there()
        missing = [field for field in wanted if label_of(field) not in there]
        for field in missing:
            self._required(self._ask("POST", FIELDS, json=field_of(field)))
        for field in wanted:
            self._extend(field, there.get(label_of(field)))
        found = [(field, there.get(label_of(field))) for field in wanted]
        left = tuple(said for field, column in found if column and (said := unlike(field, column)))
        made = tuple(field.name for field in missing)
        return SetUp(made, tuple(f.name for f in wanted if f.name not in made), left)

    def require_ready(self, fields: Sequence[Field]) -> None:
        """See Sink."""
        wanted = plain(fields)
        if missing := [field.name for field in wanted if label_of(field) not in self._columns]:
            raise SinkError(
                f"Pipedrive has no organization field for {', '.join(missing)}: make them with "
                "churn push pipedrive --setup."
            )
        if wrong := [said for f in wanted if (said := unlike(f, self._columns[label_of(f)]))]:
            raise SinkError(wrong[0])

    def close(self) -> None:
        """See Sink."""
        self.client.close()

    def send(self, batch: Sequence[Record], ids: Mapping[str, str]) -> Iterator[list[Outcome]]:
        """See Sink; one request, and one outcome, at a time."""
        for record in batch:
            id = ids.get(record.customer_id) or self._listed.get(record.customer_id)
            yield [self._updated(record, id) if id else self._created(record)]

    def _updated(self, record: Record, id: str) -> Outcome:
        answer = self._ask("PATCH", f"{ORGANIZATIONS}/{id}", json=self._body(record))
        if answer.status in GONE and (now := self._listed.get(record.customer_id)) not in (
            id,
            None,
        ):
            return self._updated(record, str(now))
        if answer.status in GONE:
            return refused(record, f"Organization {id} is gone. {NOT_THERE}")
        return self._outcome(record, answer, created=False)

    def _created(self, record: Record) -> Outcome:
        """Makes one; where no answer came it may be there all the same, and is looked up."""
        if not self.create:
            return refused(record, NOT_THERE)
        body = {"name": record.name or record.customer_id, **self._body(record)}

        def once() -> Answer:
            try:
                answer = asked(self.client, "POST", ORGANIZATIONS, json=body)
            except Dropped:
                answer = Answer(503, None)
            made = self._newest(record.customer_id) if answer.status >= 500 else None
            return Answer(201, {"data": {"id": made}}) if made else answer

        return self._outcome(record, patiently("Pipedrive", once, self.pace), created=True)

    def _outcome(self, record: Record, answer: Answer, created: bool) -> Outcome:
        if answer.ok:
            crm_id = str(answer.body["data"]["id"])
            return Outcome(record.customer_id, True, crm_id=crm_id, created=created)
        if answer.status >= 500:
            raise Dropped(f"HTTP {answer.status}")
        return refused(record, f"HTTP {answer.status}: {brief(answer)}")

    def _body(self, record: Record) -> dict[str, Any]:
        return body_of(record, self.fields, self._columns, self.currency)

    @cached_property
    def _columns(self) -> dict[str, Column]:
        """The custom fields by their label: what they are called differs in every company."""
        return self._there()

    @cached_property
    def _listed(self) -> dict[str, str]:
        """The ids of all organizations that carry a customer_id: dearer by far one by one."""
        return {c: id for page in self._pages(ORGANIZATIONS) for c, id in self._keyed(page)}

    def _newest(self, customer: str) -> str | None:
        query = {"sort_by": "add_time", "sort_direction": "desc", "limit": NEWEST}
        answer = self._required(self._ask("GET", ORGANIZATIONS, params=query))
        return dict(self._keyed(answer.body["data"])).get(customer)

    def _keyed(self, page: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
        key = next(label_of(field) for field in self.fields if field.name == KEY_NAME)
        code = self._columns[key].code
        for found in page:
            if customer := (found.get("custom_fields") or {}).get(code):
                yield customer, str(found["id"])

    def _there(self) -> dict[str, Column]:
        return columns_of([field for page in self._pages(FIELDS) for field in page])

    def _pages(self, path: str) -> Iterator[list[dict[str, Any]]]:
        cursor: str | None = None
        while True:
            query = {"limit": PAGE} | ({"cursor": cursor} if cursor else {})
            body = self._required(self._ask("GET", path, params=query)).body
            yield body["data"]
            cursor = (body.get("additional_data") or {}).get("next_cursor")
            if not cursor:
                return

    def _extend(self, field: Field, column: Column | None) -> None:
        lacking = [
            label for label in field.options.values() if column and label not in column.options
        ]
        if column and lacking:
            options = [{"label": label} for label in lacking]
            self._required(self._ask("POST", f"{FIELDS}/{column.code}/options", json=options))

    def _required(self, answer: Answer) -> Answer:
        if answer.ok:
            return answer
        raise SinkError(f"Pipedrive refuses (HTTP {answer.status}): {brief(answer)}")

    def _ask(self, method: str, path: str, **sent: Any) -> Answer:
        return patiently("Pipedrive", lambda: asked(self.client, method, path, **sent), self.pace)


def pipedrive(
    url: str,
    token: SecretStr,
    fields: Sequence[Field],
    currency: str,
    clock: Clock,
    create: bool = False,
) -> Pipedrive:
    """Pipedrive at a company's address, with a user's API token."""
    client = client_of(url, {"x-api-token": token.get_secret_value()})
    return Pipedrive(client, Pace(MOST, SECONDS, clock), tuple(fields), currency, create)
