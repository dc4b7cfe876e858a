"""Whether a history can still be read: its files are there, or its data base answers."""

import sys

import duckdb

from features.history import History


def is_reachable(history: History) -> bool:
    """Reads one row of the customers; a history without tables asks nothing of anybody."""
    if "customers" not in history.tables:
        return True
    psycopg = sys.modules.get("psycopg")  # only loaded where a history is kept in PostgreSQL
    failures = (duckdb.Error, OSError, *((psycopg.Error,) if psycopg else ()))
    try:
        history.tables["customers"].select("customer_id").limit(1).to_pyarrow()
    except failures:
        return False
    return True
