"""The guard of the population: who is a snapshot is asked a second time, in plain Python."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from features.sources.files import in_memory
from features.status import ACTIVE, status_of, status_of_activity
from training.guarded import Guarded
from training.labels import InactivityLabel, Label
from training.replay import Frames

RULE = "snapshots are of customers active on their date: not left, no notice given, not in dunning"


def population(rows: pd.DataFrame, frames: Frames, label: Label, dates: Sequence[date]) -> Guarded:
    """Nobody in a snapshot had left or given notice, and nobody who is active is left out.

    The first is asked of every row, the rest of the customers in `frames`, on these dates.
    """
    left = np.asarray(pd.to_datetime(rows["churned_at"]))
    moments = np.asarray(pd.to_datetime(rows.index.get_level_values("as_of")))
    gone, wrong = int((left < moments).sum()), _wrong(rows, frames, label, dates)
    found = float(gone + len(wrong))
    return Guarded("population", ", ".join(wrong[:3]), found, f"{RULE} (rows)", found > 0)


def _wrong(rows: pd.DataFrame, frames: Frames, label: Label, dates: Sequence[date]) -> list[str]:
    """The customers and dates that the rows and plain Python disagree on."""
    told, there = _by_customer(frames), set(rows.index)
    # Who leaves before the lead is over is active, and left out all the same.
    early = getattr(label, "lead_days", 0) > 0
    wrong = []
    for customer in told:
        for as_of in dates:
            active = _status(told[customer], as_of, label) == ACTIVE
            if active != ((customer, as_of) in there) and not (active and early):
                wrong.append(f"{customer} on {as_of}")
    return wrong


def _status(tables: Mapping[str, list[Any]], as_of: date, label: Label) -> str:
    if isinstance(label, InactivityLabel):
        return status_of_activity(tables, as_of, label.horizon_days)
    return status_of(tables, as_of)


def _by_customer(frames: Frames) -> dict[str, dict[str, list[Any]]]:
    asked = ("customers", "subscriptions", "invoices", "payments", "usage")
    tables = in_memory({name: rows for name, rows in frames.items() if name in asked}).tables
    found: dict[str, dict[str, list[Any]]] = {c: {} for c in frames["customers"]["customer_id"]}
    for name, table in tables.items():
        for row in table.to_pyarrow().to_pylist():
            if row["customer_id"] in found:
                found[row["customer_id"]].setdefault(name, []).append(row)
    return found
