"""Vectors to fit on: Arrow columns in memory, or pages of Parquet files on disk; read by blocks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training.contract import Categories, matrix_of

Numbers: TypeAlias = NDArray[np.float64]

BLOCK = 65_536  # rows that are read at a time, and of a page on disk


class Vectors(Protocol):
    """What can be fitted on: so many rows, and their values by blocks (some rows, features)."""

    def __len__(self) -> int:
        """How many rows there are."""

    def blocks(self) -> Iterator[Numbers]:
        """The rows in their order, some at a time."""


@dataclass(frozen=True)
class Columns:
    """Vectors in memory, as columns that Arrow shares with NumPy: nothing is copied."""

    table: pa.Table

    @classmethod
    def of(cls, columns: Mapping[str, Numbers]) -> "Columns":
        """Columns of numbers by their names; NaN stays NaN."""
        return cls(pa.table({name: pa.array(column) for name, column in columns.items()}))

    def __len__(self) -> int:
        """How many rows there are."""
        return int(self.table.num_rows)

    def blocks(self) -> Iterator[Numbers]:
        """The rows in their order, some at a time."""
        for batch in self.table.to_batches(max_chunksize=BLOCK):
            yield np.column_stack([column.to_numpy(zero_copy_only=False) for column in batch])


@dataclass(frozen=True)
class Pages:
    """Vectors on disk: columns of Parquet files whose row groups have `BLOCK` rows or fewer."""

    files: tuple[Path, ...]
    names: tuple[str, ...]
    categories: Categories

    def __len__(self) -> int:
        """How many rows there are."""
        return sum(len(page) for page in self.each())

    def each(self) -> list["Page"]:
        """One file after the other."""
        return [Page(file, self.names, self.categories) for file in self.files]

    def blocks(self) -> Iterator[Numbers]:
        """The rows in their order, some at a time; no more than one block is held."""
        return (page.block(place) for page in self.each() for place in range(page.size))


class Page:
    """One file, of which any row group can be had."""

    def __init__(self, file: Path, names: tuple[str, ...], categories: Categories) -> None:
        self._file = pq.ParquetFile(file)
        self._names, self._categories = names, categories
        self.size: int = self._file.num_row_groups
        self.last = lru_cache(maxsize=1)(self.block)  # whoever asks for rows asks in their order

    def __len__(self) -> int:
        """How many rows there are."""
        return int(self._file.metadata.num_rows)

    def block(self, place: int) -> Numbers:
        """The values of a row group: (rows, features)."""
        read = self._file.read_row_group(place, columns=list(self._names), use_threads=False)
        told = {name: read[name].to_numpy() for name in self._names}
        return matrix_of(told, self._names, self._categories)
