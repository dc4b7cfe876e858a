"""Columns that have gone null: the last rows of each table beside those of the months before."""

from collections.abc import Iterator
from datetime import date, timedelta
from math import sqrt
from typing import TypeAlias

import ibis.expr.types as ir

from features.history import History
from features.tables import TABLES
from serving.monitor.finding import Check, Checked, Finding, Row, Severity
from serving.monitor.written import share

Counts: TypeAlias = dict[str, dict[str, int]]
DAYS = 28
BACK = 3  # windows before
FEWEST_ROWS = 30
WARNS, CRITICAL = 0.2, 0.5  # more of the rows without a value
SURE = 5.0  # standard errors: a customer's rows resemble each other
ROWS = " "  # beside the columns, all rows


def nulls(history: History, as_of: date) -> Checked:
    """The share of rows without a value, by column, in the last 28 days and in the 84 before.

    Each window is read as it was known at its own end: what is revealed late, such as the answer to
    a survey, is then missing in all of them alike.
    """
    now, *before = [_counted(history, end) for end in ends(as_of)]
    return compared(now, before)


def ends(as_of: date) -> list[date]:
    """The dates on which the windows end, the latest first."""
    return [as_of - timedelta(days=DAYS * back) for back in range(BACK + 1)]


def compared(now: Counts, before: list[Counts]) -> Checked:
    """What has gone null, by counts of the last window and of those before."""
    rows = tuple(_rows(now, before))
    found = (_found(row) for row in rows)
    return Checked(rows, tuple(each for each in found if each))


def delivered(history: History, as_of: date) -> dict[str, ir.Table]:
    """The rows of a window of every table, with empty cells left empty.

    Not what is known, in which an empty quantity is a quantity of 1.
    """
    tables = history.delivered(as_of)
    return {name: rows.filter(rows.days_ago <= DAYS) for name, rows in tables.items()}


def empty(name: str, rows: ir.Table) -> dict[str, ir.Value]:
    """How many cells of each column are empty, and how many rows there are."""
    names = [column for column in TABLES[name].names if column in rows.columns]
    return {**{column: rows[column].isnull().sum() for column in names}, ROWS: rows.count()}


def _counted(history: History, as_of: date) -> Counts:
    return {name: _of(name, rows) for name, rows in delivered(history, as_of).items()}


def _of(name: str, rows: ir.Table) -> dict[str, int]:
    [told] = rows.aggregate(**empty(name, rows)).to_pyarrow().to_pylist()
    return {column: count or 0 for column, count in told.items()}


def _rows(now: Counts, before: list[Counts]) -> Iterator[Row]:
    for table, counts in sorted(now.items()):
        earlier = [each.get(table, {}) for each in before]
        rows_before = sum(each.get(ROWS, 0) for each in earlier)
        if counts[ROWS] < FEWEST_ROWS or rows_before < FEWEST_ROWS:
            continue
        for column in (name for name in counts if name != ROWS):
            was = [each[column] / each[ROWS] for each in earlier if each.get(ROWS)]
            yield {
                "column": f"{table}.{column}",
                "rows": counts[ROWS],
                "now": counts[column] / counts[ROWS],
                "before": sum(each.get(column, 0) for each in earlier) / rows_before,
                "most_before": max(was),
            }


def _found(row: Row) -> Finding | None:
    risen = row["now"] - row["most_before"]
    if risen < WARNS or risen < SURE * _error(row):
        return None
    severity = Severity.CRITICAL if risen >= CRITICAL else Severity.WARNING
    given = {"column": row["column"], "now": share(row["now"]), "before": share(row["before"])}
    return Finding(Check.MISSING, row["column"], severity, "column_missing", given)


def _error(row: Row) -> float:
    """The standard error of a share of so many rows, at its widest."""
    return sqrt(0.25 / row["rows"])
