"""What is said to Pipedrive: custom fields are called by a hash, and options by a number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from serving.sinks.fields import Field
from serving.sinks.kinds import CHOICE, MOMENT, MONEY, PROBABILITY, Value
from serving.sinks.record import Record


@dataclass(frozen=True)
class Column:
    """A custom field of one company: its hash, its type, and its options' numbers by label."""

    code: str
    type: str
    options: Mapping[str, int]


def label_of(field: Field) -> str:
    """What a field is called: a number field shows no percent sign of its own."""
    return f"{field.label}, %" if field.kind is PROBABILITY else field.label


def field_of(field: Field) -> dict[str, Any]:
    """An organization field as Pipedrive makes it."""
    options = [{"label": label} for label in field.options.values()]
    said = {"field_name": label_of(field), "description": field.help}
    return {**said, "field_type": field.kind.pipedrive, **({"options": options} if options else {})}


def columns_of(found: Sequence[Mapping[str, Any]]) -> dict[str, Column]:
    """Custom fields by label."""
    custom = [field for field in found if field.get("is_custom_field")]
    return {field["field_name"]: _column(field) for field in custom}


def _column(found: Mapping[str, Any]) -> Column:
    options = {option["label"]: option["id"] for option in found.get("options") or ()}
    return Column(found["field_code"], found["field_type"], options)


def unlike(field: Field, column: Column) -> str | None:
    """What a person must put right, since Pipedrive cannot change it afterwards."""
    if column.type == field.kind.pipedrive:
        return None
    return (
        f"Pipedrive's field {label_of(field)!r} is of type {column.type}, not "
        f"{field.kind.pipedrive}: delete or rename it and run churn push pipedrive --setup."
    )


def body_of(
    record: Record, fields: Sequence[Field], columns: Mapping[str, Column], currency: str
) -> dict[str, Any]:
    """A record as an organization's custom fields."""
    told = {
        columns[label_of(field)].code: value_of(
            field, record.values[field.name], columns[label_of(field)], currency
        )
        for field in fields
        if field.name in record.values
    }
    return {"custom_fields": told}


def value_of(field: Field, value: Value, column: Column, currency: str) -> Any:
    """A value in the shape of its type: an amount has a currency, an option is a number."""
    if value is None:
        return None
    if field.kind is MONEY:
        return {"value": value, "currency": currency}
    if field.kind is CHOICE:
        return column.options.get(field.options.get(str(value), str(value)))
    if field.kind is PROBABILITY and isinstance(value, float):
        return round(100 * value, 1)
    if field.kind is MOMENT and isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else value
