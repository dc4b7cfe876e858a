"""Use summed up by customer and span, rolled up to the windows of one date after the other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.featureset import Part, Values
from features.history import History
from features.ledger import runs
from features.measures import DAYS_A_WEEK, EVER, MILLIONTHS, Atom, Numbers, Window
from features.partials import CUSTOMER, is_kept, is_of_values, ordinal
from features.span_needs import (
    DAYS,
    KINDS,
    LATEST,
    NEVER,
    SUM,
    WEEKS,
    Need,
    Texts,
    needs_of,
    told_before,
    told_of,
)
from features.spans import SPAN, STEP, Spans, spans_of

BEFORE = -1  # the number of the span that lies before all others
GROUPS_AT_ONCE = 500_000  # of a query, about: more of them no longer lie close by in memory


@dataclass(frozen=True)
class Told:
    """What was told of one span, to be heard from one date (by place) on: a customer at most once.

    `columns` are by need.
    """

    step: int
    places: NDArray[np.int64]
    columns: Mapping[Need, NDArray[Any]]


@dataclass
class Rolling:
    """The spans told so far that windows still look at, and each customer's last day of all."""

    size: int
    spans: Spans
    told: dict[int, list[Told]] = field(default_factory=dict)
    ever: dict[Need, Numbers] = field(default_factory=dict)


def is_summed(atom: Atom, texts: Texts) -> bool:
    """Whether an atom can be rolled up from spans; of what looks back for ever, the last use.

    `texts` are the columns of few different texts.
    """
    if not is_kept(atom) or (is_of_values(atom) and atom.column not in texts):
        return False
    return atom.window.last < EVER or (atom.kind, atom.window) == ("min", Window())


def summed_up(
    history: History,
    atoms: Sequence[Atom],
    dates: Sequence[date],
    customers: pa.Array,
    texts: Texts,
    at_once: int = GROUPS_AT_ONCE,
) -> Iterator[dict[Part, Values]]:
    """The atoms' values for every customer, date by date; each row of use is read once."""
    rolling = Rolling(len(customers), spans_of(atoms, dates))
    spans, since = rolling.spans, None
    needs = list(dict.fromkeys(n for a in atoms for as_of in dates for n in needs_of(a, as_of)))
    old = told_before(history, needs, atoms, spans)
    if old is not None:
        _enter(rolling, old.to_pyarrow(), needs, customers)
    for some in _some_dates(rolling, at_once):
        told = told_of(history, needs, spans, texts, since, some[-1])
        _enter(rolling, told.to_pyarrow(), needs, customers)
        for as_of in some:
            yield {atom: _value(rolling, atom, as_of) for atom in atoms}
            _forget(rolling, as_of, _reach(atoms))
        since = some[-1]


def _reach(atoms: Sequence[Atom]) -> int:
    """How many days the longest window goes back that has an end."""
    return max((atom.window.last for atom in atoms if atom.window.last < EVER), default=0)


def _some_dates(rolling: Rolling, at_once: int) -> Iterator[tuple[date, ...]]:
    """The dates by so many as one query is asked for."""
    dates = rolling.spans.dates
    groups = rolling.size * len(rolling.spans.edges) // len(dates) + 1
    many = max(at_once // groups, 1)
    return (dates[start : start + many] for start in range(0, len(dates), many))


def _enter(rolling: Rolling, found: pa.Table, needs: Sequence[Need], customers: pa.Array) -> None:
    """Puts an answer into the spans that it tells of."""
    places = pc.index_in(found[CUSTOMER], value_set=customers)
    found = found.append_column("place", places).filter(places.is_valid())
    step = np.asarray(found[STEP].to_numpy(), np.int64)
    span = np.asarray(found[SPAN].to_numpy()) if SPAN in found.column_names else BEFORE + 0 * step
    keys = span * (len(rolling.spans.dates) + 1) + step
    order = _order(keys)
    whose = np.asarray(found["place"].to_numpy(), np.int64)[order]
    columns = _columns(found, needs, order)
    for start, stop in runs(keys[order]):
        some = {need: values[start:stop] for need, values in columns.items()}
        told = Told(int(step[order[start]]), whose[start:stop], some)
        rolling.told.setdefault(int(span[order[start]]), []).append(told)


def _order(keys: NDArray[Any]) -> NDArray[np.int64]:
    """An order of the keys; short numbers are put in order by their digits, which is faster."""
    short = keys.max(initial=0) < np.iinfo(np.int16).max
    return np.argsort(keys.astype(np.int16) if short else keys, kind="stable")


def _columns(
    found: pa.Table, needs: Sequence[Need], order: NDArray[np.int64]
) -> dict[Need, NDArray[Any]]:
    there = {need: f"c{place}" for place, need in enumerate(needs)}
    names = set(found.column_names)
    return {need: _array(need, found[c])[order] for need, c in there.items() if c in names}


def _array(need: Need, found: pa.ChunkedArray) -> NDArray[Any]:
    kind = pa.int64() if need[0] in (DAYS, KINDS) else pa.float64()
    return np.asarray(found.cast(kind).fill_null(NEVER.get(need[0], 0)).to_numpy())


def _value(rolling: Rolling, atom: Atom, as_of: date) -> Values:
    need, *more = needs_of(atom, as_of)
    if atom.window.last == EVER:
        return _ago(ordinal(as_of), _last(rolling, need, as_of))
    spans = rolling.spans.within(atom.window, as_of)
    if need[0] in (DAYS, KINDS):
        return _different(rolling, need, spans, as_of)
    if need[0] in NEVER:
        return _ago(ordinal(as_of), _extreme(rolling, need, spans, as_of))
    added = _added(rolling, need, spans, as_of)
    if need[0] == WEEKS:
        whole = (ordinal(as_of) - atom.window.first - need[3]) // DAYS_A_WEEK
        return added + whole * _added(rolling, more[0], spans, as_of)
    return np.divide(added, MILLIONTHS) if need[0] == SUM else added


def _heard(rolling: Rolling, spans: range, as_of: date) -> Iterator[list[Told]]:
    step = rolling.spans.dates.index(as_of)
    for span in spans:
        yield [told for told in rolling.told.get(span, []) if told.step <= step]


def _added(rolling: Rolling, need: Need, spans: range, as_of: date) -> Numbers:
    made = np.zeros(rolling.size)
    for told in _heard(rolling, spans, as_of):
        for each in told:
            made[each.places] += each.columns[need]
    return made


def _different(rolling: Rolling, need: Need, spans: range, as_of: date) -> Numbers:
    """How many different days, each of one span, or kinds, whatever spans had them."""
    made, bits = np.zeros(rolling.size), np.zeros(rolling.size, np.int64)
    for told in _heard(rolling, spans, as_of):
        for each in told:
            bits[each.places] |= each.columns[need]
        if need[0] == DAYS:
            made += np.bitwise_count(bits)
            bits[:] = 0
    return made + np.bitwise_count(bits)


def _extreme(rolling: Rolling, need: Need, spans: range, as_of: date) -> Numbers:
    made = np.full(rolling.size, NEVER[need[0]])
    how = np.maximum if need[0] == LATEST else np.minimum
    for told in _heard(rolling, spans, as_of):
        for each in told:
            made[each.places] = how(made[each.places], each.columns[need])
    return made


def _last(rolling: Rolling, need: Need, as_of: date) -> Numbers:
    """The last day of all, from the spans since and what the dates before had found."""
    until = rolling.spans.within(Window(1, 1), as_of).stop
    made = _extreme(rolling, need, range(BEFORE, until), as_of)
    rolling.ever[need] = np.maximum(made, rolling.ever.get(need, made))
    return rolling.ever[need]


def _ago(today: int, day: Numbers) -> Numbers:
    """How many days ago, or missing."""
    return np.where(np.isinf(day), np.nan, today - day)


def _forget(rolling: Rolling, as_of: date, reach: int) -> None:
    """Lets go of spans that no window of a later date looks at."""
    step, gone = rolling.spans.dates.index(as_of), ordinal(as_of) - reach
    for span, told in rolling.told.items():
        if rolling.spans.edges[span + 1] <= gone:
            rolling.told[span] = [each for each in told if each.step > step]
