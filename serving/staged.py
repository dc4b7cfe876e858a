"""Cases kept in a file while they are scored, so that memory holds some of a base at a time."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.featureset import Values
from serving.cases import ATTRIBUTES, Cases, Listed, Person, blocks

PERSON = ("customer_id", *ATTRIBUTES, "status", "insufficient")
DIGESTED = 10_000  # customers
DIGITS = 6  # of values in the digest: sums in another order differ behind the fifteenth
VALUE = "v_"  # before the name of a column of the vectors


@dataclass(frozen=True)
class Staged:
    """Cases in a Parquet file of `stage`, in their order; read by one thread at a time."""

    path: Path

    def __len__(self) -> int:
        return int(self._bounds[-1])

    def part(self, begin: int, size: int) -> Cases:
        """So many of them from a place on."""
        first, last = np.searchsorted(self._bounds, [begin, begin + size - 1], side="right") - 1
        groups = list(range(first, last + 1))
        rows = self._file.read_row_groups(groups, use_threads=False)
        return cases_of(rows.slice(begin - int(self._bounds[first]), size))

    @cached_property
    def _file(self) -> pq.ParquetFile:
        """Opened once: what says where everything lies is read anew with each opening."""
        return pq.ParquetFile(self.path)

    @cached_property
    def _bounds(self) -> Values:
        """Where each row group begins, and where the last one ends."""
        about = self._file.metadata
        sizes = [about.row_group(group).num_rows for group in range(about.num_row_groups)]
        return np.cumsum([0, *sizes])


def stage(cases: Listed, path: Path, at_once: int) -> Staged:
    """Cases written to a file, so many at a time."""
    parts = (rows_of(some) for some in blocks(cases, at_once))
    first = next(parts)
    worded = [field.name for field in first.schema if pa.types.is_string(field.type)]
    with pq.ParquetWriter(path, first.schema, compression="lz4", use_dictionary=worded) as file:
        file.write_table(first)
        for rows in parts:
            file.write_table(rows)
    return Staged(path)


def rows_of(cases: Cases) -> pa.Table:
    """Cases as rows: the person and the vector with its baselines."""
    told = {n: pa.array([getattr(each, n) for each in cases.people], pa.string()) for n in PERSON}
    return pa.table(told | {f"{VALUE}{name}": _column(v) for name, v in cases.columns.items()})


def cases_of(rows: pa.Table) -> Cases:
    """Cases from the rows that hold them; columns that are neither are passed by."""
    told = zip(*(rows[name].to_pylist() for name in PERSON), strict=True)
    names = [name for name in rows.column_names if name.startswith(VALUE)]
    columns: Mapping[str, Values] = {n.removeprefix(VALUE): _values(rows[n]) for n in names}
    return Cases(tuple(Person(*each) for each in told), columns)


def digest_of(cases: Listed) -> str:
    """A fingerprint of the customers and their vectors."""
    found = hashlib.sha256()
    for some in blocks(cases, DIGESTED):
        found.update(repr(some.people).encode())
        for name, values in sorted(some.columns.items()):
            found.update(name.encode() + _bytes(values))
    return found.hexdigest()[:16]


def _bytes(values: Values) -> bytes:
    if values.dtype == object:
        return repr(values.tolist()).encode()
    rounded = np.round(values.astype(np.float64), DIGITS) + 0.0  # no -0
    return np.where(np.isnan(rounded), np.nan, rounded).tobytes()


def _column(values: Values) -> pa.Array:
    return pa.array(values, pa.string() if values.dtype == object else pa.float64())


def _values(column: pa.ChunkedArray) -> Values:
    if pa.types.is_string(column.type):
        return np.array([*column.to_pylist(), None], object)[:-1]
    return np.asarray(column.to_numpy(), np.float64)
