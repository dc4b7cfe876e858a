"""Predictions on executors: each opens the bundle that was sent as an archive, once, and tells.

The model is never pickled: what is sent with a job is the archive's name and what was asked.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from secrets import token_hex
from shutil import make_archive
from tempfile import mkdtemp

import numpy as np
import pyarrow as pa
from pyspark import SparkFiles
from pyspark.sql import SparkSession

from features.history import History
from features.languages import language_of
from features.spark.vectors import Batches, Made
from serving.cases import Cases
from serving.confidence import Record
from serving.dataset import schema_of
from serving.many import Many
from serving.plays.choosing import Playbook
from serving.predictions import Asking, Teller
from serving.scorer import Scorer
from serving.staged import cases_of
from training.model import ChurnModel, loaded

REVENUE, DAYS, CHANCE = "_revenue", "_days", "_chance"
KEYS = (REVENUE, DAYS, CHANCE)  # what customers are ranked by; null where nothing is said


@dataclass(frozen=True)
class Sent:
    """What an executor is told: which archive holds the bundle, and what a Scorer is beside it."""

    archive: str
    days: tuple[int, ...]
    limits: tuple[float, ...]
    playbook: Playbook
    language: str
    record: Record
    asking: Asking


def sent(scorer: Scorer, archive: str, as_of: date) -> Sent:
    """What executors need of a scorer, without its model and its history."""
    asking = Asking(as_of, scorer.data_until(as_of), scorer.clock(), scorer.stale(as_of))
    beside = (scorer.limits, scorer.playbook, scorer.language.code, tuple(scorer.record))
    return Sent(archive, scorer.model.days, *beside, asking)


def ship(spark: SparkSession, bundle: Path) -> str:
    """Send a bundle to whoever executes, now or later; returns the name it is opened by."""
    name = f"churn-{bundle.name}-{token_hex(4)}"
    # Executors that start later fetch it too: it stays until this process ends.
    made = make_archive(str(Path(mkdtemp(prefix="churn-bundle-")) / name), "zip", bundle)
    spark.sparkContext.addArchive(f"{made}#{name}")
    return name


def told_schema(days: tuple[int, ...]) -> pa.Schema:
    """The columns of a run, and the keys that customers are ranked by."""
    return pa.schema([*schema_of(days), *(pa.field(key, pa.float64()) for key in KEYS)])


def telling(told_of: Sent) -> Made:
    """What makes predictions of cases on an executor."""

    def told(batches: Batches) -> Batches:
        many, schema = Many(_teller(told_of)), told_schema(told_of.days)
        for batch in batches:
            cases = cases_of(pa.Table.from_batches([batch]))
            rows = _with_keys(many.rows(cases, told_of.asking), cases)
            yield from rows.cast(schema).combine_chunks().to_batches()

    return told


def _teller(told_of: Sent) -> Teller:
    scorer = Scorer(
        model=_model(told_of.archive),
        history=History({}),
        limits=told_of.limits,
        clock=lambda: told_of.asking.scored_at,
        playbook=told_of.playbook,
        language=language_of(told_of.language),
        record=told_of.record,
    )
    return scorer.teller


@lru_cache(maxsize=2)
def _model(archive: str) -> ChurnModel:
    """The model of a bundle, checked against its seal and this executor's own code."""
    return loaded(Path(SparkFiles.get(archive)))


def _with_keys(rows: pa.Table, cases: Cases) -> pa.Table:
    chance = rows["probability"].to_numpy()
    money = chance * np.nan_to_num(cases.numbers("mrr"))
    days = np.nan_to_num(cases.numbers("days_to_renewal"), nan=np.inf)
    for name, values in zip(KEYS, (money, days, chance), strict=True):
        rows = rows.append_column(name, pa.array(values, mask=np.isnan(chance)))
    return rows
