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
UTC = dt.Timestamp("UTC")
TIMES_OF_DAY = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f")


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]
    name="try_strptime", signature=((dt.string, dt.Array(dt.string)), dt.Timestamp())
)
def read_time(text: str, formats: list[str]) -> object:
    """DuckDB's reading of a moment in the first of several formats; null where none fits."""


def canonical(found: Mapping[str, ir.Table], date_format: str = ISO) -> History:
    """A history of the tables that have a canonical name; others are left alone.

    `date_format` is how text columns write dates, in strptime's terms, a time of day after them or
    not; ISO 8601 if empty. A value that cannot be read is null here; `churn check` reports it.

    Raises:
        SourceError: A table has not one of its required columns, or `customers` is absent.
    """
    if "customers" not in found:
        raise SourceError(
            f"No table 'customers' among {sorted(found) or 'no tables'}. "
            "Provide one with customer_id and created_at; docs/data-contract.md has the columns."
        )
    wanted = {name: rows for name, rows in found.items() if name in TABLES}
    return History({n: canonical_table(TABLES[n], rows, date_format) for n, rows in wanted.items()})


def absent(table: Table, found: ir.Table) -> list[str]:
    """The required columns that a table as found has not."""
    return [name for name in table.required if name not in found.columns]


def cast(found: ir.Table, column: Column, date_format: str = ISO) -> ir.Value:
    """A column in the type it is declared with; null where it is absent or cannot be read."""
    wanted = TYPES[column.kind]
    if column.name not in found.columns:
        return ibis.null(wanted)
    value = found[column.name]
    if value.type().is_floating():
        # Not by comparing: DuckDB trusts a Parquet file's least and greatest, which leave NaN out.
        value = value.isnan().ifelse(ibis.null(value.type()), value)
    if value.type() == wanted:
        return value
    if value.type().is_string():
        return _read(value, column.kind, date_format)
    return value.cast(wanted) if is_convertible(value.type(), column.kind) else ibis.null(wanted)


def is_convertible(found: dt.DataType, kind: Kind) -> bool:
    """Whether a column of this type may hold what is declared; a number is no moment."""
    if found.is_string() or found.is_null():
        return True
    if kind is Kind.TIME:
        return bool(found.is_timestamp() or found.is_date())
    return bool(found.is_numeric() or found.is_boolean() or kind is Kind.TEXT)


def canonical_table(table: Table, found: ir.Table, date_format: str = ISO) -> ir.Table:
    """All declared columns of one table, typed; raises SourceError where a required one lacks."""
    if missing := absent(table, found):
        raise SourceError(
            f"Table {table.name!r} has no column {', '.join(missing)}; it has "
            f"{', '.join(found.columns)}. docs/data-contract.md says what each column is."
        )
    return found.select(**{c.name: cast(found, c, date_format) for c in table})


def _read(value: ir.StringValue, kind: Kind, date_format: str) -> ir.Value:
    """Text in the type of its kind; a moment with an offset from UTC is brought to UTC."""
    text = value.strip().nullif("")
    if kind is Kind.TIME and date_format:
        return read_time(text, formats(date_format))
    return text.try_cast(UTC).cast(TYPES[kind]) if kind is Kind.TIME else text.try_cast(TYPES[kind])


def formats(date_format: str) -> list[str]:
    """A date format alone and with a time of day after it, unless it has one itself."""
    has_time = any(part in date_format for part in ("%H", "%I", "%M", "%c", "%X"))
    return [date_format + time for time in (TIMES_OF_DAY[:1] if has_time else TIMES_OF_DAY)]
