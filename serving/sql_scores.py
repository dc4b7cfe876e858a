"""A copy of the scores in PostgreSQL, for whoever reads tables: a run is in it whole or not at all.

A row carries what is asked for most in columns of its own, and all that the scores say as JSON, so
that a new field needs no migration.
"""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
from psycopg.types.json import Jsonb

from features.errors import TargetError
from serving.dataset import FILE, MANIFEST

ROWS_AT_ONCE = 10_000
LOCK = 4_217_301  # any number that nobody else locks in this data base
TABLES = """
CREATE TABLE IF NOT EXISTS churn_runs (as_of date PRIMARY KEY, manifest jsonb NOT NULL);
CREATE TABLE IF NOT EXISTS churn_scores (
    as_of date NOT NULL, customer_id text NOT NULL, probability double precision,
    band text NOT NULL, rank integer, revenue_at_risk double precision, owner text,
    model_version text NOT NULL, scored_at timestamptz NOT NULL, said jsonb NOT NULL,
    PRIMARY KEY (as_of, customer_id));
"""
COLUMNS = (
    "as_of", "customer_id", "probability", "band", "rank", "revenue_at_risk", "owner",
    "model_version", "scored_at",
)  # fmt: skip
COPY = """
COPY churn_scores (as_of, customer_id, probability, band, rank, revenue_at_risk, owner,
    model_version, scored_at, said) FROM STDIN
"""
RUN = """
INSERT INTO churn_runs VALUES (%s, %s)
ON CONFLICT (as_of) DO UPDATE SET manifest = EXCLUDED.manifest
"""


def copied(folder: Path, as_of: date, url: str) -> bool:
    """Put a run of the data set into the tables in one transaction; False if it is there already.

    Raises:
        TargetError: The data base cannot be reached or written.
    """
    manifest = json.loads((folder / MANIFEST).read_text())
    try:
        with psycopg.connect(url) as connection:
            return _replaced(connection, folder, as_of, manifest)
    except psycopg.Error as error:
        raise TargetError(
            f"The scores of {as_of} are in {folder}, but their copy in PostgreSQL failed and was "
            f"taken back whole: {error}. Mend it, then run `churn score` again."
        ) from error


def _replaced(
    connection: "psycopg.Connection[Any]", folder: Path, as_of: date, manifest: dict[str, Any]
) -> bool:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    connection.execute(TABLES)
    found = connection.execute("SELECT manifest FROM churn_runs WHERE as_of = %s", (as_of,))
    if found.fetchone() == (manifest,):
        return False
    connection.execute("DELETE FROM churn_scores WHERE as_of = %s", (as_of,))
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for row in _rows(folder / FILE):
            copy.write_row(row)
    connection.execute(RUN, (as_of, Jsonb(manifest)))
    return True


def _rows(file: Path) -> Iterator[tuple[Any, ...]]:
    for batch in pq.ParquetFile(file).iter_batches(ROWS_AT_ONCE):
        for row in batch.to_pylist():
            said = json.dumps(row, default=str)
            yield (*(row[name] for name in COLUMNS), said)
