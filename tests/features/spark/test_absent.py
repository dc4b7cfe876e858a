"""Without PySpark, or without Java, what is missing is named."""

import sys

import pytest

import churn
from features.errors import SettingsError
from features.spark.session import Cluster


def test_where_pyspark_is_not_installed_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(SettingsError, match=r"pip install 'churn-prediction\[spark\]'"):
        churn.run(["features", "--as-of", "2024-03-01", "--engine", "spark"], standalone=False)


def test_options_given_win_over_ours_and_only_this_machine_listens_to_itself_alone():
    given = {"spark.log.level": "WARN"}
    assert Cluster(None, given).conf["spark.log.level"] == "WARN"
    assert Cluster("local-cluster[2,1,1024]").conf["spark.driver.host"] == "127.0.0.1"
    assert "spark.driver.host" not in Cluster("spark://far.example:7077").conf
    assert Cluster("yarn").conf["spark.sql.session.timeZone"] == "UTC"
