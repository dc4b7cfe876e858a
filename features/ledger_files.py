"""The files of a ledger of use: Arrow without compression, so that numbers are read where they lie.

Every file is written under another name and renamed.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.ledger import PLACES, Ledger, Named, Night, runs
from features.partials import CUSTOMER, EPOCH, ON
from features.rolled import Columns, Day

NIGHTS, SUFFIX = "nights", ".arrow"
CUSTOMERS, NAMES, VALUES = "customers", "names", "values"
Days = dict[str, dict[int, list[Day]]]


def read_ledger(folder: Path, as_of: date) -> Ledger:
    """The ledger that was written as of a date."""
    place = _place(folder, as_of)
    told = _read(place / f"{CUSTOMERS}{SUFFIX}")
    columns = [
        path.name.removesuffix(f".{VALUES}{SUFFIX}")
        for path in place.glob(f"[!.]*.{VALUES}{SUFFIX}")
    ]
    named = {column: _read_named(place, column) for column in sorted(columns)}
    return Ledger(_column(told, CUSTOMER), _arrays(told, CUSTOMER), named)


def write_ledger(folder: Path, as_of: date, ledger: Ledger) -> None:
    """Writes a ledger beside those of other dates."""
    place = _place(folder, as_of)
    _write(place / f"{CUSTOMERS}{SUFFIX}", {CUSTOMER: ledger.customers, **ledger.ever})
    for column, named in ledger.named.items():
        _write(place / f"{column}.{NAMES}{SUFFIX}", {"name": named.names})
        _write(place / f"{column}.{VALUES}{SUFFIX}", {"key": named.keys, **named.ever})


def write_night(folder: Path, night: int, told: Night) -> None:
    """Writes what became known in a night: one file of one row, its columns lists."""
    lists = {
        f"{kind}.{name}": pa.ListArray.from_arrays([0, len(values)], pa.array(values))
        for kind, columns in told.items()
        for name, values in columns.items()
    }
    _write(_file(folder, night), lists)


def read_night(folder: Path, night: int) -> Night:
    """What became known in a night; nothing is kept of one in which nothing did."""
    path = _file(folder, night)
    if not path.is_file():
        return {}
    told = _read(path)
    found: dict[str, dict[str, NDArray[Any]]] = {}
    for full in told.column_names:
        kind, _, name = full.rpartition(".")
        found.setdefault(kind, {})[name] = np.asarray(told[full].chunk(0).values.to_numpy())
    return dict(found)


def read_nights(folder: Path, nights: Iterable[int]) -> Days:
    """The days that some nights told of, by what the rows are of and by day."""
    found: Days = {}
    for night in nights:
        for kind, columns in read_night(folder, night).items():
            by_day = found.setdefault(kind, {})
            for start, stop in runs(columns[ON]):
                some = {name: values[start:stop] for name, values in columns.items()}
                by_day.setdefault(int(columns[ON][start]), []).append(Day(some[PLACES], some))
    return found


def drop_nights(folder: Path, kept: Collection[int]) -> None:
    """Removes all nights but some."""
    names = {_file(folder, night).name for night in kept}
    for path in (folder / NIGHTS).glob("*"):
        if path.name not in names:
            path.unlink()


def drop_ledgers(folder: Path, but: date) -> None:
    """Removes the ledgers of all dates but one."""
    for place in folder.glob("as_of=*"):
        if place != _place(folder, but):
            rmtree(place)


def _place(folder: Path, as_of: date) -> Path:
    return folder / f"as_of={as_of}"


def _file(folder: Path, night: int) -> Path:
    return folder / NIGHTS / f"{EPOCH + timedelta(days=night)}{SUFFIX}"


def _read_named(place: Path, column: str) -> Named:
    names = _column(_read(place / f"{column}.{NAMES}{SUFFIX}"), "name")
    told = _read(place / f"{column}.{VALUES}{SUFFIX}")
    return Named(names, _column(told, "key"), _arrays(told, "key"))


def _arrays(told: pa.Table, *but: str) -> Columns:
    names = [name for name in told.column_names if name not in but]
    return {name: np.asarray(_column(told, name).to_numpy()) for name in names}


def _column(told: pa.Table, name: str) -> pa.Array:
    return told[name].combine_chunks()


def _read(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()


def _write(path: Path, columns: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    table = pa.table(dict(columns))
    with pa.ipc.new_file(unfinished, table.schema) as file:
        file.write_table(table)
    unfinished.replace(path)
