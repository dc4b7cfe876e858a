"""A business's history on any Ibis backend, and the only code that cuts time.

`History.known(as_of)` returns the tables as they were known at midnight UTC of the as-of date: rows
that had happened and arrived before it, with every column null that had not been revealed by then.
A feature is written as if those tables were simply today's, so it cannot look ahead.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from features.derived import AS_OF, Elapsed, derived, midnight
from features.tables import TABLES, Table, arrival_of

SECONDS_AN_HOUR = 3_600


@dataclass(frozen=True)
class Known:
    """What was known: tables with `as_of`, `days_ago` and their derived columns; no row is later.

    `keys` names the columns that make a vector: the customer, and the as-of date where tables hold
    more than one.
    """

    tables: Mapping[str, ir.Table]
    keys: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """Canonical tables with all columns of their declarations, typed; absent ones are left out."""

    tables: Mapping[str, ir.Table]

    def known(self, as_of: date | ir.Table) -> Known:
        """The history as known on one date, or on each row of a spine of (customer_id, as_of).

        A spine is a table with one row per customer and date; every row of the history appears once
        for each of its customer's dates that know it.
        """
        tables = {name: _meant(TABLES[name], t) for name, t in self.delivered(as_of).items()}
        spine = isinstance(as_of, ir.Table)
        return Known(tables, ("customer_id", AS_OF) if spine else ("customer_id",))

    def delivered(self, as_of: date | ir.Table) -> dict[str, ir.Table]:
        """The same tables with empty cells left empty, for whoever counts what was not delivered.

        In `known` an empty cell is what its column declares that it means (`Column.if_empty`).
        """
        return {name: _known(TABLES[name], t, as_of) for name, t in self.tables.items()}

    def until(self, day: date) -> "History":
        """The history as a reader of that day had it: nothing that came to be known later."""
        cut = {n: _known(TABLES[n], t, day).select(*t.columns) for n, t in self.tables.items()}
        return History(cut)

    def only(self, names: Collection[str]) -> "History":
        """The history of these tables only; those that it has not are left out."""
        return History({name: rows for name, rows in self.tables.items() if name in names})

    def of(self, customers: list[str]) -> "History":
        """The history of these customers only."""
        return History({n: t.filter(t.customer_id.isin(customers)) for n, t in self.tables.items()})


def _known(table: Table, rows: ir.Table, as_of: date | ir.Table) -> ir.Table:
    seen = _arrived(table, _dated(rows, as_of))
    for moment, columns in table.reveals.items():
        shown = _before(seen, moment, arrival_of(moment))
        seen = seen.mutate(**{c: shown.ifelse(seen[c], ibis.null(seen[c].type())) for c in columns})
    elapsed = {e.name: _elapsed(seen, e) for e in derived(table.name, table.at)}
    return seen.mutate(moment=seen[table.at], **elapsed)


def _meant(table: Table, rows: ir.Table) -> ir.Table:
    """The rows with what an empty cell means, where it means something."""
    meant = {c.name: rows[c.name].fill_null(c.if_empty) for c in table if c.if_empty is not None}
    return rows.mutate(**meant) if meant else rows


def _dated(rows: ir.Table, as_of: date | ir.Table) -> ir.Table:
    if isinstance(as_of, ir.Table):
        return rows.inner_join(as_of, "customer_id")
    return rows.mutate(**{AS_OF: ibis.literal(midnight(as_of), "timestamp")})


def _arrived(table: Table, rows: ir.Table) -> ir.Table:
    return rows.filter(_before(rows, table.at, "known_at"))


def _before(rows: ir.Table, happened: str, arrived: str) -> ir.BooleanValue:
    """Whether a moment had come and, where it has an arrival of its own, had arrived."""
    late = ibis.coalesce(rows[arrived], rows[happened])
    return (rows[happened] < rows[AS_OF]) & (late < rows[AS_OF])


def _elapsed(rows: ir.Table, elapsed: Elapsed) -> ir.NumericValue:
    start, end = rows[elapsed.start], rows[elapsed.end]
    if elapsed.unit == "days":
        return end.date().delta(start.date(), unit="day").cast("int32")
    # A fraction written out is a decimal of few digits on Spark, unless it meets a float.
    return (_seconds(end) - _seconds(start)).cast("float64") / SECONDS_AN_HOUR


def _seconds(moment: ir.TimestampValue) -> ir.NumericValue:
    # DuckDB's epoch is fractional and Spark's is whole: whole seconds are what both agree on.
    return moment.epoch_seconds().floor().cast("int64")
