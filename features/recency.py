"""How long ago something was last done, of use: most answers lie in what is read for other windows.

Only for those who did nothing in all of these windows is the use before them read too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import ibis
import pyarrow as pa

from features.derived import AS_OF
from features.featureset import Part
from features.history import Known
from features.measures import EVER, Atom, Window
from features.tables import USAGE


def recent(parts: Sequence[Part]) -> Mapping[Part, Atom]:
    """The parts that look for the last use ever, each with its like within the longest window."""
    of_use = [part for part in parts if isinstance(part, Atom) and part.table == USAGE.name]
    reach = max((atom.window.last for atom in of_use if atom.window.last < EVER), default=0)
    ever = [atom for atom in of_use if _is_last(atom)] if reach else []
    return {atom: replace(atom, window=Window(1, reach)) for atom in ever}


def before(known: Known, days: int, customers: Sequence[str]) -> Known:
    """What is known of some customers' use before so many days ago."""
    rows = known.tables[USAGE.name]
    old = rows.filter(rows["moment"] < rows[AS_OF] - ibis.interval(days=days))
    some = ibis.memtable(pa.table({"customer_id": pa.array(customers, pa.string())}))
    return Known({USAGE.name: old.semi_join(some, "customer_id")}, known.keys)


def _is_last(atom: Atom) -> bool:
    return (atom.kind, atom.column, atom.window) == ("min", "days_ago", Window())
