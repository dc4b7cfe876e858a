"""Atoms as Ibis expressions: the aggregates of one table, for all customers at once.

Rows are first grouped by customer and band of days, bands being cut where windows begin or end, and
windows are rolled up from the bands. Different days are the bits of a number, and other values are
counted from the day each was last seen, in every window at once, so that no window needs a
COUNT(DISTINCT) of its own.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_
from typing import TypeAlias

import ibis
import ibis.expr.types as ir

from features.conditions import Condition
from features.derived import AS_OF
from features.dialect import bit, comparable, counted, first, floored, united
from features.history import Known
from features.measures import DAYS_A_WEEK, EVER, MILLIONTHS, Atom, Window

Part: TypeAlias = tuple[str, str, tuple[Condition, ...], int]
DAY = "days_ago"
BAND = "band"
BITS = 63  # of a number: a band that days are counted in is no wider


def aggregated(known: Known, atoms: Sequence[Atom]) -> ir.Table:
    """One row per customer (and date) of the atoms' table; columns a0, a1, ... in their order.

    The atoms are of one table, and all or none of them are `counted_apart`, of one column.
    """
    rows = known.tables[atoms[0].table]
    oldest = max(atom.window.last for atom in atoms)
    if oldest < EVER:
        rows = rows.filter(rows["moment"] >= rows[AS_OF] - ibis.interval(days=oldest))
    return (_seen if counted_apart(atoms[0]) else _banded)(rows, known.keys, atoms)


def counted_apart(atom: Atom) -> bool:
    """Whether its different values are counted in a query of their own; days are, looking back for
    ever: they would need too many bands.
    """
    return atom.kind == "distinct" and (atom.column != DAY or atom.window.last == EVER)


def met(rows: ir.Table, where: Sequence[Condition]) -> ir.BooleanValue | None:
    """Whether a row meets all conditions; a missing value meets none but `missing`."""
    return _all([_met(rows[condition.column], condition) for condition in where])


def valued(rows: ir.Table, column: str) -> ir.Value:
    """A column to compute with: a flag is 1 or 0."""
    value = rows[column]
    return value.cast("int32").cast("float64") if value.type().is_boolean() else value


def summed(value: ir.NumericValue, where: ir.BooleanValue | None) -> ir.NumericValue:
    """A sum in millionths, the same whatever order the rows come in."""
    return summand(value).sum(where=where)


def summand(value: ir.NumericValue) -> ir.NumericValue:
    """What a value adds to a sum: whole millionths."""
    return floored(value * MILLIONTHS + 0.5)


def _met(value: ir.Value, condition: Condition) -> ir.BooleanValue:
    test = condition.test
    if test.op == "missing":
        return value.isnull()
    if test.op == "present":
        return value.notnull()
    if test.op == "is":
        return ibis.coalesce(value.isin(test.values), False)
    bound = test.values[0]
    held = {
        "at_least": value >= bound,
        "at_most": value <= bound,
        "above": value > bound,
        "below": value < bound,
    }[test.op]
    return ibis.coalesce(held, False)


def _all(tests: Sequence[ir.BooleanValue]) -> ir.BooleanValue | None:
    return reduce(and_, tests) if tests else None


def _banded(found: ir.Table, keys: Sequence[str], atoms: Sequence[Atom]) -> ir.Table:
    """Every atom that is not counted apart, from the bands."""
    bands = _bands(atoms)
    rows = found.mutate(**{BAND: _band(found[DAY], bands)})
    parts = {part: f"p{i}" for i, part in enumerate(dict.fromkeys(map(_part, atoms)))}
    made = {n: v for part, name in parts.items() for n, v in _partial(rows, part, name).items()}
    partials = rows.group_by([*keys, BAND]).aggregate(**made)
    within = [_within(partials[BAND], atom.window, bands) for atom in atoms]
    rolled = [_roll(partials, a, parts[_part(a)], w) for a, w in zip(atoms, within, strict=True)]
    return partials.group_by(keys).aggregate(**{f"a{i}": value for i, value in enumerate(rolled)})


def _part(atom: Atom) -> Part:
    """What an atom needs of the rows of a band, whatever its window's end."""
    return (atom.kind, atom.column, atom.where, atom.window.first if atom.kind == "weeks" else 0)


def _bands(atoms: Sequence[Atom]) -> list[int]:
    """The days ago on which a band begins: where a window does, or the day after it ends."""
    windows = {atom.window for atom in atoms}
    edges = {w.first for w in windows} | {w.last + 1 for w in windows if w.last < EVER}
    days = [atom.window for atom in atoms if atom.kind == "distinct"]
    return sorted(edges | {day for w in days for day in range(w.first, w.last, BITS)})


def _band(day: ir.NumericValue, bands: Sequence[int]) -> ir.IntegerValue:
    # What is known happened a day ago or more: nothing lies before the first day's band.
    cases = [(day < edge, number) for number, edge in enumerate(bands) if edge > 1]
    if not cases:
        return ibis.literal(len(bands), "int32")
    return ibis.cases(*cases, else_=len(bands))


def _within(band: ir.IntegerValue, window: Window, bands: Sequence[int]) -> ir.BooleanValue | None:
    tests = [band > bands.index(window.first)] if window.first > 1 else []
    if window.last < EVER:
        tests.append(band <= bands.index(window.last + 1))
    return _all(tests)


def _partial(rows: ir.Table, part: Part, name: str) -> Mapping[str, ir.Value]:
    kind, column, where, since = part
    held = met(rows, where)
    if kind == "last":
        return _latest(rows, valued(rows, column), held, name)
    if column == DAY and kind != "sum":
        return {name: _of_days(rows, kind, held)}
    if kind == "count":
        return {name: rows.count(where=held)}
    if kind == "weeks":
        return {name: floored((rows[DAY] - since).cast("float64") / DAYS_A_WEEK).sum(where=held)}
    value = valued(rows, column)
    return {name: summed(value, held) if kind == "sum" else getattr(value, kind)(where=held)}


def _of_days(rows: ir.Table, kind: str, held: ir.BooleanValue | None) -> ir.IntegerValue:
    """The different days as bits, or the fewest or most days ago."""
    if kind == "distinct":
        return united(bit(rows[DAY] % BITS), where=held)
    return _days_since(rows, kind, held)


def _days_since(rows: ir.Table, kind: str, held: ir.BooleanValue | None) -> ir.IntegerValue:
    """The fewest or most days ago, from one moment a group and not from a difference a row."""
    moment = rows["moment"]
    found = moment.max(where=held) if kind == "min" else moment.min(where=held)
    return rows[AS_OF].max().date().delta(found.date(), unit="day").cast("int32")


def _latest(
    rows: ir.Table, value: ir.Value, held: ir.BooleanValue | None, name: str
) -> Mapping[str, ir.Value]:
    known = value.notnull() if held is None else held & value.notnull()
    order = [rows["moment"].desc(), comparable(value).desc()]
    return {name: first(value, order, known), f"{name}_at": rows["moment"].max(where=known)}


def _roll(partials: ir.Table, atom: Atom, name: str, within: ir.BooleanValue | None) -> ir.Value:
    part = partials[name]
    if atom.kind == "last":
        order = [partials[f"{name}_at"].desc(), comparable(part).desc()]
        known = part.notnull() if within is None else within & part.notnull()
        return first(part, order, known)
    if atom.kind == "sum":
        return part.sum(where=within) / MILLIONTHS
    if atom.kind == "distinct":
        return counted(part).sum(where=within)
    roll = {"min": part.min, "max": part.max}.get(atom.kind, part.sum)
    return roll(where=within)


def _seen(rows: ir.Table, keys: Sequence[str], atoms: Sequence[Atom]) -> ir.Table:
    """How many values of a column were seen in each window, from the day each was last seen."""
    column = atoms[0].column
    rows = rows.filter(rows[column].notnull())
    asked = dict.fromkeys((atom.where, atom.window.first) for atom in atoms)
    days = {key: f"d{i}" for i, key in enumerate(asked)}
    seen = {name: _last_day(rows, *key) for key, name in days.items()}
    values = rows.group_by(list(dict.fromkeys([*keys, column]))).aggregate(**seen)
    last = [values[days[atom.where, atom.window.first]] for atom in atoms]
    counts = {f"a{i}": (last[i] <= atom.window.last).sum() for i, atom in enumerate(atoms)}
    return values.group_by(keys).aggregate(**counts)


def _last_day(rows: ir.Table, where: Sequence[Condition], since: int) -> ir.NumericValue:
    """The day a value was last seen, looking back from `since` days ago."""
    held = met(rows, where)
    tests = ([] if held is None else [held]) + ([rows[DAY] >= since] if since > 1 else [])
    return rows[DAY].min(where=_all(tests))
