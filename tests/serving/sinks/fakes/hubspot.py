"""HubSpot's companies and properties, as its dated API documents them.

Shapes of 400, 207 and 429: developers.hubspot.com/docs/api-reference/latest/error-handling; a
duplicate in a batch is refused as its users report.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.serving.sinks.fakes.crm import Crm, Window, body_of, said

TYPES = {
    "string": ("text", "textarea"),
    "number": ("number",),
    "date": ("date",),
    "datetime": ("date",),
    "enumeration": ("select", "radio", "checkbox"),
}
HINTS = ("currency", "duration", "formatted", "percentage", "probability", "unformatted")
BUILT_IN: dict[str, dict[str, Any]] = {"name": {"name": "name", "type": "string"}}
LOCKED = "internal"


@dataclass
class HubSpot(Crm):
    """An account; `rules` are validation rules an admin made, by property: a fault, or None."""

    version: str = "2026-09"
    most: int = 100  # of a batch
    a_day: int = 1_000_000
    rules: dict[str, Callable[[str], str | None]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    properties: dict[str, dict[str, Any]] = field(default_factory=lambda: dict(BUILT_IN))
    companies: dict[str, dict[str, str]] = field(default_factory=dict)  # by record id
    stumbles: set[str] = field(default_factory=set)  # customers that fail once, internally
    trusting: bool = True  # answers 207; else the whole batch is 400 for one bad record

    def __post_init__(self) -> None:
        self.window = Window(100, 10, lambda: self.time.seconds)
        self.today = 0

    def add(self, customer: str, **values: str) -> None:
        """A company that carries a customer's ID."""
        record = str(1000 + len(self.companies))
        self.companies[record] = {"churn_customer_id": customer, **values}

    def of(self, customer: str) -> dict[str, str]:
        return self.companies[str(self._id(customer))]

    def _id(self, customer: str) -> str | None:
        return self.index.get(customer)

    @property
    def index(self) -> dict[str, str]:
        return {c["churn_customer_id"]: id for id, c in self.companies.items()}

    def app(self) -> Starlette:
        objects, properties = (
            "/crm/objects/{version}/companies",
            "/crm/properties/{version}/companies",
        )
        return Starlette(
            routes=[
                Route(f"{objects}/batch/upsert", self._in(self._upsert), methods=["POST"]),
                Route(f"{objects}/batch/read", self._in(self._read), methods=["POST"]),
                Route(properties, self._in(self._list), methods=["GET"]),
                Route(properties, self._in(self._make), methods=["POST"]),
                Route(f"{properties}/groups", self._in(self._group), methods=["POST"]),
                Route(f"{properties}/{{name}}", self._in(self._change), methods=["PATCH"]),
            ]
        )

    def _in(self, answer: Callable[[Request, Any], Response]) -> Any:
        """Behind the token, the limits and the version."""

        async def answering(request: Request) -> Response:
            body = await body_of(request)
            if self.expired or request.headers.get("authorization") != f"Bearer {self.token}":
                return fault(401, "INVALID_AUTHENTICATION", "The OAuth token used is expired.")
            if request.path_params["version"] != self.version:
                return said("", 404)
            self.today += 1
            if self.today > self.a_day:
                return _limited("DAILY", "You have reached your daily limit.", None)
            if wait := self.window.take():
                text = "You have reached your ten_secondly_rolling limit."
                return _limited("TEN_SECONDLY_ROLLING", text, wait)
            return answer(request, body)

        return answering

    def _upsert(self, _: Request, body: Any) -> Response:
        inputs = body["inputs"]
        if len(inputs) > self.most:
            return fault(400, "VALIDATION_ERROR", f"inputs may not exceed {self.most}")
        ids = Counter(given["id"] for given in inputs)
        if twice := [id for id, count in ids.items() if count > 1]:
            text = f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique"
            return fault(400, "VALIDATION_ERROR", text, {"ids": twice})
        for given in inputs:
            if not self.properties.get(given["idProperty"], {}).get("hasUniqueValue"):
                text = "Unable to perform update/upsert by non-unique 0-2 property"
                return fault(400, "VALIDATION_ERROR", text)
            if any(not isinstance(value, str) for value in given["properties"].values()):
                return fault(400, "VALIDATION_ERROR", "Invalid input JSON: expected a String")
        return self._written(inputs)

    def _written(self, inputs: list[dict[str, Any]]) -> Response:
        wrong = {g["id"]: w for g in inputs if (w := self._wrong(g))}
        stumbled = {g["id"] for g in inputs if g["id"] in self.stumbles}
        self.stumbles -= stumbled
        traced = self.trusting and all(given.get("objectWriteTraceId") for given in inputs)
        if wrong and not traced:
            return fault(400, "VALIDATION_ERROR", next(iter(wrong.values())))
        taken = [g for g in inputs if g["id"] not in wrong.keys() | stumbled]
        index = self.index
        results = [self._kept(given, index) for given in taken]
        self.wrote([given["id"] for given in taken])
        errors = [_error(g, "VALIDATION_ERROR", wrong[g["id"]]) for g in inputs if g["id"] in wrong]
        errors += [_error(g, "INTERNAL_ERROR", "try again") for g in inputs if g["id"] in stumbled]
        told = {"status": "COMPLETE", "results": results}
        more = {"numErrors": len(errors), "errors": errors} if errors else {}
        return said({**told, **more}, 207 if errors else 200)

    def _kept(self, given: dict[str, Any], index: Mapping[str, str]) -> dict[str, Any]:
        id = index.get(given["id"])
        new = id is None
        id = id or str(1000 + len(self.companies))
        company = self.companies.setdefault(id, {})
        company.update(given["properties"] | {given["idProperty"]: given["id"]})
        trace = given.get("objectWriteTraceId")
        return {"id": id, "new": new, "properties": company, "objectWriteTraceId": trace}

    def _wrong(self, given: Mapping[str, Any]) -> str | None:
        for name, value in given["properties"].items():
            if name not in self.properties:
                return _invalid(name, f'Property "{name}" does not exist', "PROPERTY_DOESNT_EXIST")
            if value and not _fits(self.properties[name], value):
                kind = self.properties[name]["type"]
                return _invalid(name, f"{value} was not a valid {kind}", "INVALID_OPTION")
            if name in self.rules and (told := self.rules[name](value)):
                return _invalid(name, told, "FAILED_VALIDATION")
        return None

    def _read(self, _: Request, body: Any) -> Response:
        if len(body["inputs"]) > 100:
            return fault(400, "VALIDATION_ERROR", "inputs may not exceed 100")
        index = self.index
        found = [index[g["id"]] for g in body["inputs"] if g["id"] in index]
        results = [{"id": id, "properties": self.companies[id]} for id in found]
        return said({"status": "COMPLETE", "results": results})

    def _list(self, _: Request, __: Any) -> Response:
        return said({"results": list(self.properties.values())})

    def _make(self, _: Request, body: Any) -> Response:
        name = body["name"]
        if name in self.properties:
            return fault(409, "CONFLICT", f"A property named '{name}' already exists.")
        if body["groupName"] not in self.groups:
            return fault(400, "VALIDATION_ERROR", "the property group does not exist")
        if body["fieldType"] not in TYPES[body["type"]]:
            return fault(400, "VALIDATION_ERROR", "type and fieldType do not go together")
        if body.get("numberDisplayHint", "formatted") not in HINTS:
            return fault(400, "VALIDATION_ERROR", "unknown numberDisplayHint")
        if body["type"] == "enumeration" and not body.get("options"):
            return fault(400, "VALIDATION_ERROR", "an enumeration needs options")
        self.properties[name] = body
        return said(body, 201)

    def _change(self, request: Request, body: Any) -> Response:
        self.properties[request.path_params["name"]].update(body)
        return said(self.properties[request.path_params["name"]])

    def _group(self, _: Request, body: Any) -> Response:
        if body["name"] in self.groups:
            return fault(409, "CONFLICT", "the group already exists")
        self.groups[body["name"]] = body["label"]
        return said(body, 201)


def fault(
    status: int, category: str, message: str, context: Mapping[str, Any] | None = None
) -> Response:
    about = {"status": "error", "category": category, "message": message, "correlationId": "c0"}
    return said({**about, "context": dict(context or {})}, status)


def _limited(policy: str, message: str, wait: float | None) -> Response:
    about = {"status": "error", "errorType": "RATE_LIMIT", "policyName": policy}
    headers = {"Retry-After": str(int(wait) + 1)} if wait else {}
    return said({**about, "message": message}, 429, headers)


def _error(given: Mapping[str, Any], category: str, message: str) -> dict[str, Any]:
    context = {"objectWriteTraceId": [given["objectWriteTraceId"]]}
    return {"status": "error", "category": category, "message": message, "context": context}


def _invalid(name: str, message: str, code: str) -> str:
    told = {"isValid": False, "message": message, "error": code, "name": name}
    return f"Property values were not valid: {json.dumps([told])}"


def _fits(kind: Mapping[str, Any], value: str) -> bool:
    if kind["type"] == "enumeration":
        return value in {option["value"] for option in kind["options"]}
    read: dict[str, Callable[[str], Any]] = {
        "number": float,
        "date": date.fromisoformat,
        "datetime": _moment,
        "string": str,
    }
    try:
        read[kind["type"]](value)
    except ValueError:
        return False
    return len(value) <= 65_536


def _moment(value: str) -> datetime:
    if not value.endswith("Z"):
        raise ValueError(value)
    return datetime.fromisoformat(value)
