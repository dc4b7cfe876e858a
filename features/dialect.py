"""Where databases disagree, and how each is asked for the same."""

from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

POSTGRES, SPARK = "postgres", "pyspark"


@ibis.udf.scalar.builtin(name="convert_to", signature=((dt.string, dt.string), dt.binary))  # type: ignore[untyped-decorator]
def encoded(text: str, encoding: str) -> object:
    """PostgreSQL's bytes of a text."""


@ibis.udf.scalar.builtin(name="floor", signature=((dt.float64,), dt.float64))  # type: ignore[untyped-decorator]
def floored(value: float) -> object:
    """The whole number below, as float: Ibis's own is an integer, which great numbers overflow."""


@ibis.udf.agg.builtin(name="bit_or", signature=((dt.int64,), dt.int64))  # type: ignore[untyped-decorator]
def united(bits: int) -> object:
    """All the bits of a group: Ibis's own has no rule for Spark."""


@ibis.udf.scalar.builtin(name="bit_count", signature=((dt.int64,), dt.int64))  # type: ignore[untyped-decorator]
def bits_set(bits: int) -> object:
    """How many bits of a number are set."""


@ibis.udf.scalar.builtin(name="bit_count", signature=((dt.binary,), dt.int64))  # type: ignore[untyped-decorator]
def bytes_set(data: bytes) -> object:
    """The same of bytes, which is all that PostgreSQL counts in."""


@ibis.udf.scalar.builtin(name="int8send", signature=((dt.int64,), dt.binary))  # type: ignore[untyped-decorator]
def as_bytes(value: int) -> object:
    """PostgreSQL's bytes of a number."""


def bit(place: ir.IntegerValue) -> ir.IntegerValue:
    """A number with one bit set, 0 to 62."""
    # A bare 1 is a small integer, which overflows without a word on Spark.
    return ibis.literal(1, "int32").cast("int64") << place.cast("int32")


def counted(bits: ir.IntegerValue) -> ir.IntegerValue:
    """How many bits of a number are set."""
    return bytes_set(as_bytes(bits)) if _is_postgres(bits) else bits_set(bits)


def first(value: ir.Value, order: Sequence[ir.Value], where: ir.BooleanValue | None) -> ir.Value:
    """The first known value of a group, in an order that null is the last of."""
    if _is_postgres(value):  # It has no such aggregate.
        return value.collect(where=where, order_by=order)[0]
    if _is(value, SPARK):  # Its own follows no order.
        return _extreme(value, [key.op() for key in order], where)
    return value.first(where=where, order_by=order)


def comparable(value: ir.Value) -> ir.Value:
    """A value to order by: texts by their bytes, as Python and DuckDB have them."""
    if value.type().is_string() and _is_postgres(value):  # It follows the rules of a language.
        return encoded(value, "UTF8")
    return value


def digest(values: Sequence[ir.Value]) -> ir.IntegerValue:
    """A hash of a row's values in 64 bits; each engine has one of its own."""
    row = ibis.struct({value.get_name(): value for value in values})
    if not _is(row, SPARK):
        return row.hash()
    # Spark's passes over what is null: without a mark a value could change its column unseen.
    marks = ibis.struct({f"no_{value.get_name()}": value.isnull() for value in values})
    hashed = ibis.udf.scalar.builtin(
        _xxhash64, name="xxhash64", signature=((row.type(), marks.type()), dt.int64)
    )
    return hashed(row, marks)


def _xxhash64(row: object, marks: object) -> object:
    """Spark's hash in 64 bits."""


def _extreme(value: ir.Value, order: Sequence[Any], where: ir.BooleanValue | None) -> ir.Value:
    """The known value of the row that is greatest, or else least, by all keys of an order at once.

    Of what is compared on Spark, null is the least.
    """
    known = value.notnull() if where is None else where & value.notnull()
    if all(key.descending for key in order):
        keys = {f"by_{place}": key.arg.to_expr() for place, key in enumerate(order)}
        return value.argmax(ibis.struct(keys), where=known)
    turned = {name: each for i, key in enumerate(order) for name, each in _turned(i, key)}
    return value.argmin(ibis.struct(turned), where=known)


def _turned(place: int, key: Any) -> list[tuple[str, ir.Value]]:
    """A key as what is least of the row that it puts first; only numbers can be turned round."""
    by = key.arg.to_expr()
    if not key.descending:
        return [(f"by_{place}", by)]
    return [(f"none_{place}", by.isnull()), (f"by_{place}", -by)]


def _is_postgres(value: ir.Value) -> bool:
    return _is(value, POSTGRES)


def _is(value: ir.Value, name: str) -> bool:
    return bool(value.get_backend().name == name)
