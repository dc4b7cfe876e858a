"""Vectors as columns: what engines computed, laid out in the order of the customers asked for.

Needs no pandas, so that the service can start without it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from types import MappingProxyType
from typing import TypeAlias

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.engine import aggregated, counted_apart
from features.featureset import FeatureSet, Part, Values
from features.held_parts import held_parts
from features.history import History, Known
from features.measures import EVER, Atom
from features.recency import before, recent
from features.standing import Standing
from features.standing_engine import stood
from features.tables import USAGE

Places: TypeAlias = NDArray[np.int64]
NOWHERE = -1


def columns(
    features: FeatureSet,
    history: History,
    as_of: date,
    customers: Sequence[str],
    made: Mapping[Part, Values] = MappingProxyType({}),
) -> dict[str, Values]:
    """Each column of the vectors on one date, baselines included, one value per customer.

    `made` are the values of parts that need not be computed any more, in the customers' order.
    """
    wanted = [part for part in features.parts if part not in made]
    values = {**made, **held_parts(history, wanted, [as_of], customers)[as_of]}
    asked = [part for part in wanted if part not in values]
    values |= asked_for(history.only({part.table for part in asked}), as_of, asked, customers)
    return features.columns(values)


def asked_for(
    history: History, as_of: date, wanted: Sequence[Part], customers: Sequence[str]
) -> Mapping[Part, Values]:
    """The values that queries answer; of last use, those before all windows only if need be."""
    known, ids = history.known(as_of), pa.array(customers, pa.string())
    last = recent(wanted) if USAGE.name in known.tables else {}
    parts = dict.fromkeys(last.get(part, part) for part in wanted)
    values = _on_one_date(known, list(parts), ids)
    ever = {part: _ever(known, part, within, values[within], ids) for part, within in last.items()}
    return {**values, **ever}


def _on_one_date(known: Known, parts: Sequence[Part], ids: pa.Array) -> Mapping[Part, Values]:
    return computed(known, parts, len(ids), lambda answer: _places(answer, ids))


def _ever(known: Known, part: Part, within: Atom, found: Values, ids: pa.Array) -> Values:
    """The values found within a window, and before it for those who have none in it."""
    silent = np.flatnonzero(np.isnan(found))
    if not len(silent):
        return found
    some = ids.take(pa.array(silent))
    old = before(known, within.window.last, some.to_pylist())
    values = found.copy()
    values[silent] = _on_one_date(old, [part], some)[part]
    return values


def computed(
    known: Known, parts: Sequence[Part], size: int, places: Callable[[pa.Table], Places]
) -> Mapping[Part, Values]:
    """Each part's values in `size` places: one query per table (and moment looked at).

    `places` says where each row of a query's answer belongs, NOWHERE for rows not asked for.
    """
    values: dict[Part, Values] = {part: np.full(size, part.empty) for part in parts}
    for together, asked in queries(known, parts):
        answer = asked.to_pyarrow()
        where = places(answer)
        for i, part in enumerate(together):
            values[part] = _laid(part, answer[f"a{i}"], where, size)
    return values


def queries(known: Known, parts: Sequence[Part]) -> Iterator[tuple[list[Part], ir.Table]]:
    """The parts that are asked together, with what is asked: columns a0, a1, ... in their order."""
    for (table, *_), grouped in groupby(sorted(parts, key=_query), key=_query):
        if table in known.tables:
            together = list(grouped)
            yield together, _asked(known, together)


def in_place(parts: Sequence[Part], answer: pa.Table, names: Sequence[str]) -> dict[Part, Values]:
    """Each part's values from the column of its name, one per row; without one, it is empty."""
    size = len(answer)
    empty = {part: np.full(size, part.empty) for part in parts}
    there = {p: n for p, n in zip(parts, names, strict=True) if n in answer.column_names}
    return empty | {p: _laid(p, answer[n], np.arange(size), size) for p, n in there.items()}


def _query(part: Part) -> tuple[str, int, str]:
    """Parts with the same query are computed together: of a moment, of a column that is counted.

    Of use, what looks back for ever is asked apart: nothing else then reads what is long past.
    """
    if isinstance(part, Standing):
        return (part.table, part.days_before, "")
    ever = part.table == USAGE.name and part.window.last == EVER
    return (part.table, EVER if ever else NOWHERE, part.column if counted_apart(part) else "")


def _asked(known: Known, parts: Sequence[Part]) -> ir.Table:
    standings = [part for part in parts if isinstance(part, Standing)]
    if standings:
        return stood(known, standings, standings[0].days_before)
    return aggregated(known, [part for part in parts if not isinstance(part, Standing)])


def _places(answer: pa.Table, ids: pa.Array) -> Places:
    found = pc.index_in(answer["customer_id"], value_set=ids).fill_null(NOWHERE)
    return np.asarray(found.to_numpy(), np.int64)


def _laid(part: Part, found: pa.ChunkedArray, places: Places, size: int) -> Values:
    """A column of an answer in its places; what is missing is the part's empty value."""
    words = pa.types.is_string(found.type) or pa.types.is_large_string(found.type)
    laid: Values = np.full(size, None if words else part.empty, object if words else np.float64)
    asked = places != NOWHERE
    laid[places[asked]] = _array(found, words)[asked]
    return laid if words else np.where(np.isnan(laid), part.empty, laid)


def _array(found: pa.ChunkedArray, words: bool) -> Values:
    if words:
        return np.array([*found.to_pylist(), None], object)[:-1]
    return np.asarray(found.cast(pa.float64()).to_numpy())
