"""What is said to Salesforce, and what its answers say of each record."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from serving.sinks.fields import FIELDS, Field
from serving.sinks.kinds import PROBABILITY, Value
from serving.sinks.patience import Answer
from serving.sinks.record import Outcome, Record, put_off, refused

ABSENT = "There is no account of this customer."
LONGEST_HELP = 510
# Others are writing the same account just now, or Salesforce is busy with it.
PASSING = ("UNABLE_TO_LOCK_ROW", "REQUEST_RUNNING_TOO_LONG", "SERVER_UNAVAILABLE")
PERCENTS = frozenset(field.name for field in FIELDS if field.kind is PROBABILITY)


def column_of(name: str) -> str:
    """A field's API name."""
    return f"{name}__c"


def field_of(field: Field) -> dict[str, Any]:
    """A custom field as the Tooling API makes it."""
    said = {"label": field.label[:40], "inlineHelpText": field.help[:LONGEST_HELP]}
    formula = {"formula": field.formula, "formulaTreatBlanksAs": "BlankAsBlank"}
    metadata = {
        **said,
        **field.kind.salesforce,
        **({"valueSet": _value_set(field)} if field.options else {}),
        **(formula if field.formula else {}),
    }
    return {"FullName": f"Account.{column_of(field.name)}", "Metadata": metadata}


def _value_set(field: Field) -> dict[str, Any]:
    values = [
        {"fullName": value, "label": label, "default": False}
        for value, label in field.options.items()
    ]
    return {"restricted": True, "valueSetDefinition": {"sorted": False, "value": values}}


def by_hand(field: Field, why: str) -> str:
    """How a person makes a field that the API would not."""
    kind = ", ".join(f"{name} {value}" for name, value in field.kind.salesforce.items())
    values = f" with the values {', '.join(field.options)}" if field.options else ""
    formula = f" with the formula {field.formula}" if field.formula else ""
    return (
        f"Make {column_of(field.name)} in Setup > Object Manager > Account > Fields & "
        f"Relationships ({kind}{values}{formula}). Salesforce said: {why}"
    )


def account_of(record: Record, key: str, named: bool) -> dict[str, Any]:
    """A record as an account; a name only for one that is made of it."""
    values = {column_of(name): value_of(name, value) for name, value in record.values.items()}
    name = {"Name": record.name or record.customer_id} if named else {}
    return {"attributes": {"type": "Account"}, **values, **name, key: record.customer_id}


def value_of(name: str, value: Value) -> Value:
    """A value as Salesforce takes it: percents are of 100, dates are in ISO 8601."""
    if name in PERCENTS and isinstance(value, float):
        return round(100 * value, 1)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def outcome_of(record: Record, result: Mapping[str, Any]) -> Outcome:
    """What an UpsertResult says."""
    if result["success"]:
        created = bool(result.get("created"))
        return Outcome(record.customer_id, True, crm_id=result["id"], created=created)
    errors = result.get("errors") or [{}]
    codes = [error.get("statusCode", "ERROR") for error in errors]
    if "REQUIRED_FIELD_MISSING" in codes and "Name" in (errors[0].get("fields") or ()):
        return refused(record, ABSENT)
    why = "; ".join(f"{e.get('statusCode', 'ERROR')}: {e.get('message', '')}" for e in errors)
    passing = any(code in PASSING for code in codes)
    return put_off(record, why) if passing else refused(record, why)


def code_of(answer: Answer) -> str:
    """The error code of a refused request."""
    body = answer.body[0] if isinstance(answer.body, list) and answer.body else answer.body
    return str(body.get("errorCode", "")) if isinstance(body, dict) else ""
