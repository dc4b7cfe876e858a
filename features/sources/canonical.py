"""From tables as found to canonical tables: every declared column, in the declared type."""

from collections.abc import Mapping

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from features.errors import SourceError
from features.history import History
from features.tables import TABLES, Column, Kind, Table

TYPES: dict[Kind, dt.DataType] = {
    Kind.TEXT: dt.string,
    Kind.NUMBER: dt.float64,
    Kind.FLAG: dt.boolean,
    Kind.TIME: dt.Timestamp(),
}
ISO = ""


@ibis.udf.scalar.builtin(name="try_strptime", signature=((dt.string, dt.string), dt.Timestamp()))  # type: ignore[untyped-decorator]
def read_time(text: str, date_format: str) -> object:
    """DuckDB's reading of a moment in a declared format; null where it does not fit."""


def canonical(found: Mapping[str, ir.Table], date_format: str = ISO) -> History:
    """A history of the tables that have a canonical name; others are left alone.

    `date_format` is how text columns write moments, in strptime's terms; ISO 8601 if empty. A value
    that cannot be read is null here, and `churn check` reports it.

    Raises:
        SourceError: A table has not one of its required columns, or `customers` is absent.
    """
    if "customers" not in found:
        raise SourceError(
            f"No table 'customers' among {sorted(found) or 'no tables'}. "
            "Provide one with customer_id and created_at; docs/data-contract.md has the columns."
        )
    wanted = {name: rows for name, rows in found.items() if name in TABLES}
    return History({n: _canonical(TABLES[n], rows, date_format) for n, rows in wanted.items()})


def _canonical(table: Table, found: ir.Table, date_format: str) -> ir.Table:
    if absent := [name for name in table.required if name not in found.columns]:
        raise SourceError(
            f"Table {table.name!r} has no column {', '.join(absent)}; it has "
            f"{', '.join(found.columns)}. docs/data-contract.md says what each column is."
        )
    return found.select(**{c.name: _filled(_cast(found, c, date_format), c) for c in table})


def _filled(value: ir.Value, column: Column) -> ir.Value:
    """The values with what a missing one means."""
    return value if column.if_empty is None else value.fill_null(column.if_empty)


def _cast(found: ir.Table, column: Column, date_format: str) -> ir.Value:
    wanted = TYPES[column.kind]
    if column.name not in found.columns:
        return ibis.null(wanted)
    value = found[column.name]
    if value.type() == wanted:
        return value
    if not value.type().is_string():
        return value.cast(wanted)
    text = value.strip().nullif("")
    if column.kind is Kind.TIME and date_format:
        return read_time(text, date_format)
    return text if column.kind is Kind.TEXT else text.try_cast(wanted)
