"""Pipedrive's organizations and their fields, as API v2 documents them.

Tokens and limits: pipedrive.readme.io/docs/core-api-concepts-rate-limiting; shapes of custom
fields: pipedrive.readme.io/docs/pipedrive-api-v2-migration-guide.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.serving.sinks.fakes.crm import Crm, Window, body_of, said

COSTS = {"GET": 10, "PATCH": 5, "POST": 5}  # tokens of a list, an update and a new one
LONGEST = {"varchar": 255, "text": 65_000}
PATIENCE = 50  # requests beyond a limit, after which the address is blocked


@dataclass
class Pipedrive(Crm):
    """A company; `tokens` are those of the day, `rules` are by field name."""

    tokens: int = 10_000_000
    page: int = 500
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)  # by hash
    organizations: dict[int, dict[str, Any]] = field(default_factory=dict)
    rules: dict[str, Callable[[Any], str | None]] = field(default_factory=dict)
    beyond: int = 0

    def __post_init__(self) -> None:
        self.window = Window(20, 2, lambda: self.time.seconds)

    def add(self, customer: str, **values: Any) -> int:
        """An organization that carries a customer's ID, once there is a field for it."""
        id = len(self.organizations) + 1
        about = {self.code("Churn customer ID"): customer}
        self.organizations[id] = {"id": id, "name": customer, "custom_fields": about, **values}
        return id

    def code(self, name: str) -> str:
        return next(code for code, about in self.fields.items() if about["field_name"] == name)

    def of(self, customer: str) -> dict[str, Any]:
        """An organization's custom fields by their names."""
        key = self.code("Churn customer ID")
        fields = (o["custom_fields"] for o in self.organizations.values())
        found = next(values for values in fields if values.get(key) == customer)
        return {self.fields[code]["field_name"]: value for code, value in found.items()}

    def app(self) -> Starlette:
        organizations, fields = "/api/v2/organizations", "/api/v2/organizationFields"
        one = f"{organizations}/{{id:int}}"
        return Starlette(
            routes=[
                Route(organizations, self._in(self._list), methods=["GET"]),
                Route(organizations, self._in(self._make), methods=["POST"]),
                Route(one, self._in(self._change), methods=["PATCH"]),
                Route(fields, self._in(self._list_fields), methods=["GET"]),
                Route(fields, self._in(self._make_field), methods=["POST"]),
                Route(f"{fields}/{{code}}/options", self._in(self._options), methods=["POST"]),
            ]
        )

    def _in(self, answer: Callable[[Request, Any], Response]) -> Any:
        async def answering(request: Request) -> Response:
            body = await body_of(request)
            if self.beyond > PATIENCE:
                return PlainTextResponse("<html>Access denied</html>", 403)
            if self.expired or request.headers.get("x-api-token") != self.token:
                return fault(401, "unauthorized access")
            wait = self.window.take()
            if wait or self.tokens < COSTS[request.method]:
                self.beyond += 1
                headers = {"x-ratelimit-reset": "1"}
                return said(_told("Request over limit"), 429, headers)
            self.tokens -= COSTS[request.method]
            return answer(request, body)

        return answering

    def _list(self, request: Request, _: Any) -> Response:
        down = request.query_params.get("sort_direction") == "desc"
        found = sorted(self.organizations.values(), key=lambda o: o["id"], reverse=down)
        return self._paged(found, request)

    def _list_fields(self, request: Request, _: Any) -> Response:
        standard = {"field_name": "Name", "field_code": "name", "field_type": "varchar"}
        found = [{**standard, "is_custom_field": False}, *self.fields.values()]
        return self._paged(found, request)

    def _paged(self, found: list[dict[str, Any]], request: Request) -> Response:
        limit = min(int(request.query_params.get("limit", 100)), self.page)
        start = int(request.query_params.get("cursor", 0))
        more = str(start + limit) if start + limit < len(found) else None
        data = found[start : start + limit]
        return said({"success": True, "data": data, "additional_data": {"next_cursor": more}})

    def _make(self, _: Request, body: Any) -> Response:
        if not body.get("name"):
            return fault(400, "name is required")
        if told := self._fault(body):
            return fault(400, told)
        id = len(self.organizations) + 1
        self.organizations[id] = {**body, "id": id}
        return self._kept(id, 201)

    def _change(self, request: Request, body: Any) -> Response:
        id = request.path_params["id"]
        if id not in self.organizations:
            return fault(404, "Organization not found.")
        if told := self._fault(body):
            return fault(400, told)
        self.organizations[id]["custom_fields"].update(body["custom_fields"])
        return self._kept(id, 200)

    def _kept(self, id: int, status: int) -> Response:
        kept = self.organizations[id]
        self.wrote([kept["custom_fields"][self.code("Churn customer ID")]])
        return said({"success": True, "data": kept}, status)

    def _fault(self, body: Mapping[str, Any]) -> str | None:
        for code, value in (body.get("custom_fields") or {}).items():
            if code not in self.fields:
                return f"Unknown field {code}"
            about = self.fields[code]
            if value is not None and not _fits(about, value):
                return f"{about['field_name']}: {about['field_type']} expected"
            if (rule := self.rules.get(about["field_name"])) and (told := rule(value)):
                return told
        return None

    def _make_field(self, _: Request, body: Any) -> Response:
        if body["field_type"] == "enum" and not body.get("options"):
            return fault(400, "options are required")
        name = body["field_name"]
        code = hashlib.sha1(f"{name} {len(self.fields)}".encode()).hexdigest()
        options = [
            {"id": number, "label": option["label"]}
            for number, option in enumerate(body.get("options", ()), 1 + 10 * len(self.fields))
        ]
        about = {"field_code": code, "is_custom_field": True, "options": options or None}
        self.fields[code] = {**body, **about}
        return said({"success": True, "data": self.fields[code]}, 201)

    def _options(self, request: Request, body: Any) -> Response:
        options = self.fields[request.path_params["code"]]["options"]
        new = [{"id": 5000 + n + len(options), "label": o["label"]} for n, o in enumerate(body)]
        options.extend(new)
        return said({"success": True, "data": new})


def fault(status: int, message: str) -> Response:
    return said(_told(message), status)


def _told(message: str) -> dict[str, Any]:
    return {"success": False, "error": message, "error_info": "See developers.pipedrive.com"}


def _fits(about: Mapping[str, Any], value: Any) -> bool:
    kind = about["field_type"]
    if kind == "double":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "monetary":
        return (
            isinstance(value, dict)
            and value.keys() == {"value", "currency"}
            and isinstance(value["value"], int | float)
        )
    if kind == "enum":
        return value in {option["id"] for option in about["options"]}
    if kind == "date":
        return isinstance(value, str) and len(value) == 10 and bool(date.fromisoformat(value))
    return isinstance(value, str) and len(value) <= LONGEST[kind]
