"""One customer's vector in plain Python: what every engine is held against, and the online path.

No table library is asked, so one customer costs less than any query's start. A plan is made once
per feature set; then a table's rows lie in the order of their days, each condition selects among
them once, and every window is a slice of them.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate, groupby
from typing import Any, TypeAlias

from features.conditions import Condition
from features.derived import midnight
from features.featureset import FeatureSet
from features.known_rows import DAYS, Row, Rows, known_rows
from features.measures import DAYS_A_WEEK, MILLIONTHS, Atom, AtomKind, Window
from features.standing import Combine, Standing
from features.tables import SUBSCRIPTIONS

Tables: TypeAlias = Mapping[str, Iterable[Row]]
Value: TypeAlias = float | str
Placed: TypeAlias = tuple[int, Atom]
ACTIVITY = (DAYS, "subscription_id", "ended_at", "mrr")


@dataclass(frozen=True)
class Branch:
    """What is asked of rows that meet the same conditions, and of those that meet one more."""

    windows: tuple[tuple[Window, tuple[Placed, ...]], ...]
    narrower: tuple[tuple[Condition, "Branch"], ...]


@dataclass(frozen=True)
class Plan:
    """What a feature set asks of one customer's rows, worked out once."""

    features: FeatureSet
    tables: frozenset[str]
    empty: tuple[float, ...]
    atoms: Mapping[str, Branch]
    standings: Mapping[int, tuple[tuple[int, Standing], ...]]


def planned(features: FeatureSet) -> Plan:
    """The plan of a feature set; make it once, use it for every customer."""
    placed = list(enumerate(features.parts))
    atoms = [(place, part) for place, part in placed if isinstance(part, Atom)]
    standings = [(place, part) for place, part in placed if isinstance(part, Standing)]
    return Plan(
        features,
        frozenset(part.table for part in features.parts),
        tuple(part.empty for part in features.parts),
        {name: _branch(together, 0) for name, together in _by(atoms, lambda a: a.table)},
        dict(_by(standings, lambda standing: standing.days_before)),
    )


def vector_of(plan: Plan, tables: Tables, as_of: date) -> dict[str, Value]:
    """One customer's vector on a date, baselines included, from all of its rows.

    Rows that were not known yet on the date are not looked at; see `known_rows` for their form.
    """
    values = parts_of(plan, tables, as_of)
    return {name: made(values) for name, made in plan.features.recipes.items()}


def parts_of(plan: Plan, tables: Tables, as_of: date) -> list[Value]:
    """The values of the feature set's `parts`, in their order."""
    values: list[Any] = list(plan.empty)
    for name in plan.tables & tables.keys():
        known = known_rows(name, tables[name], as_of)
        if name in plan.atoms:
            _aggregate(plan.atoms[name], known, values)
        if name == SUBSCRIPTIONS.name:
            _stand(plan, known, as_of, values)
    return [value if isinstance(value, str) else float(value) for value in values]


def active_states(subscriptions: Rows, as_of: date) -> Rows:
    """The latest state of every subscription active on the date, the greatest MRR first."""
    return subscriptions.at(_active(subscriptions, _latest_first(subscriptions), as_of, 0))


def _by(placed: Iterable[tuple[int, Any]], key: Callable[[Any], Any]) -> list[tuple[Any, Any]]:
    """Groups of equal key; keys in order."""
    ordered = sorted(placed, key=lambda pair: key(pair[1]))
    return [(k, tuple(group)) for k, group in groupby(ordered, key=lambda pair: key(pair[1]))]


def _branch(placed: Sequence[Placed], depth: int) -> Branch:
    here = [(place, atom) for place, atom in placed if len(atom.where) == depth]
    more = [(place, atom) for place, atom in placed if len(atom.where) > depth]
    first = dict.fromkeys(atom.where[depth] for _, atom in more)
    narrower = {c: [(p, atom) for p, atom in more if atom.where[depth] == c] for c in first}
    return Branch(
        tuple(_by(here, lambda atom: atom.window)),
        tuple((condition, _branch(some, depth + 1)) for condition, some in narrower.items()),
    )


def _aggregate(branch: Branch, rows: Rows, values: list[Any]) -> None:
    """Every atom of the branch, and of its narrower ones, into its place, if any row counts."""
    days = rows[DAYS]
    for window, placed in branch.windows:
        within = slice(bisect_left(days, window.first), bisect_right(days, window.last))
        for place, atom in placed if within.start < within.stop else ():
            found = KINDS[atom.kind](rows, atom, within)
            if found is not None:
                values[place] = found
    for condition, narrower in branch.narrower if days else ():
        _aggregate(narrower, rows.having(condition), values)


def _known(values: Sequence[Any]) -> Sequence[Any]:
    return [value for value in values if value is not None] if None in values else values


def _count(rows: Rows, atom: Atom, within: slice) -> int:
    return len(rows[DAYS][within])


def _sum(rows: Rows, atom: Atom, within: slice) -> float:
    running, unit = rows.once(_running, atom.column)
    found: float = running[within.stop] - running[within.start]
    return found / unit


def _running(values: Sequence[float | None]) -> tuple[list[float], float]:
    """What so many first rows add up to, and the unit it is in."""
    units, unit = _units(values)
    return list(accumulate(units, initial=0)), unit


def _units(values: Sequence[float | None]) -> tuple[Sequence[float], float]:
    """Numbers in a unit in which all are whole: 1, or else a millionth; nothing for None."""
    different = set(values)
    known: Any = [value or 0 for value in values] if None in different else values
    if all(value is None or value % 1 == 0 for value in different):
        return known, 1
    return [math.floor(value * MILLIONTHS + 0.5) for value in known], MILLIONTHS


def _summed(values: Sequence[float | None]) -> float:
    units, unit = _units(values)
    return sum(units) / unit


def _weeks(rows: Rows, atom: Atom, within: slice) -> int:
    """A row that is k weeks before the window's first day is counted at each of k bounds."""
    days = rows[DAYS][within]
    bounds = range(atom.window.first + DAYS_A_WEEK, days[-1] + 1, DAYS_A_WEEK)
    return sum(len(days) - bisect_left(days, bound) for bound in bounds)


def _min(rows: Rows, atom: Atom, within: slice) -> float | None:
    if atom.column == DAYS:  # the order in which rows lie
        latest: float = rows[DAYS][within.start]
        return latest
    return min(_known(rows[atom.column][within]), default=None)


def _max(rows: Rows, atom: Atom, within: slice) -> float | None:
    return max(_known(rows[atom.column][within]), default=None)


def _last(rows: Rows, atom: Atom, within: slice) -> Any:
    moments = zip(rows["moment"][within], rows[atom.column][within], strict=True)
    known = [(moment, value) for moment, value in moments if value is not None]
    return max(known)[1] if known else None


def _distinct(rows: Rows, atom: Atom, within: slice) -> int:
    if atom.column == DAYS:
        days = rows.once(_different, DAYS)
        return bisect_right(days, atom.window.last) - bisect_left(days, atom.window.first)
    seen = set(rows[atom.column][within])
    return len(seen) - (None in seen)


def _different(days: Sequence[int]) -> list[int]:
    return sorted(set(days))


KINDS: Mapping[AtomKind, Callable[[Rows, Atom, slice], Any]] = {
    "count": _count,
    "sum": _sum,
    "weeks": _weeks,
    "min": _min,
    "max": _max,
    "last": _last,
    "distinct": _distinct,
}


def _stand(plan: Plan, rows: Rows, as_of: date, values: list[Any]) -> None:
    """Every standing into its place."""
    latest = _latest_first(rows)
    for days_before, placed in plan.standings.items():
        active = rows.at(_active(rows, latest, as_of, days_before))
        for place, standing in placed:
            chosen = active
            for condition in standing.where:
                chosen = chosen.having(condition)
            found = COMBINED[standing.combine](chosen[standing.column])
            if found is not None:
                values[place] = found


def _latest_first(rows: Rows) -> list[int]:
    """The places of rows of subscriptions, the latest state first."""
    states = zip(rows["at"], rows["mrr"], rows["plan"], strict=True)
    recency = [
        (at, mrr is not None, mrr or 0, plan is not None, plan or "") for at, mrr, plan in states
    ]
    return sorted(range(len(recency)), key=recency.__getitem__, reverse=True)


def _active(rows: Rows, latest: Sequence[int], as_of: date, days_before: int) -> list[int]:
    """The latest state of every subscription active so many days before, the greatest MRR first."""
    moment = midnight(as_of) - timedelta(days=days_before)
    days, ids, ends, mrr = (rows[name] for name in ACTIVITY)
    states: dict[str, int] = {}
    for place in latest:
        if days[place] > days_before:
            states.setdefault(ids[place], place)
    active = [i for i in states.values() if ends[i] is None or ends[i] >= moment]
    return sorted(active, key=lambda i: (mrr[i] is None, -(mrr[i] or 0), ids[i]))


def _of_known(combine: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    return lambda values: combine([value for value in values if value is not None])


COMBINED: Mapping[Combine, Callable[[list[Any]], Any]] = {
    "count": len,
    "sum": _summed,
    "min": _of_known(lambda known: min(known, default=None)),
    "max": _of_known(lambda known: max(known, default=None)),
    "main": _of_known(lambda known: known[0] if known else None),
}
