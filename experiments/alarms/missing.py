"""False alarms of columns gone null: customers drawn from a company whose source never changed."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TypeAlias

import ibis.expr.types as ir
import numpy as np
from numpy.typing import NDArray

from experiments.alarms.clean import Rate, counted
from features.history import History
from serving.monitor.columns import compared, delivered, empty, ends
from serving.monitor.finding import Checked

CUSTOMER = "customer_id"
DATES = 5
APART_DAYS = 9  # each on another weekday
ByCustomer: TypeAlias = Mapping[str, Mapping[str, NDArray[np.int64]]]  # table, column: customers


def rates(history: History, last: date, sizes: tuple[int, ...], looks: int) -> list[Rate]:
    """Looks at so many customers drawn at random, on dates of the last weeks."""
    customers = history.tables["customers"]["customer_id"].to_pyarrow().to_pylist()
    places = {customer: place for place, customer in enumerate(customers)}
    dates = [last - timedelta(days=APART_DAYS * back) for back in range(DATES)]
    windows = [[_by_customer(history, end, places) for end in ends(day)] for day in dates]
    return [_rate(windows, len(places), size, looks) for size in sizes]


def _rate(windows: list[list[ByCustomer]], customers: int, size: int, looks: int) -> Rate:
    random = np.random.default_rng(size)
    told: list[Checked] = []
    for look in range(looks):
        drawn = random.choice(customers, size=min(size, customers), replace=False)
        now, *before = [_of(window, drawn) for window in windows[look % len(windows)]]
        told.append(compared(now, before))
    return counted("missing values", size, told)


def _by_customer(history: History, end: date, places: Mapping[str, int]) -> ByCustomer:
    tables = delivered(history, end).items()
    return {name: _table(name, rows, places) for name, rows in tables}


def _table(name: str, rows: ir.Table, places: Mapping[str, int]) -> dict[str, NDArray[np.int64]]:
    asked = {column: count for column, count in empty(name, rows).items() if column != CUSTOMER}
    told = rows.group_by(CUSTOMER).aggregate(**asked).to_pyarrow()
    at = np.array([places.get(c, -1) for c in told[CUSTOMER].to_pylist()], np.int64)
    found = {}
    for column in asked:
        counts = np.zeros(len(places) + 1, np.int64)  # the last is nobody's
        np.add.at(counts, at, told[column].to_numpy(zero_copy_only=False).astype(np.int64))
        found[column] = counts
    return found


def _of(window: ByCustomer, drawn: NDArray[np.int64]) -> dict[str, dict[str, int]]:
    return {
        table: {column: int(counts[drawn].sum()) for column, counts in columns.items()}
        for table, columns in window.items()
    }
