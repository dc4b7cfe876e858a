"""Use summed up by customer and day, night by night: what many nights' vectors can be made of.

Use is most of a history, and a row of it stays as it arrived. So each night only the rows that
became known since the last one are read, late ones too, and a window is summed from its days.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, TypeVar

import ibis
import ibis.expr.types as ir

from features.conditions import Condition
from features.derived import midnight
from features.engine import DAY, met, summand, summed, valued
from features.history import Known
from features.measures import EVER, Atom, AtomKind
from features.tables import USAGE, Kind

Where: TypeAlias = tuple[Condition, ...]
T = TypeVar("T")
EPOCH = date(1970, 1, 1)
ORDINAL = EPOCH.toordinal()
CUSTOMER, NIGHT, ON = "customer_id", "night", "day"


@dataclass(frozen=True)
class Asked:
    """What is kept of each customer's days.

    `counts` are the rows that meet conditions (all rows first), `sums` a column's over such rows,
    `seen` its different values; `reach` is how many days the longest window goes back that has an
    end.
    """

    counts: tuple[Where, ...]
    sums: tuple[tuple[str, Where], ...]
    seen: tuple[tuple[str, Where], ...]
    ever_seen: frozenset[str]
    reach: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose different values are kept."""
        return tuple(dict.fromkeys(column for column, _ in self.seen))

    def counts_of(self, column: str) -> tuple[int, ...]:
        """The counts that are kept of a column's values too."""
        return tuple(self.counts.index(where) for name, where in self.seen if name == column)


def is_kept(atom: Atom) -> bool:
    """Whether an atom can be made of days: what cannot is asked of the history itself."""
    if atom.table != USAGE.name or any(test.column not in USAGE.names for test in atom.where):
        return False
    ever, from_now = atom.window.last == EVER, atom.window.first == 1
    dated = atom.column == DAY
    kind = None if dated or not atom.column else USAGE[atom.column].kind
    kept: Mapping[AtomKind, bool] = {
        "count": True,
        "sum": kind is Kind.NUMBER,
        "min": dated,
        "max": dated,
        "weeks": not ever,
        "distinct": (dated and not ever) or kind is Kind.TEXT,
    }
    return kept.get(atom.kind, False) and (from_now or not ever)


def asked_of(atoms: Iterable[Atom]) -> Asked:
    """What has to be kept for some atoms, all of which can be."""
    atoms = sorted(atoms, key=str)
    values = [atom for atom in atoms if is_of_values(atom)]
    return Asked(
        counts=_once([(), *(atom.where for atom in atoms if atom.kind != "sum")]),
        sums=_once((atom.column, atom.where) for atom in atoms if atom.kind == "sum"),
        seen=_once((atom.column, atom.where) for atom in values),
        ever_seen=frozenset(atom.column for atom in values if atom.window.last == EVER),
        reach=max((a.window.last for a in atoms if a.window.last < EVER), default=1),
    )


def is_of_values(atom: Atom) -> bool:
    """Whether an atom counts different values, and not days."""
    return atom.kind == "distinct" and atom.column != DAY


def became_known(known: Known, since: date | None) -> ir.Table:
    """The rows of use that became known from one night's date on, with `night` and `day`.

    A row's night is the first as-of date that knows it, and its day that on which it happened: both
    in days since 1970.
    """
    rows = known.tables[USAGE.name].filter(ibis._[CUSTOMER].notnull())
    some = rows if since is None else known_since(rows, since)
    return some.mutate(**{NIGHT: _ordinal(_arrived(some)) + 1, ON: _ordinal(some["at"])})


def known_since(rows: ir.Table, since: date) -> ir.Table:
    """The rows that became known from a date on, of those that lie in a table."""
    # Two filters, each of one column, are each answered from what files say of their rows.
    recent = rows.filter(rows["at"] >= _moment(since))
    late = rows.filter(rows["at"] < _moment(since), rows["known_at"] >= _moment(since))
    return recent.union(late)


def still_unknown(usage: ir.Table, as_of: date) -> ir.Table:
    """The rows of a history that are there already and not known on a date."""
    return known_since(usage.filter(usage[CUSTOMER].notnull()), as_of)


def nobodys(usage: ir.Table) -> ir.Table:
    """The rows that no date knows: without a moment, or without a customer."""
    return usage.filter(usage["at"].isnull() | usage[CUSTOMER].isnull())


def of_each_row(rows: ir.Table, asked: Asked) -> ir.Table:
    """What each row adds to the counts n0, n1, ... and to the sums s0, s1, ..., and its values."""
    counts = {f"n{i}": _one_where(met(rows, where)) for i, where in enumerate(asked.counts)}
    sums = {
        f"s{i}": _where(met(rows, where), summand(valued(rows, column))).fill_null(0.0)
        for i, (column, where) in enumerate(asked.sums)
    }
    return rows.select(CUSTOMER, NIGHT, ON, *asked.columns, **counts, **sums)


def of_all_days(rows: ir.Table, asked: Asked) -> ir.Table:
    """The same of each customer, over all days, with the first and last day of each count."""
    held = {i: met(rows, where) for i, where in enumerate(asked.counts)}
    counts = {f"n{i}": rows.count(where=where) for i, where in held.items()}
    firsts = {f"first{i}": rows[ON].min(where=where) for i, where in held.items()}
    lasts = {f"last{i}": rows[ON].max(where=where) for i, where in held.items()}
    sums = {
        f"s{i}": summed(valued(rows, column), met(rows, where))
        for i, (column, where) in enumerate(asked.sums)
    }
    return rows.group_by(CUSTOMER).aggregate(**counts, **sums, **firsts, **lasts)


def of_values(rows: ir.Table, asked: Asked, column: str) -> ir.Table:
    """The different values of a column that each customer had, with the counts of their rows."""
    some = rows.filter(rows[column].notnull())
    counts = {
        f"n{i}": some.count(where=met(some, asked.counts[i])) for i in asked.counts_of(column)
    }
    return some.group_by([CUSTOMER, column]).aggregate(**counts)


def ordinal(day: date) -> int:
    """A date in days since 1970."""
    return day.toordinal() - ORDINAL


def _once(found: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(found))


def _one_where(held: ir.BooleanValue | None) -> ir.IntegerValue:
    return ibis.literal(1, "int32") if held is None else held.cast("int32")


def _where(held: ir.BooleanValue | None, value: ir.NumericValue) -> ir.NumericValue:
    return value if held is None else held.ifelse(value, 0.0)


def _arrived(rows: ir.Table) -> ir.TimestampValue:
    return ibis.greatest(rows["at"], ibis.coalesce(rows["known_at"], rows["at"]))


def _moment(day: date) -> ir.TimestampScalar:
    return ibis.literal(midnight(day), "timestamp")


def _ordinal(moment: ir.TimestampValue) -> ir.IntegerValue:
    return moment.date().delta(ibis.literal(EPOCH, "date"), unit="day").cast("int32")
