"""Examples: the small tables inside declarations, read into rows of a history."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from features.feature import Declaration
from features.featureset import FeatureSet
from features.tables import TABLES, Kind

Row = dict[str, str | float | bool | datetime | None]
SIGNED_UP = timedelta(days=1_000)


def rows_of(
    example: str | Mapping[str, str], table: str, as_of: datetime, customer: str = "acme"
) -> dict[str, list[Row]]:
    """The tables of an example: its rows, and the customer itself, signed up 1,000 days before.

    A column `days_ago` (or `paid_days_ago`) gives a time column as days before `as_of`, negative
    for after; `-` is a missing value; what follows two spaces in the last column is a remark.
    """
    texts = {table: example} if isinstance(example, str) else example
    tables = {name: _rows(text, name, as_of, customer) for name, text in texts.items()}
    signed_up: Row = {"customer_id": customer, "created_at": as_of - SIGNED_UP}
    known = tables.get("customers", [{}])
    return {**tables, "customers": [{**signed_up, **row} for row in known]}


def _rows(text: str, table: str, as_of: datetime, customer: str) -> list[Row]:
    header, *lines = [line.strip() for line in text.strip().splitlines()]
    columns = [name.strip() for name in header.split("|")]
    rows = [_cells(line, len(columns)) for line in lines]
    return [
        _row(dict(zip(columns, r, strict=True)), table, i, as_of, customer)
        for i, r in enumerate(rows)
    ]


def _cells(line: str, columns: int) -> list[str]:
    cells = [cell.strip() for cell in line.split("|", columns - 1)]
    return [*cells[:-1], cells[-1].split("  ")[0].strip()]


def _row(cells: Mapping[str, str], table: str, number: int, as_of: datetime, customer: str) -> Row:
    ids: Row = {
        column: f"{column}-{number}" for column in TABLES[table].key if column.endswith("_id")
    }
    values = dict(_value(table, name, cell, as_of) for name, cell in cells.items())
    return {**ids, "customer_id": customer, **values}


def _value(
    table: str, name: str, cell: str, as_of: datetime
) -> tuple[str, str | float | bool | datetime | None]:
    if name.endswith("days_ago"):
        stem = name.removesuffix("days_ago")
        column = f"{stem}at" if stem else TABLES[table].at
        return column, None if cell == "-" else as_of - timedelta(days=float(cell))
    if cell == "-":
        return name, None
    kind = TABLES[table][name].kind
    if kind is Kind.FLAG:
        return name, cell == "yes"
    return name, float(cell) if kind is Kind.NUMBER else cell


def example_of(
    declared: Declaration, features: FeatureSet, as_of: datetime, customer: str = "acme"
) -> dict[str, list[Row]]:
    """The tables of a declaration's example; one table's text is of the table it counts in."""
    return rows_of(declared.example, features.table_of(declared.name), as_of, customer)
