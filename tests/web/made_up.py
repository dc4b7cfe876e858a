"""A small book of customers, as the night's job would have scored it, written by hand."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

REASON = pa.struct(
    {
        "code": pa.string(),
        "theme": pa.string(),
        "text": pa.string(),
        "value": pa.float64(),
        "baseline": pa.float64(),
        "peers": pa.float64(),
        "unit": pa.string(),
        "raises_score": pa.bool_(),
        "points": pa.float64(),
    }
)
SCHEMA = pa.schema(
    {
        "customer_id": pa.string(),
        "name": pa.string(),
        "as_of": pa.date32(),
        "horizon_days": pa.int64(),
        "probability": pa.float64(),
        "typical": pa.float64(),
        "band": pa.string(),
        "mrr": pa.float64(),
        "revenue_at_risk": pa.float64(),
        "rank": pa.int64(),
        "reasons": pa.list_(REASON),
        "protective": pa.list_(REASON),
        "context": pa.list_(REASON),
        "insufficient": pa.string(),
        "model_version": pa.string(),
        "data_until": pa.date32(),
        "scored_at": pa.timestamp("us", "UTC"),
        "owner": pa.string(),
        "segment": pa.string(),
        "plan": pa.string(),
        "days_to_renewal": pa.float64(),
        "status": pa.string(),
    }
)
LIMITS = (("critical", 0.6), ("high", 0.3), ("medium", 0.12), ("low", 0.0))


def reason(
    code: str, text: str, points: float, theme: str = "usage", **rest: Any
) -> dict[str, Any]:
    """One reason; negative points lower the score."""
    said = {"value": None, "baseline": None, "peers": None, "unit": "actions"} | rest
    return {
        "code": code,
        "theme": theme,
        "text": text,
        "raises_score": points > 0,
        "points": points,
        **said,
    }


def scored(customer_id: str, probability: float | None, **rest: Any) -> dict[str, Any]:
    """One customer's row; what is not given is ordinary."""
    mrr = rest.get("mrr", 100.0)
    unsaid = probability is None
    ordinary = {
        "name": customer_id.title(),
        "horizon_days": 90,
        "typical": 0.08,
        "band": "insufficient_data" if unsaid else banded(probability or 0),
        "mrr": mrr,
        "revenue_at_risk": None if unsaid else (probability or 0) * mrr * 12,
        "reasons": [] if unsaid else [reason("events_28d_change_28d", "Actions down", 5.0)],
        "protective": [],
        "context": [],
        "model_version": "7",
        "owner": "Ana Ruiz",
        "segment": "small",
        "plan": "team",
        "days_to_renewal": 120.0,
        "status": "active",
    }
    return {"customer_id": customer_id, "probability": probability, **ordinary, **rest}


def banded(probability: float) -> str:
    """The band of a probability in these tests."""
    return next(band for band, limit in LIMITS if probability >= limit)


def write_run(scores: Path, as_of: date, rows: Sequence[Mapping[str, Any]]) -> None:
    """One finished run in the data set."""
    folder = scores / f"as_of={as_of}"
    folder.mkdir(parents=True)
    about = {
        "as_of": as_of,
        "data_until": as_of,
        "scored_at": datetime(as_of.year, as_of.month, as_of.day, 2, tzinfo=UTC),
    }
    table = pa.Table.from_pylist([about | dict(row) for row in rows], schema=SCHEMA)
    pq.write_table(table, folder / "part-0.parquet")
