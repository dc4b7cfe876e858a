"""From columns of the made-up company to canonical tables as its systems hold them."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.demo.arrays import NEVER, Columns, Days, Moments
from features.demo.calendar import Calendar
from features.tables import Kind, Table, arrival_of

ARROW = {
    Kind.TEXT: pa.string(),
    Kind.NUMBER: pa.float64(),
    Kind.FLAG: pa.bool_(),
    Kind.TIME: pa.timestamp("us"),
}
LATE = 0.03
LATE_DAYS = (0.2, 2.5)


def schema(table: Table) -> Any:
    """The Arrow schema of a canonical table."""
    return pa.schema([(column.name, ARROW[column.kind]) for column in table])


def late(rng: np.random.Generator, calendar: Calendar, days: Days, share: float = LATE) -> Moments:
    """When rows arrive: most as they happen (null), a few some days later."""
    behind = rng.random(len(days)) < share
    return calendar.moment(np.where(behind, days + rng.uniform(*LATE_DAYS, len(days)), NEVER))


def recorded(calendar: Calendar, table: Table, columns: Columns) -> Any:
    """A canonical table as it stands at the end of the observed time: nothing later is in it."""
    size = len(columns["customer_id"])
    found = {c.name: _array(columns.get(c.name), ARROW[c.kind], size) for c in table}
    now = pa.scalar(calendar.moment(np.array([calendar.days]))[0], pa.timestamp("us"))
    kept = _before(found[table.at], found["known_at"], now)
    for moment, hidden in table.reveals.items():
        shown = _before(found[moment], found[arrival_of(moment)], now)
        found |= {n: pc.if_else(shown, found[n], pa.scalar(None, found[n].type)) for n in hidden}
    return in_order(table, pa.table(found, schema=schema(table)).filter(kept))


def in_order(table: Table, rows: Any) -> Any:
    """The rows by event time."""
    return rows.take(pc.sort_indices(rows, sort_keys=[(table.at, "ascending")]))


def _array(values: Any, kind: Any, size: int) -> Any:
    return pa.nulls(size, kind) if values is None else pa.array(values, kind, from_pandas=True)


def _before(happened: Any, arrived: Any, now: Any) -> Any:
    """Whether it had happened and arrived by then."""
    here = pc.and_(pc.less(happened, now), pc.less(pc.coalesce(arrived, happened), now))
    return pc.fill_null(here, False)
