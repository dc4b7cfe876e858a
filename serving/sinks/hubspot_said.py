"""What is said to HubSpot, and what its answers say of each record."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from serving.sinks.fields import GROUP, KEY_NAME, Field
from serving.sinks.kinds import Value
from serving.sinks.patience import Answer
from serving.sinks.record import Outcome, Record, put_off, refused

TRACE = "objectWriteTraceId"
PASSING = ("INTERNAL_ERROR", "RATE_LIMITS", "CONNECTION_ERROR")


def property_of(field: Field) -> dict[str, Any]:
    """A property as HubSpot makes it."""
    said = {"name": field.name, "label": field.label, "description": field.help}
    options = {"options": options_of(field)} if field.options else {}
    return {**said, "groupName": GROUP, **field.kind.hubspot, **options}


def options_of(field: Field) -> list[dict[str, Any]]:
    """The options of a choice, in their order."""
    return [
        {"label": label, "value": value, "displayOrder": place, "hidden": False}
        for place, (value, label) in enumerate(field.options.items())
    ]


def input_of(record: Record, new: bool) -> dict[str, Any]:
    """A record as batch upsert takes it; a name only for a company that is made of it."""
    said = {name: text_of(value) for name, value in record.values.items()}
    named = {"name": record.name or record.customer_id} if new else {}
    return {
        "id": record.customer_id,
        "idProperty": KEY_NAME,
        TRACE: record.customer_id,
        "properties": said | named,
    }


def text_of(value: Value) -> str:
    """A value as HubSpot takes it: text, empty for none, dates in ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else str(value)


def outcomes_of(batch: Sequence[Record], answer: Answer) -> list[Outcome]:
    """What a 200 or a 207 says of each record; one that neither list names is tried again."""
    taken = {_customer(result): result for result in answer.body.get("results") or ()}
    errors = {id: error for error in answer.body.get("errors") or () for id in _traced(error)}
    return [_outcome(record, taken, errors) for record in batch]


def _outcome(
    record: Record, taken: Mapping[str, Mapping[str, Any]], errors: Mapping[str, Mapping[str, Any]]
) -> Outcome:
    customer = record.customer_id
    if customer in errors:
        error = errors[customer]
        why = f"{error.get('category', 'ERROR')}: {' '.join(str(error.get('message')).split())}"
        passing = error.get("category") in PASSING
        return put_off(record, why) if passing else refused(record, why)
    if customer in taken:
        found = taken[customer]
        return Outcome(customer, True, crm_id=found["id"], created=bool(found.get("new")))
    return put_off(record, "HubSpot's answer does not name this record.")


def _customer(result: Mapping[str, Any]) -> str:
    return str(result.get(TRACE) or (result.get("properties") or {}).get(KEY_NAME))


def _traced(error: Mapping[str, Any]) -> list[str]:
    context = error.get("context") or {}
    return [str(id) for name in (TRACE, "ids") for id in context.get(name) or ()]


def unlike(field: Field, found: Mapping[str, Any] | None) -> str | None:
    """What a person must put right, since HubSpot cannot change it afterwards."""
    if found is None:
        return None
    if field.name == KEY_NAME and not found.get("hasUniqueValue"):
        return (
            f"HubSpot's property {KEY_NAME} is there without unique values, which cannot be "
            "changed: delete it in HubSpot and run churn push hubspot --setup."
        )
    if found.get("type") != field.kind.hubspot["type"]:
        return (
            f"HubSpot's property {field.name} is of type {found.get('type')}, not "
            f"{field.kind.hubspot['type']}: delete or rename it and run churn push hubspot --setup."
        )
    return None
