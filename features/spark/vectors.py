"""Vectors on Spark: parts from one query a table, made into features on the executors."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import TypeAlias

import ibis.expr.types as ir
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import types as st

from features.columns import in_place
from features.featureset import FeatureSet, Values
from features.history import History
from features.spark.reading import frame_of
from features.wide import beside, named

Batches: TypeAlias = Iterator[pa.RecordBatch]
Made: TypeAlias = Callable[[Batches], Batches]


def vectors(features: FeatureSet, history: History, people: ir.Table, as_of: date) -> DataFrame:
    """One row per customer of `people`: customer_id, as_of and every feature, baselines too."""
    found = frame_of(beside(people.select("customer_id"), history.known(as_of), features.parts))
    names = [*features.names, *features.baselines]
    kinds = [st.StringType() if n in features.categorical else st.DoubleType() for n in names]
    fields = [st.StructField(n, k) for n, k in zip(names, kinds, strict=True)]
    keys = [st.StructField("customer_id", st.StringType()), st.StructField("as_of", st.DateType())]
    return found.mapInArrow(finishing(features, as_of), st.StructType([*keys, *fields]))


def finishing(features: FeatureSet, as_of: date) -> Made:
    """What makes vectors of parts on an executor; only declarations are sent there."""
    plain = FeatureSet(features.name, features.features)

    def finished(batches: Batches) -> Batches:
        for batch in batches:
            rows = pa.Table.from_batches([batch])
            made = plain.columns(in_place(plain.parts, rows, named(plain.parts)))
            keys = {"customer_id": rows["customer_id"].combine_chunks()}
            dates = {"as_of": pa.array([as_of] * len(rows), pa.date32())}
            yield pa.RecordBatch.from_pydict(keys | dates | {n: arrow(v) for n, v in made.items()})

    return finished


def arrow(values: Values) -> pa.Array:
    """A column of a vector; a missing number is null."""
    if values.dtype == object:
        return pa.array(values.tolist(), pa.string())
    return pa.array(values, pa.float64(), from_pandas=True)
