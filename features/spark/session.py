"""Sessions on a Spark cluster: opened for one command, closed when it ends."""

import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from features.errors import SettingsError, SourceError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HERE = "127.0.0.1"
OURS = {
    "spark.app.name": "churn",
    "spark.log.level": "ERROR",
    "spark.sql.session.timeZone": "UTC",  # every moment of a history is in UTC
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.ansi.enabled": "true",  # what overflows is an error, as it is on DuckDB
    "spark.ui.showConsoleProgress": "false",
}
# On this machine alone: nothing listens to others.
ALONE = {
    "spark.driver.host": HERE,
    "spark.driver.bindAddress": HERE,
    "spark.ui.enabled": "false",
}
NO_PANDAS_3 = "PySpark does not yet fully support pandas"  # of what we use, it does


@dataclass(frozen=True)
class Cluster:
    """Where to run: a master's address (None: as `spark-submit` says, or else this machine), and
    options of Spark's own.
    """

    master: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def conf(self) -> dict[str, str]:
        """Every option in force; what is given wins over ours."""
        alone = ALONE if (self.master or "local").startswith("local") else {}
        return {**OURS, **alone, **self.options}


@contextmanager
def session_on(cluster: Cluster) -> Iterator["SparkSession"]:
    """A session on a cluster, or the one that this process has already, which is left open.

    Raises:
        SettingsError: PySpark is not installed.
        SourceError: The session cannot be opened: there is no Java, or no such cluster.
    """
    from_outside = _running()
    spark = from_outside or _opened(cluster)
    try:
        yield spark
    finally:
        if from_outside is None:
            spark.stop()


def _running() -> "SparkSession | None":
    try:
        from pyspark.sql import SparkSession
    except ImportError as missing:
        raise SettingsError(
            "For --engine spark PySpark is needed: pip install 'churn-prediction[spark]'; and "
            "Java 17."
        ) from missing
    return SparkSession.getActiveSession()


def _opened(cluster: Cluster) -> "SparkSession":
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    warnings.filterwarnings("ignore", message=NO_PANDAS_3)
    # Executors on this machine run what this process runs; elsewhere it is set to what is there.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.config(map=dict(cluster.conf))
    builder = builder.master(cluster.master) if cluster.master else builder
    try:
        return builder.getOrCreate()
    except (PySparkException, FileNotFoundError) as error:
        raise SourceError(
            f"Spark does not start at {cluster.master or 'its own master'}: {_first_line(error)} "
            "Java 17 has to be found (JAVA_HOME, or java on the path) and [spark] master to answer."
        ) from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{lines[0].rstrip('.')}." if lines else f"{type(error).__name__}."
