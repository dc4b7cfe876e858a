"""A Spark cluster of two executors, each a process of its own, for as long as the tests run."""

from collections.abc import Iterator
from shutil import which
from typing import TYPE_CHECKING

import pytest

from features.spark.session import Cluster, session_on

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MASTER = "local-cluster[2,1,1024]"
# What takes a machine's own time zone gives other days. The rest saves seconds of short runs.
JAVA = "-Duser.timezone=Asia/Tokyo -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator["SparkSession"]:
    """A session on the cluster."""
    pytest.importorskip("pyspark", reason="no PySpark: it is in the extra spark")
    if which("java") is None:
        pytest.skip("no Java: `make services` installs it")
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
        environment.setenv("TZ", "Asia/Tokyo")
        with session_on(Cluster(MASTER, options)) as session:
            yield session
