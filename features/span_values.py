"""How many different values of use were seen, in the windows of many dates: spans as bits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.dialect import bit, united
from features.engine import BITS, met
from features.featureset import Part, Values
from features.history import History
from features.measures import EVER, Atom
from features.partials import CUSTOMER, Where, is_of_values
from features.spans import SPAN, STEP, Spans, in_spans, spans_of
from features.tables import USAGE, Kind


@dataclass(frozen=True)
class Seen:
    """Each customer's values by number: `whose`, and the spans (as bits) that each was seen in.

    `steps` and `places` say from which date on (by its place) a row's `bits` count, and for which
    value.
    """

    whose: NDArray[np.int64]
    places: NDArray[np.int64]
    steps: NDArray[np.int32]
    bits: Mapping[Where, NDArray[np.int64]]


def is_seen(atom: Atom) -> bool:
    """Whether an atom counts texts of use within a window that ends."""
    if not is_of_values(atom) or atom.window.last == EVER:
        return False
    return atom.column in USAGE.names and USAGE[atom.column].kind is Kind.TEXT


def seen_in_all(
    history: History, atoms: Sequence[Atom], dates: Sequence[date], customers: pa.Array
) -> Iterator[dict[Part, Values]]:
    """The atoms' values for every customer, date by date; all are of one column."""
    for some in _by_bits(atoms, dates):
        spans = spans_of(atoms, some)
        seen = _seen(history, atoms, spans, customers)
        known = {where: np.zeros(len(seen.whose), np.int64) for where in seen.bits}
        for step, as_of in enumerate(some):
            new = np.flatnonzero(seen.steps == step)
            for where, bits in seen.bits.items():
                known[where][seen.places[new]] |= bits[new]
            yield {
                a: _counted(a, known[a.where], seen, spans, as_of, len(customers)) for a in atoms
            }


def _by_bits(atoms: Sequence[Atom], dates: Sequence[date]) -> Iterator[Sequence[date]]:
    """The dates by so many that a number has a bit for each span."""
    start = 0
    for stop in range(1, len(dates) + 1):
        if stop == len(dates) or len(spans_of(atoms, dates[start : stop + 1]).edges) > BITS:
            yield dates[start:stop]
            start = stop


def _seen(history: History, atoms: Sequence[Atom], spans: Spans, customers: pa.Array) -> Seen:
    column, wheres = atoms[0].column, list(dict.fromkeys(atom.where for atom in atoms))
    use = history.only([USAGE.name]).known(spans.dates[-1]).tables[USAGE.name]
    rows = in_spans(use.filter(use[column].notnull()), spans)
    bits = {f"b{i}": united(bit(rows[SPAN]), where=met(rows, w)) for i, w in enumerate(wheres)}
    found = rows.group_by([CUSTOMER, column, STEP]).aggregate(**bits).to_pyarrow()
    places = pc.index_in(found[CUSTOMER], value_set=customers)
    found = found.append_column("place", places).filter(places.is_valid())
    whose, values = _numbers(found["place"]), _numbers(_coded(found[column]))
    many = int(values.max(initial=0)) + 1
    pairs, of_row = np.unique(whose * many + values, return_inverse=True)
    told = {w: _numbers(found[f"b{i}"].fill_null(0)) for i, w in enumerate(wheres)}
    return Seen(pairs // many, of_row, np.asarray(found[STEP].to_numpy()), told)


def _coded(found: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.index_in(found, value_set=pc.unique(found))


def _numbers(found: pa.ChunkedArray) -> NDArray[Any]:
    return np.asarray(found.to_numpy(), np.int64)


def _counted(
    atom: Atom, known: NDArray[np.int64], seen: Seen, spans: Spans, as_of: date, size: int
) -> Values:
    window = sum(1 << span for span in spans.within(atom.window, as_of))
    there = seen.whose[(known & window) != 0]
    return np.bincount(there, minlength=size).astype(np.float64)
