"""The night's job on Spark: `serving.batch` for a base that outgrows one machine.

Cases are made and kept first (their digest says whether anything is new), then told, then ranked.
Every stage is written before the next begins, so that a lost executor costs the tasks it had.
"""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from shutil import rmtree
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf
from pyspark.sql.pandas.types import from_arrow_schema

from features.errors import InsufficientData
from features.locked import only_writer
from features.spark.reading import frame_of, session_of, uri_of
from features.wide import beside
from serving.batch import Outcome, Step, Terms, inputs_of, manifest_of, nobody, settled
from serving.cases import GONE
from serving.dataset import FILE, INPUTS, run_of, schema_of
from serving.freshness import require_fresh
from serving.resumable import begun
from serving.scorer import Scorer
from serving.spark.people import HIGH, LOW, case_schema, counted, making_cases, people
from serving.spark.telling import CHANCE, DAYS, KEYS, REVENUE, sent, ship, telling, told_schema

STAGES = 4
SHIFT = 33  # of Spark's increasing ids: the bits below are the place within a partition
DONE = "_SUCCESS"
USUAL = Terms()


def score_everyone(
    bundle: Path,
    scorer: Scorer,
    as_of: date,
    scores: Path,
    terms: Terms = USUAL,
    total: Step = lambda _: None,
    step: Step = lambda _: None,
) -> Outcome:
    """Score everybody of a history on Spark; the same data set as `serving.batch` writes.

    `bundle` is the folder of the scorer's model. Every executor has to see the folder of the
    scores. `total` and `step` count stages.

    Raises:
        Busy, StaleData, InsufficientData, Unlikely: As `serving.batch.score_everyone`.
    """
    with only_writer(scores):
        total(STAGES)
        require_fresh(scorer.last_days(as_of), terms.freshness_days, as_of)
        everybody = people(scorer.history.known(as_of), scorer.use_days)
        known, aside = counted(everybody)
        if not known > sum(aside.values()):
            raise InsufficientData(nobody(known, aside, as_of))
        step(1)
        staged = scores / f".cases-{as_of}"
        cases = _cases(scorer, as_of, staged)
        inputs = inputs_of(scorer, _digest(cases), as_of)
        step(1)
        found = run_of(scores, as_of)
        if found and found.is_of(inputs):
            rmtree(staged)
            return Outcome(found.folder, found.manifest, changed=False)
        made = begun(scores, as_of, inputs)
        told = _told(scorer, bundle, cases, as_of, made)
        step(1)
        if not (made / FILE).is_file():
            _join(_ranked(told, made), made, inputs, schema_of(scorer.model.days))
        step(1)
        for place in (staged, *(path for path in made.iterdir() if path.is_dir())):
            rmtree(place)
        manifest = manifest_of(scorer, inputs, known, aside, made)
        return settled(made, manifest, scores, as_of, terms)


def _cases(scorer: Scorer, as_of: date, place: Path) -> DataFrame:
    """Whoever gets a row, with their vectors, kept where every executor finds them."""
    known, features = scorer.history.known(as_of), scorer.model.features
    everybody = people(known, scorer.use_days)
    told = everybody.filter(everybody["status"].notin(GONE))
    wide = frame_of(beside(told, known, features.parts))
    schema = from_arrow_schema(case_schema(features))
    return _kept(wide.mapInArrow(making_cases(features), schema), place)


def _digest(cases: DataFrame) -> str:
    """A fingerprint of the customers and their vectors, whatever their order."""
    [row] = cases.select(sf.sum(HIGH).alias("high"), sf.sum(LOW).alias("low")).collect()
    return f"spark-{row['high'] or 0:x}-{row['low'] or 0:x}"


def _told(scorer: Scorer, bundle: Path, cases: DataFrame, as_of: date, made: Path) -> DataFrame:
    spark = session_of(scorer.history)
    if (made / "told" / DONE).is_file():  # a run that was killed had told them all
        return _read(spark, made / "told")
    told_of = sent(scorer, ship(spark, bundle), as_of)
    schema = from_arrow_schema(told_schema(scorer.model.days))
    return _kept(cases.mapInArrow(telling(told_of), schema), made / "told")


def _ranked(told: DataFrame, made: Path) -> list[Path]:
    """The files of a run, by customer, each customer with its place among all."""
    order = [sf.desc(REVENUE), sf.asc(DAYS), sf.desc(CHANCE), sf.asc("customer_id")]
    sure = told.filter(sf.col(REVENUE).isNotNull()).select("customer_id", *KEYS).orderBy(*order)
    numbered = sure.select("customer_id", sf.monotonically_increasing_id().alias("_place"))
    places = _kept(numbered, made / "places")
    at = sf.shiftright("_place", SHIFT).alias("at")
    sizes = places.groupBy(at).count().orderBy("at").collect()
    starts, before = [], 0
    for size in sizes:
        starts.append((size["at"], before))
        before += size["count"]
    offsets = told.sparkSession.createDataFrame(starts, "at long, before long")
    rank = sf.col("before") + sf.col("_place") % 2**SHIFT + 1
    ranks = places.withColumn("at", at).join(sf.broadcast(offsets), "at")
    ranks = ranks.select("customer_id", rank.cast("int").alias("rank"))
    names = [name for name in told.columns if name not in KEYS]
    whole = told.drop("rank").join(ranks, "customer_id", "left").select(*names)
    _kept(whole.orderBy("customer_id"), made / "ranked")
    return sorted((made / "ranked").glob("*.parquet"))


def _join(files: list[Path], made: Path, inputs: Mapping[str, Any], schema: pa.Schema) -> None:
    """One file of all, block by block, in their order."""
    marked = schema.with_metadata({INPUTS: json.dumps(dict(inputs)).encode()})
    partial = (made / FILE).with_suffix(".partial")
    with pq.ParquetWriter(partial, marked, compression="zstd") as target:
        for file in files:
            for batch in pq.ParquetFile(file).iter_batches(batch_size=10_000):
                target.write_table(pa.Table.from_batches([batch]).cast(schema))
    partial.replace(made / FILE)


def _kept(frame: DataFrame, place: Path) -> DataFrame:
    frame.write.mode("overwrite").parquet(uri_of(place))
    return _read(frame.sparkSession, place)


def _read(spark: SparkSession, place: Path) -> DataFrame:
    return spark.read.parquet(uri_of(place))
