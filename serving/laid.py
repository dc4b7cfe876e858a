"""Arrow columns for all cases, from what is said of some of them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Places: TypeAlias = NDArray[np.int64]
Lists: TypeAlias = tuple[Places, pa.Array]  # how many each has, and all one after the other


def laid(columns: Mapping[str, pa.Array], schema: pa.Schema, size: int) -> pa.Table:
    """A table of so many rows; columns of which there is nothing are null, lists without items.

    Raises:
        ValueError: A column does not have so many rows, or is not of its type.
    """
    every = [
        columns[field.name].cast(field.type) if field.name in columns else _nothing(field, size)
        for field in schema
    ]
    return pa.Table.from_arrays(every, schema=schema)


def placed(said: Any, places: Places, size: int) -> pa.Array:
    """What is said of the cases in some places: numbers (NaN is null), words or lists."""
    if isinstance(said, tuple):
        return _lists(said, places, size)
    where = np.full(size, -1)
    where[places] = np.arange(len(places))
    column = pa.array(said, from_pandas=True) if isinstance(said, np.ndarray) else said
    return column.take(pa.array(where, mask=where < 0))


def words(named: Sequence[str], codes: NDArray[Any]) -> pa.Array:
    """A column of words by their places among those that there are."""
    return pa.array(named, pa.string()).take(pa.array(codes))


def same(value: Any, kind: pa.DataType, size: int) -> pa.Array:
    """One value for all."""
    return pa.repeat(pa.scalar(value, kind), size)


def _lists(said: Lists, places: Places, size: int) -> pa.Array:
    counts = np.zeros(size + 1, np.int64)
    counts[places + 1] = said[0]
    return pa.ListArray.from_arrays(pa.array(np.cumsum(counts), pa.int32()), said[1])


def _nothing(field: pa.Field, size: int) -> pa.Array:
    if pa.types.is_list(field.type):
        return pa.array([[]] * size, field.type)
    return pa.nulls(size, field.type)
