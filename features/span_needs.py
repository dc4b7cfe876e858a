"""What is summed up of use by customer and span: the queries of many dates' windows.

A need is a kind of sum, the column and the conditions of its rows, and the day that weeks are
counted from. All that is added up are whole numbers, so that no order changes a bit.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from features.conditions import Condition
from features.dialect import bit, floored, united
from features.engine import BITS, met, summed, valued
from features.history import History
from features.measures import DAYS_A_WEEK, EVER, Atom
from features.partials import CUSTOMER, ON, is_of_values, known_since, ordinal
from features.spans import SPAN, STEP, Spans, before_spans, in_spans
from features.tables import USAGE

Need: TypeAlias = tuple[str, str, tuple[Condition, ...], int]
Texts: TypeAlias = Mapping[str, pa.Array]
ROWS, SUM, WEEKS, DAYS, KINDS = "rows", "sum", "weeks", "days", "kinds"
LATEST, EARLIEST = "latest", "earliest"
NEEDED = {"count": ROWS, "sum": SUM, "weeks": WEEKS, "distinct": DAYS, "min": LATEST}
NEVER = {LATEST: -np.inf, EARLIEST: np.inf}
OF_COLUMN = (SUM, KINDS)
AS_BIT = "_bit"


def needs_of(atom: Atom, as_of: date) -> list[Need]:
    """What has to be known of spans for an atom on a date.

    Weeks are counted back from one of seven days, and each row's are then so many more.
    """
    kind = EARLIEST if atom.kind == "max" else NEEDED[atom.kind]
    kind = KINDS if is_of_values(atom) else kind
    if kind != WEEKS:
        return [(kind, atom.column if kind in OF_COLUMN else "", atom.where, 0)]
    day = (ordinal(as_of) - atom.window.first) % DAYS_A_WEEK
    return [(WEEKS, "", atom.where, day), (ROWS, "", atom.where, 0)]


def few_texts(history: History, column: str) -> pa.Array | None:
    """The different texts of a column of use, if each can be a bit of a number."""
    rows = history.tables[USAGE.name]
    found = rows.filter(rows[column].notnull()).select(column).distinct().to_pyarrow()[column]
    return found.combine_chunks() if len(found) <= BITS else None


def told_of(
    history: History,
    needs: Sequence[Need],
    spans: Spans,
    texts: Texts,
    since: date | None,
    until: date,
) -> ir.Table:
    """What became known from one date to another, by customer, span and step: c0, c1, ..."""
    rows = _use(history, until)
    rows = in_spans(rows if since is None else known_since(rows, since), spans)
    for column, words in texts.items():
        rows = _with_bits(rows, column, words)
    return rows.group_by([CUSTOMER, SPAN, STEP]).aggregate(**_columns(rows, needs, needs))


def told_before(
    history: History, needs: Sequence[Need], atoms: Sequence[Atom], spans: Spans
) -> ir.Table | None:
    """The last day of use before all spans, by customer and step, where an atom asks for it."""
    lasts = [atom for atom in atoms if atom.window.last == EVER]
    if not lasts:
        return None
    rows = before_spans(_use(history, spans.dates[-1]), spans)
    asked = [need for atom in lasts for need in needs_of(atom, spans.dates[-1])]
    return rows.group_by([CUSTOMER, STEP]).aggregate(**_columns(rows, needs, asked))


def _use(history: History, until: date) -> ir.Table:
    rows = history.only([USAGE.name]).known(until).tables[USAGE.name]
    return rows.filter(rows[CUSTOMER].notnull())


def _with_bits(rows: ir.Table, column: str, words: pa.Array) -> ir.Table:
    """Each row with the number of its text among the few that there are."""
    name = f"{column}{AS_BIT}"
    numbered = pa.table({column: words, name: pa.array(range(len(words)), pa.int32())})
    return rows.left_join(ibis.memtable(numbered), column).drop(f"{column}_right")


def _columns(rows: ir.Table, needs: Sequence[Need], asked: Iterable[Need]) -> dict[str, ir.Value]:
    return {f"c{needs.index(need)}": _summed(rows, need) for need in dict.fromkeys(asked)}


def _summed(rows: ir.Table, need: Need) -> ir.Value:
    kind, column, where, day = need
    held = met(rows, where)
    if kind == ROWS:
        return rows.count(where=held)
    if kind == SUM:
        return summed(valued(rows, column), held)
    if kind == WEEKS:
        return floored((day - rows[ON]).cast("float64") / DAYS_A_WEEK).sum(where=held)
    if kind == KINDS:
        return united(bit(rows[f"{column}{AS_BIT}"]), where=held)
    if kind == DAYS:
        return united(bit(rows[ON] % BITS), where=held)
    return rows[ON].max(where=held) if kind == LATEST else rows[ON].min(where=held)
