"""Salesforce's accounts: sObject collections by external id, describe, and the making of fields.

Shapes: developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm and
resources_composite_sobjects_collections_upsert.htm.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.serving.sinks.fakes.crm import Crm, body_of, said

KEY = "churn_customer_id__c"
CLIENT = {"client_id": "the-app", "client_secret": "the-secret"}
NUMBERS = ("Number", "Percent", "Currency")


@dataclass
class Salesforce(Crm):
    """An organisation; `locked` accounts are being written by others, so many times more."""

    version: str = "66.0"
    a_day: int = 1_000_000
    may_make_fields: bool = True
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)  # fields this user may not see
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)  # by external id
    locked: Counter[str] = field(default_factory=Counter)
    rules: dict[str, Callable[[Any], str | None]] = field(default_factory=dict)
    tokens: int = 0
    uses: int | None = None  # of a token, until it expires
    used: int = 0

    def add(self, customer: str, **values: Any) -> None:
        """An account that carries a customer's ID."""
        self.accounts[customer] = {KEY: customer, "Name": customer, **values}

    def of(self, customer: str) -> dict[str, Any]:
        return self.accounts[customer]

    def app(self) -> Starlette:
        data = "/services/data/v{version}"
        upsert = f"{data}/composite/sobjects/Account/{{external}}"
        tooling = f"{data}/tooling/sobjects/CustomField"
        return Starlette(
            routes=[
                Route(upsert, self._in(self._upsert), methods=["PATCH"]),
                Route(f"{data}/sobjects/Account/describe", self._in(self._describe)),
                Route(tooling, self._in(self._make), methods=["POST"]),
                Route("/services/oauth2/token", self._token, methods=["POST"]),
            ]
        )

    async def _token(self, request: Request) -> Response:
        sent = {name: value[0] for name, value in parse_qs((await request.body()).decode()).items()}
        if sent != {**CLIENT, "grant_type": "client_credentials"}:
            told = {"error": "invalid_client", "error_description": "invalid client credentials"}
            return said(told, 400)
        self.tokens += 1
        self.token, self.used = f"token-{self.tokens}", 0
        return said({"access_token": self.token, "token_type": "Bearer"})

    def _in(self, answer: Callable[[Request, Any], Response]) -> Any:
        async def answering(request: Request) -> Response:
            body = await body_of(request)
            self.used += 1
            worn = self.uses is not None and self.used > self.uses
            if (
                worn
                or self.expired
                or request.headers.get("authorization") != f"Bearer {self.token}"
            ):
                return fault(401, "INVALID_SESSION_ID", "Session expired or invalid")
            if request.path_params["version"] != self.version:
                return fault(404, "NOT_FOUND", "The requested resource does not exist")
            if len(self.asked) > self.a_day:
                text = "TotalRequests Limit exceeded."
                return fault(403, "REQUEST_LIMIT_EXCEEDED", text)
            return answer(request, body)

        return answering

    def _describe(self, _: Request, __: Any) -> Response:
        seen = [name for name in self.fields if name not in self.hidden]
        return said({"name": "Account", "fields": [{"name": name} for name in ("Name", *seen)]})

    def _make(self, _: Request, body: Any) -> Response:
        name = body["FullName"].removeprefix("Account.")
        about = body["Metadata"]
        if not self.may_make_fields:
            return fault(403, "INSUFFICIENT_ACCESS", "insufficient access rights on entity")
        if name in self.fields:
            return fault(400, "DUPLICATE_DEVELOPER_NAME", "There is already a field of that name")
        if len(about["label"]) > 40 or len(about.get("inlineHelpText", "")) > 510:
            return fault(400, "STRING_TOO_LONG", "label or help is too long")
        if about["type"] == "Picklist" and not about["valueSet"]["valueSetDefinition"]["value"]:
            return fault(400, "FIELD_INTEGRITY_EXCEPTION", "a picklist needs values")
        if about["type"] in NUMBERS and not about["precision"] > about["scale"] >= 0:
            return fault(400, "FIELD_INTEGRITY_EXCEPTION", "precision and scale")
        self.fields[name] = about
        return said({"id": f"00N{len(self.fields)}", "success": True, "errors": []}, 201)

    def _upsert(self, request: Request, body: Any) -> Response:
        external = request.path_params["external"]
        if not self.fields.get(external, {}).get("externalId"):
            return fault(404, "NOT_FOUND", "Provided external ID field does not exist")
        records = body["records"]
        if len(records) > 200:
            text = "The records list can contain up to 200 objects"
            return fault(400, "EXCEEDED_ID_LIMIT", text)
        if any(r.get("attributes", {}).get("type") != "Account" or "id" in r for r in records):
            return fault(400, "INVALID_TYPE", "attributes.type is needed, and no id")
        unknown = {n for r in records for n in r} - {"attributes", "Name", *self.fields}
        if unknown | (self.hidden & {n for r in records for n in r}):
            return fault(400, "INVALID_FIELD", f"No such column '{min(unknown | self.hidden)}'")
        counted = Counter(record[external] for record in records)
        results = [self._one(r, external, counted[r[external]] > 1) for r in records]
        self.wrote([r[external] for r, e in zip(records, results, strict=True) if e["success"]])
        return said(results)

    def _one(self, given: dict[str, Any], external: str, twice: bool) -> dict[str, Any]:
        customer = given[external]
        if twice:
            return _wrong(
                "DUPLICATE_VALUE", f"Duplicate external id specified: {customer}", external
            )
        if self.locked[customer] > 0:
            self.locked[customer] -= 1
            return _wrong("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
        if told := self._fault(given):
            return told
        new = customer not in self.accounts
        if new and "Name" not in given:
            return _wrong("REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", "Name")
        values = {name: value for name, value in given.items() if name != "attributes"}
        self.accounts.setdefault(customer, {}).update(values)
        return {"id": f"001{customer}", "success": True, "errors": [], "created": new}

    def _fault(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        for name, value in given.items():
            about = self.fields.get(name)
            if about and value is not None and (code := _unfit(about, value)):
                return _wrong(code, f"{name}: {value}", name)
            if name in self.rules and (told := self.rules[name](value)):
                return _wrong("FIELD_CUSTOM_VALIDATION_EXCEPTION", told, name)
        return None


def fault(status: int, code: str, message: str) -> Response:
    return said([{"errorCode": code, "message": message}], status)


def _wrong(code: str, message: str, *fields: str) -> dict[str, Any]:
    error = {"statusCode": code, "message": message, "fields": list(fields)}
    return {"success": False, "errors": [error]}


def _unfit(about: Mapping[str, Any], value: Any) -> str | None:
    """The code of what is wrong with a value, by the field's type."""
    kind = about["type"]
    if "formula" in about:
        return "INVALID_FIELD_FOR_INSERT_UPDATE"
    if kind in NUMBERS:
        if not isinstance(value, int | float):
            return "JSON_PARSER_ERROR"
        wide = about["precision"] - about["scale"]
        return "NUMBER_OUTSIDE_VALID_RANGE" if abs(value) >= 10**wide else None
    if not isinstance(value, str):
        return "JSON_PARSER_ERROR"
    if kind == "Picklist":
        names = {v["fullName"] for v in about["valueSet"]["valueSetDefinition"]["value"]}
        return None if value in names else "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    return "STRING_TOO_LONG" if len(value) > about.get("length", 255) else _undated(kind, value)


def _undated(kind: str, value: str) -> str | None:
    try:
        if kind == "Date":
            date.fromisoformat(value)
        elif kind == "DateTime":
            datetime.fromisoformat(value)
    except ValueError:
        return "JSON_PARSER_ERROR"
    return None
