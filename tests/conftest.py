"""What holds in every test: one thread for the numbers, nobody's settings, nothing sent out."""

import os

# Before anything imports numpy or lightgbm.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["BENTOML_DO_NOT_TRACK"] = "True"

from collections.abc import Iterator
from shutil import which
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

settings.register_profile("untimed", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("untimed")

CLUSTER = "local-cluster[2,1,1024]"  # two executors, each a process of its own
# What takes a machine's own time zone gives other days. The rest saves seconds of short runs.
JAVA = "-Duser.timezone=Asia/Tokyo -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CHURN_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator["SparkSession"]:
    """A session on a Spark cluster of our own, for as long as the tests run."""
    pytest.importorskip("pyspark", reason="no PySpark: it is in the extra spark")
    if which("java") is None:
        pytest.skip("no Java: `make services` installs it")
    from features.spark.session import Cluster, session_on

    work = tmp_path_factory.mktemp("spark")
    options = {
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.local.dir": str(work),
        "spark.sql.warehouse.dir": str(work / "warehouse"),
        "spark.driver.extraJavaOptions": JAVA,
        "spark.executor.extraJavaOptions": JAVA,
    }
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SPARK_WORKER_DIR", str(work))
        with session_on(Cluster(CLUSTER, options)) as session:
            yield session
