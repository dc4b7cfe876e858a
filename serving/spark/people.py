"""Everybody known on a date as a table, and what executors make of its rows: people and vectors."""

import hashlib
from collections import Counter
from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from features.columns import in_place
from features.featureset import FeatureSet, Values
from features.history import Known
from features.spark.vectors import Batches, Made, arrow
from features.status import activity_table, marked, status_table
from features.wide import named
from serving.cases import ATTRIBUTES, LEAST_DAYS, TELLING, Cases, person_of
from serving.staged import PERSON, VALUE

HEARD, NEW, HIGH, LOW = "_heard", "_new", "_high", "_low"
HALF = 32  # bits of a row's digest that are summed: enough for thousands of millions of rows
DIGITS = 6


def people(known: Known, use_days: int | None) -> ir.Table:
    """Everybody known: customer_id, days_ago, name, owner, segment, status and whether heard of."""
    status = activity_table(known, use_days) if use_days else status_table(known)
    rows = known.tables["customers"].select("customer_id", "days_ago", *ATTRIBUTES)
    told = rows.left_join(status, "customer_id").drop("customer_id_right")
    telling = [known.tables[n].select("customer_id") for n in TELLING if n in known.tables]
    if not telling:
        return told.mutate(**{HEARD: ibis.literal(True)})
    return marked(told, HEARD, ibis.union(*telling) if len(telling) > 1 else telling[0])


def counted(everybody: ir.Table) -> tuple[int, dict[str, int]]:
    """How many are known, and how many of them get no score, by reason."""
    apart = everybody.mutate(**{NEW: everybody["days_ago"] < LEAST_DAYS})
    groups = apart.group_by(["status", HEARD, NEW]).aggregate(
        customers=apart.count(), days_ago=apart["days_ago"].min()
    )
    found = groups.to_pyarrow().to_pylist()
    aside: Counter[str] = Counter()
    for row in found:
        alike = person_of(dict.fromkeys(PERSON) | row, row["status"], row[HEARD])
        if alike.insufficient:
            aside[alike.insufficient] += row["customers"]
    return sum(row["customers"] for row in found), dict(aside)


def case_schema(features: FeatureSet) -> pa.Schema:
    """A case as a row: the person, the vector with its baselines, and a digest of both."""
    words = [pa.field(name, pa.string()) for name in PERSON]
    vector = [
        pa.field(f"{VALUE}{name}", pa.string() if name in features.categorical else pa.float64())
        for name in (*features.names, *features.baselines)
    ]
    return pa.schema([*words, *vector, pa.field(HIGH, pa.int64()), pa.field(LOW, pa.int64())])


def making_cases(features: FeatureSet) -> Made:
    """What makes cases of people and parts on an executor; only declarations are sent there."""
    plain = FeatureSet(features.name, features.features)

    def made(batches: Batches) -> Batches:
        schema = case_schema(plain)
        for batch in batches:
            rows = pa.Table.from_batches([batch])
            cases = _cases(plain, rows)
            told = {n: [getattr(each, n) for each in cases.people] for n in PERSON}
            vector = {f"{VALUE}{name}": arrow(values) for name, values in cases.columns.items()}
            high, low = _digests(cases)
            row = told | vector | {HIGH: high, LOW: low}
            yield pa.RecordBatch.from_pydict(row, schema=schema)

    return made


def _cases(features: FeatureSet, rows: pa.Table) -> Cases:
    found = rows.select(["customer_id", "days_ago", *ATTRIBUTES, "status", HEARD]).to_pylist()
    told = tuple(person_of(row, row["status"], row[HEARD]) for row in found)
    parts = in_place(features.parts, rows, named(features.parts))
    return Cases(told, features.columns(parts))


def _digests(cases: Cases) -> tuple[list[int], list[int]]:
    """A digest of each case, whatever its place, in two halves."""
    numbers, words = _apart(cases.columns)
    found = [
        hashlib.sha256(f"{person!r}{[word[i] for word in words]!r}".encode() + numbers[i].tobytes())
        for i, person in enumerate(cases.people)
    ]
    wholes = [int.from_bytes(each.digest()[:8], "big") for each in found]
    return [each >> HALF for each in wholes], [each % 2**HALF for each in wholes]


def _apart(columns: Mapping[str, Values]) -> tuple[Values, list[Values]]:
    words = [columns[name] for name in sorted(columns) if columns[name].dtype == object]
    others = [columns[name] for name in sorted(columns) if columns[name].dtype != object]
    numbers = np.round(np.column_stack(others).astype(np.float64), DIGITS) + 0.0  # no -0
    return np.where(np.isnan(numbers), np.nan, numbers), words
