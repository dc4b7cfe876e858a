"""Snapshots on disk: a Parquet file for each as-of date, read by column or by pages.

What has to see every row reads one column at a time, or learns from bins of one byte.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.outside import written
from training.contract import Categories, columns_of
from training.matrix import BLOCK, Columns, Pages, Vectors

OUTCOME = ("churned", "churned_at", "cause", "month", "arm", "treated")
Hashes: TypeAlias = NDArray[np.uint64]


@dataclass(frozen=True)
class Stored:
    """Snapshots by their dates, in the order of their files."""

    files: Mapping[date, Path]

    def __len__(self) -> int:
        """How many there are."""
        return sum(int(pq.read_metadata(file).num_rows) for file in self.files.values())

    def __contains__(self, name: object) -> bool:
        """Whether there is such a column."""
        return name in pq.read_schema(next(iter(self.files.values()))).names

    def __getitem__(self, name: str) -> pd.Series:
        """One column of all snapshots."""
        return self._read([name])[name]

    def on(self, dates: Sequence[date]) -> "Stored":
        """Those of these dates."""
        wanted = set(dates)
        return Stored({day: file for day, file in self.files.items() if day in wanted})

    def outcomes(self) -> pd.DataFrame:
        """What became of each, indexed by (customer_id, as_of)."""
        told = self._read(["customer_id", *OUTCOME], words=("customer_id", "cause", "arm"))
        days = list(self.files)
        sizes = [pq.read_metadata(self.files[day]).num_rows for day in days]
        who = pd.Categorical(told.pop("customer_id"))
        codes: list[Any] = [who.codes, np.repeat(np.arange(len(days)), sizes)]
        levels: list[Any] = [who.categories, pd.Index(days, dtype=object)]
        index = pd.MultiIndex(levels=levels, codes=codes, names=["customer_id", "as_of"])
        return told.set_index(index)

    def _read(self, names: list[str], words: Sequence[str] = ()) -> pd.DataFrame:
        """Some columns; `words` are kept as numbers and a list of the different ones."""
        each = (
            pq.read_table(file, columns=names, read_dictionary=list(words), use_threads=False)
            for file in self.files.values()
        )
        told: pd.DataFrame = pa.concat_tables(each).unify_dictionaries().to_pandas()
        return told


Rows: TypeAlias = "pd.DataFrame | Stored"


def put(folder: Path, as_of: date, rows: pd.DataFrame) -> Path:
    """Write the snapshots of one date; raises TargetError where they cannot be written."""
    table = pa.Table.from_pandas(rows.reset_index().drop(columns="as_of"), preserve_index=False)
    # A date on which nobody left has no word for a cause, and its column no type.
    cause = table.schema.get_field_index("cause")
    table = table.set_column(cause, "cause", table["cause"].cast(pa.string()))
    file = folder / f"{as_of.isoformat()}.parquet"
    with written(file) as unfinished:
        pq.write_table(table.replace_schema_metadata(), unfinished, row_group_size=BLOCK)
    return file


def outcomes_of(rows: Rows) -> pd.DataFrame:
    """What became of each snapshot, indexed by (customer_id, as_of)."""
    return rows.outcomes() if isinstance(rows, Stored) else rows


def vectors_of(rows: Rows, names: Sequence[str], categories: Categories) -> Vectors:
    """Their vectors, as they are learnt from."""
    if isinstance(rows, Stored):
        return Pages(tuple(rows.files.values()), tuple(names), categories)
    return Columns.of(columns_of(rows, names, categories))


def places_of(rows: pd.DataFrame) -> NDArray[np.int64]:
    """Each row's customer as a number, in the alphabetical order of the customers."""
    place, names = pd.factorize(rows.index.get_level_values("customer_id"))
    return np.asarray(np.argsort(np.argsort(np.asarray(names, dtype=str)))[place])


def days_of(rows: pd.DataFrame) -> NDArray[Any]:
    """Each row's as-of date."""
    return np.asarray(rows.index.get_level_values("as_of")).astype("datetime64[D]")


def drawn(rows: pd.DataFrame, share: float) -> NDArray[np.bool_]:
    """Which rows are of a share of the customers: all rows of one, or none."""
    customers = rows.index.get_level_values("customer_id").to_series()
    hashes = pd.util.hash_pandas_object(customers.astype("str"), index=False).to_numpy()
    return np.asarray(hashes < share * 2.0**64)


def hashes_of(rows: pd.DataFrame) -> Hashes:
    """A number for each row, by all that it holds."""
    keyed = rows.reset_index().astype({"as_of": str, "churned_at": str})
    return np.asarray(pd.util.hash_pandas_object(keyed, index=False).to_numpy(), np.uint64)


def digest_of_hashes(hashes: Hashes) -> str:
    """A fingerprint of rows: the same in whatever order they come."""
    return hashlib.sha256(np.sort(hashes).tobytes()).hexdigest()[:16]
