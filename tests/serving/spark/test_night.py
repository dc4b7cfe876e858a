"""The night on Spark writes what the night on one machine writes."""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow.parquet as pq
import pytest

pytest.importorskip("pyspark", reason="no PySpark: it is in the extra spark")

import churn
from features.usable import usable
from serving.batch import score_everyone
from serving.dataset import FILE, MANIFEST, SUCCESS
from tests.features.spark.killing import killed_while
from tests.serving.company import AS_OF

FOLDER = f"as_of={AS_OF}"
APART = {"data_digest", "created_at", "folder"}  # of the manifest, what may differ


@pytest.fixture
def at_home(home, tmp_path, monkeypatch):
    """The settings of a command: the company's history and model, a test's own scores."""
    monkeypatch.setenv("CHURN_HOME", str(home))
    monkeypatch.setenv("CHURN_SCORES", str(tmp_path / "spark"))


def assert_alike(found: Any, expected: Any, where: str) -> None:
    """Equal, numbers within 1e-9, whatever lies in what."""
    if isinstance(expected, Mapping):
        assert found.keys() == expected.keys(), where
        for name in expected:
            assert_alike(found[name], expected[name], f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for place, each in enumerate(expected):
            assert_alike(found[place], each, f"{where}[{place}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9), where
    else:
        assert found == expected, where


@pytest.mark.usefixtures("at_home", "spark")
def test_scores_reasons_and_ranks_are_those_of_one_machine_and_a_second_run_changes_nothing(
    scorer, tmp_path, capsys
):
    local = scorer.beside(usable(scorer.history)[0])
    expected = score_everyone(local, AS_OF, tmp_path / "local")
    asked = ["score", "--engine", "spark", "--as-of", str(AS_OF), "--json"]
    churn.run(asked, standalone=False)
    [said] = json.loads(capsys.readouterr().out)["runs"]
    made = tmp_path / "spark" / FOLDER
    assert sorted(file.name for file in made.iterdir()) == sorted([FILE, MANIFEST, SUCCESS])
    assert [path.name for path in (tmp_path / "spark").glob(".*") if path.is_dir()] == []
    told = {name: value for name, value in said.items() if name not in APART}
    was = json.loads(json.dumps(dict(expected.manifest), default=str)) | {"changed": True}
    assert_alike(told, {n: v for n, v in was.items() if n not in APART}, "manifest")
    here, there = pq.read_table(made / FILE), pq.read_table(expected.folder / FILE)
    assert here.schema.remove_metadata() == there.schema.remove_metadata()
    found, rows = (t.drop_columns("scored_at").to_pylist() for t in (here, there))
    assert_alike(found, rows, "rows")
    before = (made / FILE).read_bytes()
    churn.run(asked, standalone=False)
    [again] = json.loads(capsys.readouterr().out)["runs"]
    assert not again["changed"]
    assert (made / FILE).read_bytes() == before


@pytest.mark.usefixtures("at_home", "spark")
def test_an_executor_that_is_killed_while_it_tells_scores_costs_no_customer(scorer, tmp_path):
    local = scorer.beside(usable(scorer.history)[0])
    expected = score_everyone(local, AS_OF, tmp_path / "local")
    scores = tmp_path / "spark"
    with killed_while(lambda: any(scores.glob(".*/told/_temporary"))) as dead:
        churn.run(["score", "--engine", "spark", "--as-of", str(AS_OF)], standalone=False)
    assert dead
    tables = (pq.read_table(folder / FILE) for folder in (scores / FOLDER, expected.folder))
    found, rows = (table.drop_columns("scored_at").to_pylist() for table in tables)
    assert_alike(found, rows, "rows")


def test_what_is_sent_to_executors_holds_no_model(scorer):
    from pickle import dumps

    from serving.spark.telling import sent, telling

    told_of = sent(scorer, "churn-archive", AS_OF)
    assert len(dumps(told_of)) < 20_000
    assert telling(told_of).__closure__ is not None
