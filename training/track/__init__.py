"""Runs, models and the champion in MLflow. The only package that imports mlflow."""

import logging
import os

# MLflow reads these when it is first imported, so they stand before the import.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

from training.track.registry import (
    BUNDLE,
    CHAMPION,
    MODEL_VERSION,
    TEST_DIGEST,
    Registered,
    Registry,
    champion,
    champion_version,
    chronicle,
    crowned,
    fetched,
    judged_on,
    registered,
    tagged,
)
from training.track.runs import Run, Search, noted, ready, record

# Its information is written for those who watch MLflow, not for who trains a churn model.
logging.getLogger("mlflow").setLevel(logging.WARNING)
logging.getLogger("alembic").setLevel(logging.WARNING)
# It prints a traceback of what `faults.writing` says in a sentence.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)

__all__ = [
    "BUNDLE",
    "CHAMPION",
    "MODEL_VERSION",
    "TEST_DIGEST",
    "Registered",
    "Registry",
    "Run",
    "Search",
    "champion",
    "champion_version",
    "chronicle",
    "crowned",
    "fetched",
    "judged_on",
    "noted",
    "ready",
    "record",
    "registered",
    "tagged",
]
