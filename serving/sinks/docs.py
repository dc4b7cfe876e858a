"""Writes the table of fields into docs/crm.md: `python -m serving.sinks.docs`.

With a scores' folder and a customer_id it prints that customer's card instead.
"""

import re
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from serving.sinks.fields import FIELDS, Field, known, plain
from serving.sinks.kinds import CHOICE, MONEY, PROBABILITY, Value
from serving.sinks.told import Told, told

PAGE = Path("docs/crm.md")
BEGIN, END = "<!-- fields: written by make docs -->", "<!-- end of fields -->"


def main(arguments: Sequence[str]) -> None:
    """Writes the table, or prints a card."""
    if arguments:
        scores, customer = Path(arguments[0]), arguments[1]
        found = next(one for one in told(scores) if one.row["customer_id"] == customer)
        sys.stdout.write(card(found, "EUR"))
    else:
        PAGE.write_text(filled(PAGE.read_text()))


def filled(page: str) -> str:
    """The page with the table between its marks."""
    return re.sub(f"{BEGIN}.*{END}", f"{BEGIN}\n{table()}{END}", page, flags=re.DOTALL)


def table() -> str:
    """Every field: its name, what it is in each CRM, and its help."""
    head = "| field | HubSpot | Salesforce | Pipedrive | what it says |\n|---|---|---|---|---|\n"
    return head + "".join(_row(field) for field in FIELDS)


def card(customer: Told, currency: str) -> str:
    """A customer's fields as a CSM sees them, as a Markdown table."""
    fields = plain(known(FIELDS, customer.row))
    rows = (f"| {field.label} | {shown(field, field.of(customer), currency)} |" for field in fields)
    return "\n".join(["| field | value |", "|---|---|", *rows]) + "\n"


def shown(field: Field, value: Value, currency: str) -> str:
    """A value as a CRM shows it."""
    if value is None:
        return ""
    if field.kind is PROBABILITY and isinstance(value, float):
        return f"{100 * value:.1f} %"
    if field.kind is MONEY:
        return f"{currency} {value:,.0f}"
    if field.kind is CHOICE:
        return field.options.get(str(value), str(value))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return value.isoformat() if isinstance(value, date) else str(value).replace("|", "\\|")


def _row(field: Field) -> str:
    hubspot = "/".join(str(field.kind.hubspot[name]) for name in ("type", "fieldType"))
    hint = field.kind.hubspot.get("numberDisplayHint")
    told = f"{hubspot} ({hint})" if hint else hubspot
    crms = (told, field.kind.salesforce["type"], field.kind.pipedrive)
    if field.formula:
        crms = ("not there", f"{field.kind.salesforce['type']} formula", "not there")
    return f"| `{field.name}` | {' | '.join(crms)} | {field.help} |\n"


if __name__ == "__main__":
    main(sys.argv[1:])
