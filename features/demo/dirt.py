"""A few rows that cannot be true, as every real export has them: a check should set them aside."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.demo.names import numbered
from features.demo.recorded import in_order, schema
from features.tables import TICKETS

UNKNOWN, NOBODYS_ROWS = "C99999", 5
EARLY_TICKETS, EARLY_DAYS = 3, 40


def spoiled(tables: dict[str, Any]) -> dict[str, Any]:
    """Use by a customer nobody knows, tickets from before sign-up, and one handed over twice."""
    usage, tickets = tables["usage"], tables["tickets"]
    middle = len(usage) // 2
    parts = [usage[:middle], _of_nobody(usage[middle : middle + NOBODYS_ROWS]), usage[middle:]]
    twice = tickets[len(tickets) // 2 :][:1]
    more = pa.concat_tables([tickets, twice, _too_early(tables["customers"])])
    return tables | {"usage": pa.concat_tables(parts), "tickets": in_order(TICKETS, more)}


def _of_nobody(rows: Any) -> Any:
    return rows.set_column(0, rows.schema.field(0), pa.array([UNKNOWN] * len(rows)))


def _too_early(customers: Any) -> Any:
    """Tickets of the newest customers, dated before they came."""
    newest = customers[-EARLY_TICKETS:]
    before = pa.scalar(np.timedelta64(EARLY_DAYS, "D").astype("m8[us]"))
    found = {
        "customer_id": newest["customer_id"],
        "ticket_id": pa.array(numbered("T9", np.arange(len(newest))).tolist()),
        "opened_at": pc.subtract(newest["created_at"], before),
        "complaint": pa.array([False] * len(newest)),
    }
    kinds = schema(TICKETS)
    return pa.table(
        {k.name: found.get(k.name, pa.nulls(len(newest), k.type)) for k in kinds}, kinds
    )
