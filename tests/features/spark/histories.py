"""Histories as files, for Spark to read."""

from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from hypothesis import HealthCheck, Phase, given, settings

from features.reference import planned, vector_of
from features.tables import TABLES
from tests.features.every import arrow
from tests.features.strategies import histories

Tables = dict[str, list[dict[str, Any]]]


def written(tables: Tables, folder: Path) -> Path:
    """A folder with a Parquet file for each table; use lies in two of them."""
    (folder / "usage").mkdir(parents=True)
    for name in TABLES:
        rows = arrow(name, tables.get(name, []))
        if name == "usage":
            half = len(rows) // 2
            pq.write_table(rows[:half], folder / name / "1.parquet")
            pq.write_table(rows[half:], folder / name / "2.parquet")
        else:
            pq.write_table(rows, folder / f"{name}.parquet")
    return folder


def files(folder: Path) -> dict[str, Path]:
    """By table, where it lies."""
    return {name: folder / (name if name == "usage" else f"{name}.parquet") for name in TABLES}


def many_histories(number: int) -> Tables:
    """So many histories drawn by hypothesis, as one: each has customers of its own."""
    together: Tables = {name: [] for name in TABLES}

    @settings(
        max_examples=number,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(histories())
    def draw(tables: Tables) -> None:
        place = next(places)
        for name, rows in tables.items():
            together[name] += [r | {"customer_id": f"{place}-{r['customer_id']}"} for r in rows]

    places = count()
    draw()
    return together


def by_hand(features: Any, tables: Tables, customers: list[str], as_of: Any) -> pd.DataFrame:
    """The vectors of plain Python."""
    rows: dict[str, Tables] = {customer: {} for customer in customers}
    for name, found in tables.items():
        for row in found:
            if row["customer_id"] in rows:
                rows[row["customer_id"]].setdefault(name, []).append(row)
    plan = planned(features)
    made = [vector_of(plan, rows[customer], as_of) for customer in customers]
    return pd.DataFrame(made, index=pd.Index(customers, name="customer_id"))
