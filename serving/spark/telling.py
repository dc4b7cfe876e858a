"""Predictions on executors: each opens the bundle that was sent as an archive, once, and tells.

The model is never pickled: what is sent with a job is the archive's name and what was asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from secrets import token_hex
from shutil import make_archive
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark import SparkFiles
from pyspark.sql import SparkSession

from features.history import History
from features.languages import language_of
from features.spark.vectors import Batches, Made
from serving.cases import Cases
from serving.confidence import Record
from serving.dataset import row_of, schema_of
from serving.plays.choosing import Playbook
from serving.predictions import Asking, Teller
from serving.scorer import Scorer
from serving.spark.people import cases_of
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
        teller, schema = _teller(told_of), told_schema(told_of.days)
        for batch in batches:
            cases = cases_of(teller.model.features, pa.Table.from_batches([batch]))
            rows = list(_rows(teller, cases, told_of.asking))
            yield from pa.Table.from_pylist(rows, schema).combine_chunks().to_batches()

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


def _rows(teller: Teller, cases: Cases, asking: Asking) -> Iterator[dict[str, Any]]:
    for place, told in enumerate(teller.predictions(cases, asking)):
        keys: dict[str, float | None] = dict.fromkeys(KEYS)
        if told.probability is not None:
            money = told.probability * _number(cases, place, "mrr", 0.0)
            days = _number(cases, place, "days_to_renewal", np.inf)
            keys = {REVENUE: money, DAYS: days, CHANCE: told.probability}
        yield row_of(told) | {"rank": None} | keys


def _number(cases: Cases, place: int, name: str, unknown: float) -> float:
    found = cases.number(place, name)
    return unknown if found is None else found
