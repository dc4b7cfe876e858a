"""What CSMs recorded on the page, read as a part of the history it is about."""

from pathlib import Path

import ibis
import pyarrow.parquet as pq

from features.history import History
from features.sources.canonical import canonical_table
from features.tables import TABLES

TREATMENTS = "treatments"


def with_recorded(history: History, folder: Path) -> History:
    """The history with the treatments that were recorded on the page.

    A treatment that the business has copied into its own table is counted once.
    """
    place = folder / TREATMENTS
    if not any(place.glob("*.parquet")):
        return history
    recorded = canonical_table(TABLES[TREATMENTS], ibis.memtable(pq.read_table(place)))
    own = history.tables.get(TREATMENTS)
    rows = recorded if own is None else ibis.union(own, recorded, distinct=True)
    return History({**history.tables, TREATMENTS: rows})
