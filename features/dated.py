"""Parts that are made for many dates in one pass: of tables that are held, and of use by spans."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby

import pyarrow as pa

from features.featureset import Part, Values
from features.held_parts import EMBEDDED, held_parts
from features.history import History
from features.measures import Atom
from features.span_needs import few_texts
from features.span_sums import GROUPS_AT_ONCE, is_summed, summed_up
from features.span_values import is_seen, seen_in_all
from features.tables import USAGE

KIND = "event"
FEW_DATES = 1  # of which a date's own queries read less


def parts_on(
    history: History,
    parts: Sequence[Part],
    dates: Sequence[date],
    customers: Sequence[str],
    at_once: int = GROUPS_AT_ONCE,
) -> Iterator[tuple[date, dict[Part, Values]]]:
    """Each date in turn with the values of the parts made so, in the customers' order.

    Dates are in order. One query of use answers about `at_once` groups of customer and span.
    """
    made = held_parts(history, parts, dates, customers)
    ids = pa.array(customers, pa.string())
    passes = list(_passes(history, parts, dates, ids, at_once)) if len(dates) > FEW_DATES else []
    for as_of in dates:
        values = made.pop(as_of)
        for each in passes:
            values |= next(each)
        yield as_of, values


def _passes(
    history: History,
    parts: Sequence[Part],
    dates: Sequence[date],
    ids: pa.Array,
    at_once: int,
) -> Iterator[Iterator[dict[Part, Values]]]:
    """The passes over use that parts need, each of which yields its values date by date."""
    use = history.tables.get(USAGE.name)
    if use is None or use.get_backend().name != EMBEDDED:
        return
    atoms = [part for part in parts if isinstance(part, Atom) and part.table == USAGE.name]
    texts = _texts(history, atoms)
    if sums := [atom for atom in atoms if is_summed(atom, texts)]:
        yield summed_up(history, sums, dates, ids, texts, at_once)
    seen = [atom for atom in atoms if is_seen(atom) and atom.column not in texts]
    for _, together in groupby(sorted(seen, key=_column), key=_column):
        yield seen_in_all(history, list(together), dates, ids)


def _texts(history: History, atoms: Sequence[Atom]) -> dict[str, pa.Array]:
    """The texts of what was done, if it is counted and has few names; people have many."""
    if not any(is_seen(atom) and atom.column == KIND for atom in atoms):
        return {}
    found = few_texts(history, KIND)
    return {} if found is None else {KIND: found}


def _column(atom: Atom) -> str:
    return atom.column
