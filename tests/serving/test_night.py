"""A night that survives: killed it goes on, and what looks wrong waits for a person."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest

import churn
from features.errors import TargetError, Unlikely
from features.history import History
from serving.batch import Terms, score_everyone
from serving.dataset import FILE, MANIFEST, PREFIX
from serving.likely import Limits
from serving.scorer import Scorer
from serving.sql_scores import copied
from tests.features import postgres
from tests.serving.company import AS_OF
from tests.serving.night import Survived, data_set, survived, tables

LATER = AS_OF + timedelta(days=1)
FOLDER = f"{PREFIX}{AS_OF}"
KILLS = int(os.environ.get("CHURN_TEST_KILLS", "8"))


def rows_of(scores: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(scores / FOLDER / FILE).to_pylist()
    return rows


def wrong(told: Survived) -> tuple[int, int, int, int, int]:
    return told.lost, told.doubled, told.others, told.torn, len(told.left)


def test_killed_anywhere_once_or_thrice_it_ends_with_the_rows_of_a_run_left_alone(
    home: Path, tmp_path: Path
):
    target = data_set(home / "bundle", str(home / "history"), AS_OF, tmp_path, block=40)
    told = list(survived(target, KILLS, Random(11)))
    assert sum(len(each.kills) for each in told) == KILLS
    assert {each.compared for each in told} == {len(rows_of(tmp_path / "0"))}
    assert {wrong(each) for each in told} == {(0, 0, 0, 0, 0)}


def test_a_run_goes_on_behind_the_blocks_that_a_killed_one_left(
    scorer: Scorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("serving.resumable.AT_ONCE", 50)
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


def test_a_copy_killed_anywhere_leaves_the_run_of_before_or_is_whole_and_the_next_one_ends(
    scorer: Scorer, tmp_path: Path, database: str
):
    others = replace(scorer, limits=(0.001, 0.002, 0.003))
    before = score_everyone(others, AS_OF, tmp_path / "before").folder
    after = score_everyone(scorer, AS_OF, tmp_path / "after").folder
    target = tables(before, after, AS_OF, database)
    told = list(survived(target, KILLS, Random(12)))
    assert sum(len(each.kills) for each in told) == KILLS
    assert {each.compared for each in told} == {len(rows_of(tmp_path / "after"))}
    assert {wrong(each) for each in told} == {(0, 0, 0, 0, 0)}


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
