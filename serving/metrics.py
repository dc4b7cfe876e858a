"""What Prometheus reads: counts and times by route, band, theme and model, never by a path or id.

BentoML names a folder in which its workers share their counts (prometheus-client's multiprocess
mode), so that any of them answers for all.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from serving.schemas import Prediction

TYPE = CONTENT_TYPE_LATEST
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SIZES = (1, 2, 5, 10, 50, 100, 500, 1_000)

REQUESTS = Counter("churn_requests", "Requests answered.", ["route", "status"])
LATENCY = Histogram("churn_request_seconds", "Time to answer.", ["route"], buckets=SECONDS)
IN_FLIGHT = Gauge(
    "churn_requests_in_flight", "Requests being answered.", multiprocess_mode="livesum"
)
SCORES = Counter("churn_scores", "Predictions made, by band.", ["band"])
REASONS = Counter("churn_reasons", "Reasons given that raise a score, by theme.", ["theme"])
BATCH = Histogram("churn_batch_customers", "Customers scored at a time.", buckets=SIZES)
MODEL = Gauge(
    "churn_model_workers",
    "Workers that answer with a model.",
    ["version"],
    multiprocess_mode="livesum",
)
TRAINED = Gauge(
    "churn_model_trained_timestamp_seconds",
    "The as-of date that the model was trained on.",
    multiprocess_mode="livemostrecent",
)
REFUSED = Counter("churn_models_refused", "Published models that were refused.")
LOOKED = Gauge(
    "churn_model_looked_timestamp_seconds",
    "When a worker last looked for another model.",
    multiprocess_mode="livemin",
)
REACHES = Gauge(
    "churn_data_until_timestamp_seconds",
    "The last day with a row known, by table.",
    ["table"],
    multiprocess_mode="livemostrecent",
)
ISSUER_AWAY = Counter(
    "churn_issuer_away", "Times that the keys which tokens are checked by could not be had."
)
LOGGED = Counter("churn_logged_predictions", "Predictions written into the prediction log.")
UNLOGGED = Counter("churn_unlogged_predictions", "Predictions not logged, by why.", ["why"])
WAITING = Gauge(
    "churn_waiting_predictions", "Predictions that wait to be logged.", multiprocess_mode="livesum"
)

FINDINGS = Gauge(
    "churn_findings",
    "Findings of the monitor that stand, by check and severity.",
    ["check", "severity"],
    multiprocess_mode="livemostrecent",
)
MONITORED = Gauge(
    "churn_monitor_looked_timestamp_seconds",
    "When the monitor last looked.",
    multiprocess_mode="livemostrecent",
)


def counted(predictions: Sequence[Prediction]) -> None:
    """Count what was said of customers."""
    if predictions:
        BATCH.observe(len(predictions))
    for told in predictions:
        SCORES.labels(told.band.value).inc()
        for reason in told.reasons:
            REASONS.labels(reason.theme).inc()


def answering_with(version: str, before: str | None = None) -> None:
    """Say which model this worker answers with; its version begins with the day of its training."""
    if before is not None:
        MODEL.labels(before).set(0)
    MODEL.labels(version).set(1)
    try:
        TRAINED.set(_seconds(date.fromisoformat(version[:10])))
    except ValueError:
        TRAINED.set(float("nan"))


def reaching(days: Mapping[str, date]) -> None:
    """Say how far each table of the history reaches."""
    for table, day in days.items():
        REACHES.labels(table).set(_seconds(day))


def exposed() -> bytes:
    """All workers' metrics, as Prometheus reads them."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    return generate_latest(shared)


def _seconds(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()
