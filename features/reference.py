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
from itertools import groupby
from typing import Any, TypeAlias

from features.conditions import Condition
from features.derived import midnight
from features.featureset import FeatureSet
from features.known_rows import Row, Rows, known_rows
from features.measures import DAYS_A_WEEK, MILLIONTHS, Atom, AtomKind, Window
from features.standing import Combine, Standing
from features.tables import SUBSCRIPTIONS

Tables: TypeAlias = Mapping[str, Iterable[Row]]
Value: TypeAlias = float | str
Placed: TypeAlias = tuple[int, Atom]


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
    values: list[Value] = list(plan.empty)
    for name in plan.tables & tables.keys():
        known = known_rows(name, tables[name], as_of)
        if name in plan.atoms:
            _aggregate(plan.atoms[name], known, values)
        if name == SUBSCRIPTIONS.name:
            _stand(plan, known, as_of, values)
    return values


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


def _aggregate(branch: Branch, rows: Rows, values: list[Value]) -> None:
    """Every atom of the branch, and of its narrower ones, into its place."""
    days = rows["days_ago"]
    for window, placed in branch.windows:
        within = slice(bisect_left(days, window.first), bisect_right(days, window.last))
        for place, atom in placed:
            _put(values, place, KINDS[atom.kind](rows, atom, within))
    for condition, narrower in branch.narrower:
        _aggregate(narrower, rows.having(condition), values)


def _put(values: list[Value], place: int, value: Any) -> None:
    if value is not None:
        values[place] = value if isinstance(value, str) else float(value)


def _known(rows: Rows, atom: Atom, within: slice) -> list[Any]:
    values = rows[atom.column][within]
    return [value for value in values if value is not None] if None in values else values


def _count(rows: Rows, atom: Atom, within: slice) -> int:
    return len(rows["days_ago"][within])


def _sum(rows: Rows, atom: Atom, within: slice) -> float:
    return _summed(_known(rows, atom, within))


def _summed(known: Sequence[float]) -> float:
    """The sum of millionths, into which numbers that are all whole need not be made."""
    if all(value % 1 == 0 for value in set(known)):
        return sum(known)
    return sum(math.floor(value * MILLIONTHS + 0.5) for value in known) / MILLIONTHS


def _weeks(rows: Rows, atom: Atom, within: slice) -> int:
    return sum((day - atom.window.first) // DAYS_A_WEEK for day in rows["days_ago"][within])


def _min(rows: Rows, atom: Atom, within: slice) -> float | None:
    return min(_known(rows, atom, within), default=None)


def _max(rows: Rows, atom: Atom, within: slice) -> float | None:
    return max(_known(rows, atom, within), default=None)


def _last(rows: Rows, atom: Atom, within: slice) -> Any:
    moments = zip(rows["moment"][within], rows[atom.column][within], strict=True)
    known = [(moment, value) for moment, value in moments if value is not None]
    return max(known)[1] if known else None


def _distinct(rows: Rows, atom: Atom, within: slice) -> int:
    seen = set(rows[atom.column][within])
    return len(seen) - (None in seen)


KINDS: Mapping[AtomKind, Callable[[Rows, Atom, slice], Any]] = {
    "count": _count,
    "sum": _sum,
    "weeks": _weeks,
    "min": _min,
    "max": _max,
    "last": _last,
    "distinct": _distinct,
}


def _stand(plan: Plan, rows: Rows, as_of: date, values: list[Value]) -> None:
    """Every standing into its place."""
    latest = _latest_first(rows)
    for days_before, placed in plan.standings.items():
        active = rows.at(_active(rows, latest, as_of, days_before))
        for place, standing in placed:
            chosen = active
            for condition in standing.where:
                chosen = chosen.having(condition)
            _put(values, place, COMBINED[standing.combine](chosen[standing.column]))


def _latest_first(rows: Rows) -> list[int]:
    """The places of rows of subscriptions, the latest state first."""

    def recency(place: int) -> tuple[Any, ...]:
        mrr, plan = rows["mrr"][place], rows["plan"][place]
        return (rows["at"][place], mrr is not None, mrr or 0, plan is not None, plan or "")

    return sorted(range(len(rows["at"])), key=recency, reverse=True)


def _active(rows: Rows, latest: Sequence[int], as_of: date, days_before: int) -> list[int]:
    """The latest state of every subscription active so many days before, the greatest MRR first."""
    moment = midnight(as_of) - timedelta(days=days_before)
    states: dict[str, int] = {}
    for place in latest:
        if rows["days_ago"][place] > days_before:
            states.setdefault(rows["subscription_id"][place], place)
    ends = rows["ended_at"]
    active = [i for i in states.values() if ends[i] is None or ends[i] >= moment]
    mrr, ids = rows["mrr"], rows["subscription_id"]
    return sorted(active, key=lambda i: (mrr[i] is None, -(mrr[i] or 0), ids[i]))


def _of_known(combine: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    return lambda values: combine([value for value in values if value is not None])


COMBINED: Mapping[Combine, Callable[[list[Any]], Any]] = {
    "count": len,
    "sum": _of_known(_summed),
    "min": _of_known(lambda known: min(known, default=None)),
    "max": _of_known(lambda known: max(known, default=None)),
    "main": _of_known(lambda known: known[0] if known else None),
}
