"""Kinds of CRM fields: what each CRM calls a text, a date or an amount.

HubSpot: developers.hubspot.com/docs/api-reference/crm-properties-v3/guide (type, fieldType) and the
2026-03 properties specification (numberDisplayHint). Salesforce: CustomField of the Metadata API.
Pipedrive: field_type of POST /api/v2/organizationFields.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

Value: TypeAlias = str | int | float | date | datetime | None

CARD_TEXT = 255  # the shortest of a Salesforce Text and a Pipedrive varchar
LONG_TEXT_LENGTH = 4_000


@dataclass(frozen=True, eq=False)
class Kind:
    """What a field holds, in each CRM's own terms; `longest` is in characters."""

    name: str
    hubspot: Mapping[str, Any]
    salesforce: Mapping[str, Any]
    pipedrive: str
    longest: int | None = None


def _number(hint: str) -> dict[str, str]:
    return {"type": "number", "fieldType": "number", "numberDisplayHint": hint}


# A Salesforce external id ignores case unless told otherwise: c1 and C1 are two customers.
KEY = Kind(
    "key",
    {"type": "string", "fieldType": "text", "hasUniqueValue": True},
    {
        "type": "Text",
        "length": CARD_TEXT,
        "externalId": True,
        "unique": True,
        "caseSensitive": True,
    },
    "varchar",
    CARD_TEXT,
)
TEXT = Kind(
    "text",
    {"type": "string", "fieldType": "text"},
    {"type": "Text", "length": CARD_TEXT},
    "varchar",
    CARD_TEXT,
)
LONG_TEXT = Kind(
    "long text",
    {"type": "string", "fieldType": "textarea"},
    {"type": "LongTextArea", "length": LONG_TEXT_LENGTH, "visibleLines": 4},
    "text",
    LONG_TEXT_LENGTH,
)
COUNT = Kind(
    "number", _number("formatted"), {"type": "Number", "precision": 9, "scale": 0}, "double"
)
PROBABILITY = Kind(
    "probability", _number("percentage"), {"type": "Percent", "precision": 5, "scale": 1}, "double"
)
MONEY = Kind(
    "money", _number("currency"), {"type": "Currency", "precision": 18, "scale": 2}, "monetary"
)
DAY = Kind("date", {"type": "date", "fieldType": "date"}, {"type": "Date"}, "date")
MOMENT = Kind("moment", {"type": "datetime", "fieldType": "date"}, {"type": "DateTime"}, "date")
CHOICE = Kind(
    "choice", {"type": "enumeration", "fieldType": "select"}, {"type": "Picklist"}, "enum"
)


def shortened(kind: Kind, value: Value) -> Value:
    """A text that fits its field; one that does not ends in an ellipsis."""
    if kind.longest is None or not isinstance(value, str) or len(value) <= kind.longest:
        return value
    return value[: kind.longest - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
