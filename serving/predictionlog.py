"""The prediction log: what was answered of whom, from which vector, by which model, for whom.

Answers never wait for it: rows queue up to a bound, a thread writes them as Parquet, and what finds
the queue full is counted and let go. A file is complete when it has its name.
"""

import logging
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from serving.cases import Cases
from serving.logs import REQUEST
from serving.metrics import LOGGED, UNLOGGED, WAITING
from serving.schemas import Prediction

log = logging.getLogger(__name__)

MOST = 20_000  # rows that wait
AT_ONCE = 2_000  # rows that are written without waiting for the time
UNFINISHED = ".unfinished"
ABOUT = pa.schema(
    [
        ("customer_id", pa.string()),
        ("as_of", pa.date32()),
        ("model_version", pa.string()),
        ("request_id", pa.string()),
        ("source", pa.string()),
        ("scored_at", pa.timestamp("us", tz="UTC")),
        ("probability", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Batch:
    """What one request was answered, and the vectors that it was answered from."""

    request_id: str
    source: str
    cases: Cases
    predictions: Sequence[Prediction]


class PredictionLog:
    """Writes predictions into `folder/scored_on=YYYY-MM-DD/`, every so many seconds."""

    def __init__(self, folder: Path, seconds: float = 10.0, most: int = MOST) -> None:
        self._folder, self._seconds, self._most = folder, seconds, most
        self._waiting: list[Batch] = []
        self._rows = self._lost = 0
        self._lock, self._wake, self._ended = Lock(), Event(), Event()
        self._thread = Thread(target=self._run, name="prediction-log", daemon=True)

    def start(self) -> None:
        """Begin to write; raises OSError where the folder cannot be written into."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def heard(self, cases: Cases, predictions: Sequence[Prediction], source: str) -> None:
        """Keep what was answered, or count it as not kept; takes no longer than an append."""
        with self._lock:
            full = self._rows + len(predictions) > self._most
            if full:
                self._lost += len(predictions)
            else:
                self._waiting.append(Batch(REQUEST.get(), source, cases, predictions))
                self._rows += len(predictions)
            WAITING.set(self._rows)
        if full:
            UNLOGGED.labels("full").inc(len(predictions))
        if full or self._rows >= AT_ONCE:
            self._wake.set()

    def end(self) -> None:
        """Write what waits, and no more."""
        self._ended.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._wake.wait(self._seconds)
            self._wake.clear()
            self._write()
        self._write()

    def _write(self) -> None:
        with self._lock:
            batches, self._waiting, self._rows = self._waiting, [], 0
            lost, self._lost = self._lost, 0
            WAITING.set(0)
        if lost:
            log.warning("%d predictions were not logged: the queue was full", lost)
        by_model: dict[str, list[Batch]] = defaultdict(list)
        for batch in batches:
            if batch.predictions:
                by_model[batch.predictions[0].model_version].append(batch)
        for same in by_model.values():
            self._try(same)

    def _try(self, batches: Sequence[Batch]) -> None:
        rows = sum(len(batch.predictions) for batch in batches)
        try:
            _written(self._folder, _table(batches), datetime.now(UTC))
        except (OSError, pa.ArrowException) as error:
            UNLOGGED.labels("failed").inc(rows)
            why = getattr(error, "strerror", None) or type(error).__name__  # never what was sent
            log.error("%d predictions were not logged: %s", rows, why)
        else:
            LOGGED.inc(rows)


def logged(folder: Path, days: Iterable[date] | None = None) -> pa.Table:
    """The predictions logged on some days, or on all; a feature that a model had not is null."""
    pattern = [f"scored_on={day}/*.parquet" for day in days] if days else ["*/*.parquet"]
    files = sorted(file for each in pattern for file in folder.glob(each))
    tables = [pq.ParquetFile(file).read() for file in files]
    return pa.concat_tables([ABOUT.empty_table(), *tables], promote_options="default")


def _table(batches: Sequence[Batch]) -> pa.Table:
    """What one model answered: all its vectors have the same features."""
    said = [_about(told, batch) for batch in batches for told in batch.predictions]
    table = pa.Table.from_pylist(said, ABOUT)
    for name in batches[0].cases.columns:
        values = np.concatenate([batch.cases.columns[name] for batch in batches])
        kind = pa.string() if values.dtype.kind in "OU" else pa.float64()
        table = table.append_column(name, pa.array(values, kind, from_pandas=True))
    return table


def _about(told: Prediction, batch: Batch) -> dict[str, Any]:
    known = {name: getattr(told, name) for name in ABOUT.names if name in Prediction.model_fields}
    return known | {"request_id": batch.request_id, "source": batch.source}


def _written(folder: Path, table: pa.Table, now: datetime) -> None:
    place = folder / f"scored_on={now.date()}"
    place.mkdir(parents=True, exist_ok=True)
    name = f"{now:%H%M%S}-{os.getpid()}-{uuid4().hex[:8]}"
    unfinished = place / f"{name}{UNFINISHED}"
    try:
        pq.write_table(table, unfinished, compression="zstd")
        unfinished.replace(place / f"{name}.parquet")
    finally:
        unfinished.unlink(missing_ok=True)
