"""Atoms as Ibis expressions: every aggregate of one table from one scan of it.

The scan is grouped once, by customer, day and the columns whose different values are counted;
windows are then rolled up from those partials. Distinct counts come from the day each value was
last seen, so that no window needs a COUNT(DISTINCT) of its own.
"""

from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import TypeAlias

import ibis
import ibis.expr.types as ir

from features.conditions import Condition, conditions, present
from features.dialect import comparable, first
from features.history import Known
from features.measures import (
    DAYS_A_WEEK,
    EVER,
    GREATEST_SUMMED,
    MILLIONTHS,
    Atom,
    Window,
)

Part: TypeAlias = tuple[str, str, tuple[Condition, ...]]
DAY = "days_ago"


def aggregated(known: Known, atoms: Sequence[Atom]) -> ir.Table:
    """One row per customer (and date) of the atoms' table; columns a0, a1, ... in their order."""
    partials = _partials(_scanned(known.tables[atoms[0].table], atoms), known.keys, atoms)
    rolled = partials.group_by(known.keys).aggregate(_rolled(partials, atoms))
    for column in _counted(atoms):
        seen = _seen(partials, known.keys, column, atoms)
        rolled = rolled.left_join(seen, known.keys, rname="{name}_again")
        rolled = rolled.drop(*(f"{key}_again" for key in known.keys))
    return rolled.select(*known.keys, *(f"a{i}" for i in range(len(atoms))))


def _scanned(rows: ir.Table, atoms: Sequence[Atom]) -> ir.Table:
    """The rows that any window reaches, with the columns they are grouped by.

    What lies beyond every bounded window is one group a customer: a table read back to its first
    row costs one look at each row, and not a group for each of its days.
    """
    oldest = max(atom.window.last for atom in atoms)
    fine = max(_fine(atom) for atom in atoms)
    scan = rows.filter(rows[DAY] <= oldest) if oldest < EVER else rows
    far = scan[DAY] > fine
    keys = {_key(name): scan[name] for name in _counted(atoms)}
    if fine < oldest:
        keys = {n: far.ifelse(ibis.null(column.type()), column) for n, column in keys.items()}
    return scan.mutate(**keys | {_key(DAY): far.ifelse(fine + 1.0, scan[DAY])})


def _fine(atom: Atom) -> int:
    """How far back an atom tells days (or values) apart."""
    if atom.window.last < EVER or atom.kind == "distinct":
        return atom.window.last
    return atom.window.first - 1


def _key(column: str) -> str:
    return f"by_{column}"


def met(rows: ir.Table, where: Sequence[Condition]) -> ir.BooleanValue | None:
    """Whether a row meets all conditions; a missing value meets none but `missing`."""
    tests = [_met(rows[condition.column], condition) for condition in where]
    return reduce(and_, tests) if tests else None


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


def valued(rows: ir.Table, column: str) -> ir.Value:
    """A column to compute with: a flag is 1 or 0."""
    value = rows[column]
    return value.cast("int32").cast("float64") if value.type().is_boolean() else value


def summed(value: ir.NumericValue, where: ir.BooleanValue | None) -> ir.NumericValue:
    """A sum in millionths, the same whatever order the rows come in."""
    within = value.clip(-GREATEST_SUMMED, GREATEST_SUMMED)
    return (within * MILLIONTHS + 0.5).floor().cast("int64").sum(where=where)


def _part(atom: Atom) -> Part:
    """What an atom needs of one customer's day, whatever its window."""
    if atom.kind == "distinct":
        return ("count", "", atom.where + conditions({atom.column: present()}))
    if atom.kind == "weeks":
        return ("count", "", atom.where)
    if atom.kind == "last":
        return ("last", atom.column, atom.where + conditions({atom.column: present()}))
    return (atom.kind, atom.column, atom.where)


def _parts(atoms: Sequence[Atom]) -> dict[Part, str]:
    return {part: f"p{i}" for i, part in enumerate(dict.fromkeys(_part(atom) for atom in atoms))}


def _counted(atoms: Sequence[Atom]) -> list[str]:
    return list(dict.fromkeys(atom.column for atom in atoms if atom.kind == "distinct"))


def _partials(scan: ir.Table, keys: Sequence[str], atoms: Sequence[Atom]) -> ir.Table:
    columns: dict[str, ir.Value] = {}
    for (kind, column, where), name in _parts(atoms).items():
        if kind == "last":
            columns[f"{name}_at"] = scan["moment"].max(where=met(scan, where))
        columns[name] = _partial(scan, kind, column, met(scan, where))
    grouped = [_key(name) for name in dict.fromkeys([DAY, *_counted(atoms)])]
    return scan.group_by([*keys, *grouped]).aggregate(**columns)


def _partial(scan: ir.Table, kind: str, column: str, where: ir.BooleanValue | None) -> ir.Value:
    if kind == "count":
        return scan.count(where=where)
    value = valued(scan, column)
    if kind == "sum":
        return summed(value, where)
    if kind == "last":
        return first(value, [scan["moment"].desc(), comparable(value).desc()], where)
    return getattr(value, kind)(where=where)


def _rolled(partials: ir.Table, atoms: Sequence[Atom]) -> dict[str, ir.Value]:
    parts = _parts(atoms)
    plain = [(i, atom) for i, atom in enumerate(atoms) if atom.kind != "distinct"]
    rolled = {f"a{i}": _roll(partials, atom, parts[_part(atom)]) for i, atom in plain}
    return rolled or {"rows": partials.count()}


def _roll(partials: ir.Table, atom: Atom, name: str) -> ir.Value:
    part, within = partials[name], _within(partials, atom.window)
    if atom.kind == "weeks":
        weeks = ((partials[_key(DAY)] - atom.window.first) / float(DAYS_A_WEEK)).floor()
        return (part * weeks).sum(where=within)
    if atom.kind == "last":
        at = partials[f"{name}_at"]
        known = part.notnull() if within is None else within & part.notnull()
        return first(part, [at.desc(), comparable(part).desc()], known)
    if atom.kind == "sum":
        return part.sum(where=within) / MILLIONTHS
    roll = {"min": part.min, "max": part.max}.get(atom.kind, part.sum)
    return roll(where=within)


def _within(partials: ir.Table, window: Window) -> ir.BooleanValue | None:
    tests = [partials[_key(DAY)] >= window.first] if window.first > 1 else []
    if window.last < EVER:
        tests.append(partials[_key(DAY)] <= window.last)
    return reduce(and_, tests) if tests else None


def _seen(partials: ir.Table, keys: Sequence[str], column: str, atoms: Sequence[Atom]) -> ir.Table:
    """How many values of a column were seen in each window, from the day each was last seen."""
    wanted = {
        f"a{i}": atom
        for i, atom in enumerate(atoms)
        if atom.kind == "distinct" and atom.column == column
    }
    parts = _parts(atoms)
    days = {
        name: partials[_key(DAY)].min(
            where=(partials[parts[_part(atom)]] > 0) & (partials[_key(DAY)] >= atom.window.first)
        )
        for name, atom in wanted.items()
    }
    last_seen = partials.group_by([*keys, _key(column)]).aggregate(**days)
    counts = {n: (last_seen[n] <= a.window.last).sum() for n, a in wanted.items()}
    return last_seen.group_by(keys).aggregate(**counts)
