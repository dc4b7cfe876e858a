"""A night that survives: killed it goes on, and what looks wrong waits for a person."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest

import churn
from features.errors import TargetError, Unlikely
from features.history import History
from serving.batch import Terms, score_everyone
from serving.dataset import FILE, MANIFEST, PREFIX, SUCCESS
from serving.likely import Limits
from serving.scorer import Scorer
from serving.sql_scores import copied
from tests.features import postgres
from tests.serving.company import AS_OF

LATER = AS_OF + timedelta(days=1)
FOLDER = f"{PREFIX}{AS_OF}"
KILLS = int(os.environ.get("CHURN_TEST_KILLS", "4"))


def night(home: Path, scores: Path, last: int) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.serving.killed", str(home), str(scores), str(last)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rows_of(scores: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(scores / FOLDER / FILE).to_pylist()
    return rows


def test_killed_twice_at_random_points_it_ends_with_the_rows_of_a_run_left_alone(
    home: Path, tmp_path: Path
):
    alone = night(home, tmp_path / "alone", 0)
    assert alone.returncode == 0, alone.stderr
    draw, undisturbed = random.Random(11), rows_of(tmp_path / "alone")
    for place in range(KILLS // 2):
        scores = tmp_path / f"killed-{place}"
        for _ in range(2):
            killed = night(home, scores, draw.randint(1, int(alone.stdout)))
            assert killed.returncode in (0, -9), killed.stderr
            whole = scores / FOLDER
            assert not whole.exists() or sorted(f.name for f in whole.iterdir()) == sorted(
                [FILE, MANIFEST, SUCCESS]
            )
        assert night(home, scores, 0).returncode == 0
        assert rows_of(scores) == undisturbed
        assert [f.name for f in scores.glob(f".{PREFIX}*")] == []


def test_a_run_goes_on_behind_the_blocks_that_a_killed_one_left(
    scorer: Scorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("serving.resumable.AT_ONCE", 50)
    monkeypatch.setattr("serving.predictions.AT_ONCE", 50)
    seen: list[int] = []

    def failing(more: int) -> None:
        seen.append(more)
        if sum(seen) >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_everyone(scorer, AS_OF, tmp_path, step=failing)
    again: list[int] = []
    score_everyone(scorer, AS_OF, tmp_path, step=again.append)
    assert again[0] == 100  # two blocks were there


def without_usage_of_half(history: History) -> History:
    tables = dict(history.tables)
    tables["usage"] = tables["usage"].filter(tables["usage"]["user_id"].endswith("1"))
    return replace(history, tables=tables)


def test_a_table_that_shrank_holds_the_run_back_until_somebody_says_why(
    scorer: Scorer, history: History, tmp_path: Path
):
    score_everyone(scorer, AS_OF, tmp_path)
    shrunken = scorer.beside(without_usage_of_half(history))
    with pytest.raises(Unlikely, match=r"rows of 'usage' after .* on 2026-11-01"):
        score_everyone(shrunken, LATER, tmp_path)
    assert not (tmp_path / f"{PREFIX}{LATER}").exists()
    told = score_everyone(shrunken, LATER, tmp_path, Terms(accepted="the old events were deleted"))
    assert told.manifest["accepted"] == "the old events were deleted"


def test_too_many_customers_in_another_band_hold_the_run_back(scorer: Scorer, tmp_path: Path):
    score_everyone(scorer, AS_OF, tmp_path)
    other = replace(scorer, limits=(0.001, 0.002, 0.003))
    with pytest.raises(Unlikely, match=r"% of the customers are in another band"):
        score_everyone(other, LATER, tmp_path)
    assert score_everyone(other, LATER, tmp_path, Terms(limits=Limits(moved=1.0))).changed


def test_a_first_run_has_nothing_to_differ_from(scorer: Scorer, tmp_path: Path):
    assert score_everyone(scorer, AS_OF, tmp_path, Terms(limits=Limits(0.001, 0.001))).changed


def test_a_dry_run_says_what_would_be_published_and_writes_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("CHURN_HOME", str(home))
    arguments = ["score", "--as-of", str(AS_OF), "--to", str(tmp_path / "scores"), "--dry-run"]
    with pytest.raises(SystemExit) as ended:
        churn.main([*arguments, "--json"])
    assert not ended.value.code
    said = json.loads(capsys.readouterr().out)
    assert (said["held_back_by"], said["as_of"]) == ([], str(AS_OF))
    assert not (tmp_path / "scores").exists()


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A real PostgreSQL."""
    try:
        with postgres.served() as url:
            yield url
    except postgres.Unavailable as why:
        pytest.skip(f"no PostgreSQL: {why}")


def test_a_run_is_copied_into_postgresql_whole_and_once(
    scorer: Scorer, tmp_path: Path, database: str
):
    outcome = score_everyone(scorer, AS_OF, tmp_path)
    assert copied(outcome.folder, AS_OF, database)
    assert not copied(outcome.folder, AS_OF, database)
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "SELECT customer_id, probability, band, said->>'name' FROM churn_scores ORDER BY 1"
        ).fetchall()
    wanted = sorted(rows_of(tmp_path), key=lambda row: row["customer_id"])
    names = ("customer_id", "probability", "band", "name")
    assert sorted(found) == [tuple(row[name] for name in names) for row in wanted]


def test_a_copy_that_fails_half_way_leaves_the_tables_as_they_were(
    scorer: Scorer, tmp_path: Path, database: str
):
    outcome = score_everyone(scorer, AS_OF, tmp_path)
    copied(outcome.folder, AS_OF, database)
    rows = pq.read_table(outcome.folder / FILE)
    pq.write_table(rows.take([0, 1, 0]), outcome.folder / FILE)  # the same customer twice
    manifest = json.loads((outcome.folder / MANIFEST).read_text()) | {"other": True}
    (outcome.folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(TargetError, match="taken back whole"):
        copied(outcome.folder, AS_OF, database)
    with psycopg.connect(database) as connection:
        [count] = connection.execute("SELECT count(*) FROM churn_scores").fetchall()
    assert count == (len(rows),)
