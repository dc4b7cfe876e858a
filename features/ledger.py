"""The ledger of use: what all nights so far add up to, and how a night's rows are entered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.history import History
from features.partials import (
    CUSTOMER,
    NIGHT,
    ON,
    Asked,
    became_known,
    of_all_days,
    of_each_row,
    of_values,
)
from features.rolled import Columns, Ever, Places

FIRST, LAST = "first", "last"
NEVER = np.iinfo(np.int32)
WHICH = 32  # bits of a key that say which value it is; those above say whose
Night = dict[str, Columns]


def _texts() -> pa.Array:
    return pa.array([], pa.string())


@dataclass(frozen=True)
class Named:
    """A column's values by number: `keys` say whose and which of `names`; `ever` counts rows."""

    names: pa.Array = field(default_factory=_texts)
    keys: pa.Array = field(default_factory=lambda: pa.array([], pa.int64()))
    ever: Columns = field(default_factory=dict)

    @property
    def whose(self) -> Places:
        """The customer's number of each value."""
        return (np.asarray(self.keys.to_numpy()) >> WHICH).astype(np.int32)


@dataclass(frozen=True)
class Ledger:
    """Customers by number, and what is kept of all of their days; `named` is by column."""

    customers: pa.Array = field(default_factory=_texts)
    ever: Columns = field(default_factory=dict)
    named: Mapping[str, Named] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows have been entered."""
        return int(self.ever["n0"].sum()) if self.ever else 0

    def summed(self) -> Ever:
        """What windows without an end are made of."""
        whose = {column: named.whose for column, named in self.named.items()}
        seen = {column: named.ever for column, named in self.named.items()}
        return Ever(len(self.customers), self.ever, whose, seen)


def begun(history: History, start: date, asked: Asked) -> Ledger:
    """The ledger of all that was known on a date, without its days."""
    rows = became_known(history.known(start), None)
    told = of_all_days(rows, asked).to_pyarrow()
    places, customers = _coded(_texts(), told[CUSTOMER])
    ledger = Ledger(customers, _added({}, len(customers), places, _arrays(told)))
    for column in sorted(asked.ever_seen):
        values = of_values(rows, asked, column).to_pyarrow()
        whose, customers = _coded(ledger.customers, values[CUSTOMER])
        ledger, _ = _with_values(ledger, column, whose, values[column], _arrays(values))
    return ledger


def entered(
    ledger: Ledger, history: History, since: date, until: date, asked: Asked
) -> tuple[Ledger, dict[int, Night]]:
    """The ledger with what became known from one date to another, and each night of it.

    A night has the columns of its days under `customer_id`, and those of a column's values under
    the column's name; rows lie in the order of their days, each customer (or value) once a day.
    """
    rows = became_known(history.known(until), since)
    told = of_each_row(rows, asked).to_pyarrow()
    numbers = _arrays(told)
    whose, customers = _coded(ledger.customers, told[CUSTOMER])
    use = _by_day(whose, numbers)
    ever = _added(ledger.ever, len(customers), use[PLACES], _of_days(use, len(asked.counts)))
    ledger, kinds = replace(ledger, customers=customers, ever=ever), {CUSTOMER: use}
    for column in asked.columns:
        there = np.flatnonzero(told[column].is_valid().to_numpy())
        some = _counts_of(numbers, asked.counts_of(column), there)
        values = told[column].take(pa.array(there))
        ledger, places = _with_values(ledger, column, whose[there], values, some)
        kinds[column] = _by_day(places, some)
    return ledger, _by_night(kinds)


PLACES = "places"


def _with_values(
    ledger: Ledger, column: str, whose: Places, values: pa.ChunkedArray, counts: Columns
) -> tuple[Ledger, Places]:
    """The ledger that has counted these values of a column, and each row's number."""
    before = ledger.named.get(column, Named())
    which, names = _coded(before.names, values)
    keys = pa.array((whose.astype(np.int64) << WHICH) | which)
    places, known = _coded(before.keys, keys)
    added = {name: each for name, each in counts.items() if name not in (NIGHT, ON)}
    named = Named(names, known, _added(before.ever, len(known), places, added))
    return replace(ledger, named={**ledger.named, column: named}), places


def _counts_of(numbers: Columns, counts: Sequence[int], there: NDArray[np.int64]) -> Columns:
    return {name: numbers[name][there] for name in (NIGHT, ON, *(f"n{i}" for i in counts))}


def _of_days(use: Columns, counts: int) -> Columns:
    """What days add to all days: each is the first and the last of its counts."""
    made = {name: values for name, values in use.items() if name not in (NIGHT, ON, PLACES)}
    for i in range(counts):
        made[f"{FIRST}{i}"] = np.where(use[f"n{i}"] > 0, use[ON], NEVER.max)
        made[f"{LAST}{i}"] = np.where(use[f"n{i}"] > 0, use[ON], NEVER.min)
    return made


def _added(before: Columns, size: int, places: Places, told: Columns) -> Columns:
    """All days' columns with what is told of some customers or values."""
    made = dict(before)
    for name, values in told.items():
        how, start = _way(name)
        made[name] = _grown(before.get(name), size, start, values.dtype)
        how.at(made[name], places, values)
    return made


def _way(name: str) -> tuple[np.ufunc, int]:
    """How a column is added up, and from what."""
    if name.startswith(FIRST):
        return np.minimum, int(NEVER.max)
    return (np.maximum, int(NEVER.min)) if name.startswith(LAST) else (np.add, 0)


def _grown(before: NDArray[Any] | None, size: int, start: int, kind: np.dtype[Any]) -> NDArray[Any]:
    made = np.full(size, start, kind)
    if before is not None:
        made[: len(before)] = before
    return made


def _coded(known: pa.Array, asked: pa.ChunkedArray | pa.Array) -> tuple[Places, pa.Array]:
    """Each value's number, and the values by number with the new ones after those known."""
    numbers = pc.index_in(asked, value_set=known)
    if numbers.null_count:
        new = pc.unique(pc.filter(asked, pc.is_null(numbers)))
        known = pa.concat_arrays([known, new.cast(known.type)])
        numbers = pc.index_in(asked, value_set=known)
    return np.asarray(numbers.to_numpy(), np.int32), known


def _arrays(told: pa.Table) -> dict[str, NDArray[Any]]:
    """The numbers of an answer: sums as they are, all else as whole numbers."""
    names = [f.name for f in told.schema if not pa.types.is_string(f.type)]
    return {name: _array(name, told[name]) for name in names}


def _array(name: str, found: pa.ChunkedArray) -> NDArray[Any]:
    kind = pa.float64() if name.startswith("s") else pa.int32()
    return np.asarray(found.cast(kind).fill_null(_way(name)[1]).to_numpy())


def _by_day(places: Places, told: Columns) -> Columns:
    """Rows added up by night, day and place, in this order."""
    order = np.lexsort((places, told[ON], told[NIGHT]))
    keys = {NIGHT: told[NIGHT][order], ON: told[ON][order], PLACES: places[order]}
    new = np.zeros(len(order), bool)
    new[:1] = True
    for key in keys.values():
        new[1:] |= key[1:] != key[:-1]
    starts = np.flatnonzero(new)
    added = {n: _reduced(v[order], starts) for n, v in told.items() if n not in (NIGHT, ON)}
    return {name: key[starts] for name, key in keys.items()} | added


def _reduced(values: NDArray[Any], starts: NDArray[np.int64]) -> NDArray[Any]:
    return np.add.reduceat(values, starts).astype(values.dtype) if len(starts) else values


def _by_night(kinds: Mapping[str, Columns]) -> dict[int, Night]:
    nights: dict[int, Night] = {}
    for kind, rows in kinds.items():
        for start, stop in runs(rows[NIGHT]):
            some = {name: values[start:stop] for name, values in rows.items() if name != NIGHT}
            nights.setdefault(int(rows[NIGHT][start]), {})[kind] = some
    return nights


def runs(keys: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Where equal neighbours begin and end."""
    edges = [0, *(np.flatnonzero(np.diff(keys)) + 1).tolist(), len(keys)]
    return pairwise(edges if len(keys) else [])
