"""Parts of tables that are small enough to be held in memory, on any number of dates."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby

import pyarrow as pa

from features.featureset import Part, Values
from features.held_engine import columns_of, is_made, values_of
from features.held_rows import Held, KnownRows, held, needed
from features.history import History
from features.tables import TABLES, USAGE

# Rows of a table that are held, for a date and at most; of more, every date is asked of the
# database. A million take 200 MB while they are read, which one date's queries do not need.
A_DATE, AT_MOST = 500_000, 4_000_000
EMBEDDED = "duckdb"  # where the tables are in this process's reach; a database keeps its work


def held_parts(
    history: History,
    parts: Sequence[Part],
    dates: Sequence[date],
    customers: Sequence[str],
    at_most: int | None = None,
) -> dict[date, dict[Part, Values]]:
    """The values of the parts of tables that can be held, by date and in the customers' order.

    A table of more rows than `at_most` is left to the database, and so is all of one that is not
    embedded; if it is not said, the more dates there are, the more rows may be held.
    """
    made: dict[date, dict[Part, Values]] = {as_of: {} for as_of in dates}
    ids = pa.array(customers, pa.string())
    at_most = at_most or min(A_DATE * len(dates), AT_MOST)
    for name, together in _of_tables(history, parts):
        for as_of, values in _of_table(history, name, together, dates, ids, at_most):
            made[as_of] |= values
        pa.default_memory_pool().release_unused()  # before the next table is read
    return made


def _of_table(
    history: History,
    name: str,
    parts: Sequence[Part],
    dates: Sequence[date],
    ids: pa.Array,
    at_most: int,
) -> Iterator[tuple[date, dict[Part, Values]]]:
    found = _held(history, name, parts, ids, at_most)
    if found is None:
        return
    for as_of in dates:
        yield as_of, values_of(KnownRows(found, as_of), parts)


def _of_tables(history: History, parts: Sequence[Part]) -> Iterator[tuple[str, list[Part]]]:
    some = [p for p in parts if p.table != USAGE.name and p.table in history.tables and is_made(p)]
    for name, together in groupby(sorted(some, key=_table), key=_table):
        if history.tables[name].get_backend().name == EMBEDDED:
            yield name, list(together)


def _table(part: Part) -> str:
    return part.table


def _held(
    history: History, name: str, parts: Sequence[Part], ids: pa.Array, at_most: int
) -> Held | None:
    table = TABLES[name]
    wanted = needed(table, set().union(*map(columns_of, parts)))
    rows = history.tables[name].select(*wanted)
    few = rows.limit(at_most + 1).count().to_pyarrow().as_py() <= at_most
    return held(table, rows.to_pyarrow(), ids) if few else None
