"""The night's job: all or nothing, once, and every customer accounted for."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import churn
from features.errors import Busy, InsufficientData, StaleData
from features.locked import LOCK
from serving.batch import Outcome, Terms, score_everyone
from serving.board import Board
from serving.bundle import LOCK as PUBLISHING
from serving.bundle import bundle_at, published
from serving.dataset import FILE, MANIFEST, SCHEMA, SUCCESS, run_before, run_of
from serving.schemas import Prediction
from serving.scorer import Scorer
from serving.staged import digest_of
from tests.serving.company import AS_OF
from training.model import loaded

LATER = AS_OF + timedelta(days=1)
FOLDER = f"as_of={AS_OF}"


@pytest.fixture(scope="module")
def written(scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scores of one date, to be copied."""
    scores = tmp_path_factory.mktemp("written") / "scores"
    ran(scorer, scores)
    return scores


@pytest.fixture
def scores(written: Path, tmp_path: Path) -> Path:
    """A test's own scores: one date is there."""
    return copytree(written, tmp_path / "scores")


def ran(scorer: Scorer, scores: Path, as_of: date = AS_OF) -> Outcome:
    return score_everyone(scorer, as_of, scores)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def manifest(scores: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((scores / FOLDER / MANIFEST).read_text())
    return said


def rows_of(scores: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(scores / FOLDER / FILE).to_pylist()
    return rows


def test_a_run_is_one_file_a_manifest_and_a_mark_that_it_succeeded(scorer: Scorer, tmp_path: Path):
    outcome = ran(scorer, tmp_path)
    assert outcome.changed
    assert outcome.folder == tmp_path / FOLDER
    assert manifest(tmp_path) == outcome.manifest
    assert sorted(f.name for f in outcome.folder.iterdir()) == sorted([FILE, MANIFEST, SUCCESS])
    assert sorted(f.name for f in tmp_path.iterdir()) == [LOCK, "_answers", FOLDER]


def test_every_customer_is_scored_or_set_aside_and_counted(scorer: Scorer, scores: Path):
    said, rows = manifest(scores), rows_of(scores)
    assert said["customers"] == said["scored"] + sum(said["set_aside"].values())
    assert len(rows) == said["rows"] == sum(said["by_band"].values())
    assert sum(row["probability"] is not None for row in rows) == said["scored"]
    money = sum(row["revenue_at_risk"] or 0 for row in rows)
    assert money == pytest.approx(said["revenue_at_risk"])
    assert (said["model_version"], said["as_of"]) == (scorer.model.version, "2026-11-01")
    assert said["previous"] is None


def test_the_rows_say_what_the_scorer_says(scorer: Scorer, scores: Path):
    found = {row["customer_id"]: row for row in rows_of(scores)}
    for one in scorer.score([min(found), "noticed"], AS_OF):
        row = found[one.customer_id]
        assert row["probability"] == one.probability
        assert row["band"] == one.band
        assert row["insufficient"] == one.insufficient
        assert [r["text"] for r in row["reasons"]] == [r.text for r in one.reasons]
        assert {t["theme"]: t["points"] for t in row["themes"]} == one.themes


def test_the_columns_are_those_of_a_prediction(scores: Path):
    written = pq.read_schema(scores / FOLDER / FILE).remove_metadata()
    assert list(written)[: len(SCHEMA)] == list(SCHEMA)
    assert written.names[len(SCHEMA) :] == ["probability_30", "probability_60"]
    apart = {"by_days", "by_cause", "stale"}  # a column for each day and cause; told when asked
    causes = {"probability_voluntary", "probability_involuntary"}
    assert set(SCHEMA.names) - causes == set(Prediction.model_fields) - apart


def test_a_second_run_on_the_same_inputs_changes_no_byte_and_says_so(scorer: Scorer, scores: Path):
    before = contents(scores / FOLDER)
    later = replace(scorer, clock=lambda: scorer.clock() + timedelta(hours=9))
    again = ran(later, scores)
    assert (again.changed, again.manifest) == (False, manifest(scores))
    assert contents(scores / FOLDER) == before


def test_other_inputs_replace_a_run(scorer: Scorer, scores: Path):
    before = manifest(scores)
    again = ran(replace(scorer, limits=(0.01, 0.02, 0.03)), scores)
    assert again.changed
    assert again.manifest["by_band"] != before["by_band"]
    assert manifest(scores) == again.manifest
    assert sorted(f.name for f in scores.iterdir()) == [LOCK, "_answers", FOLDER]


def test_a_changed_name_and_a_changed_value_are_other_inputs(scorer: Scorer):
    cases = scorer.cases(["c001", "c002"], AS_OF)
    renamed = replace(cases, people=(replace(cases.people[0], name="New"), cases.people[1]))
    moved = replace(cases, columns={**cases.columns, "mrr": cases.columns["mrr"] + 0.01})
    swapped = cases.where(np.array([1, 0]))
    digests = {digest_of(found) for found in (cases, renamed, moved, swapped)}
    assert len(digests) == 4
    assert digest_of(scorer.cases(["c001", "c002"], AS_OF)) == digest_of(cases)


@pytest.mark.parametrize("lost", [SUCCESS, MANIFEST])
def test_a_run_that_was_cut_off_is_written_again(scorer: Scorer, scores: Path, lost: str):
    (scores / FOLDER / lost).unlink()
    assert ran(scorer, scores).changed
    assert (scores / FOLDER / lost).is_file()


def test_a_run_that_fails_half_way_leaves_what_was_there(scorer: Scorer, scores: Path):
    before = contents(scores / FOLDER)

    def failing(_done: int) -> None:
        raise KeyboardInterrupt

    stricter = replace(scorer, limits=(0.01, 0.02, 0.03))
    with pytest.raises(KeyboardInterrupt):
        score_everyone(stricter, AS_OF, scores, step=failing)
    assert contents(scores / FOLDER) == before
    assert ran(replace(scorer, limits=(0.02, 0.03, 0.04)), scores).changed
    assert sorted(f.name for f in scores.iterdir()) == [LOCK, "_answers", FOLDER]


def test_a_run_knows_the_one_before_it(scorer: Scorer, scores: Path):
    first = {"as_of": "2026-11-01", "model_version": scorer.model.version}
    assert ran(scorer, scores, LATER).manifest["previous"] == first
    assert run_before(scores, LATER) == run_of(scores, AS_OF)
    assert run_before(scores, AS_OF) is None


def test_the_pages_read_what_the_job_writes(scores: Path):
    board = Board(scores).scored()
    assert board is not None
    assert (board.latest.as_of, board.latest.customers) == (AS_OF, manifest(scores)["rows"])


def test_data_older_than_its_limit_is_not_scored(scorer: Scorer, scores: Path):
    old = r"'usage' ends on 2026-10-30; its limit is 4 days before 2026-11-04"
    with pytest.raises(StaleData, match=old):
        score_everyone(scorer, date(2026, 11, 4), scores, Terms({"usage": 4}))
    with pytest.raises(StaleData, match="'milestones' has no row"):
        score_everyone(scorer, AS_OF, scores, Terms({"milestones": 2}))
    assert not score_everyone(scorer, AS_OF, scores, Terms({"usage": 2})).changed


def test_a_date_on_which_nobody_can_be_scored_is_an_error(scorer: Scorer, scores: Path):
    with pytest.raises(InsufficientData, match="Nobody can be scored on 2020-01-01"):
        ran(scorer, scores, date(2020, 1, 1))
    assert run_of(scores, date(2020, 1, 1)) is None


HOLD = """
import sys
from pathlib import Path
from features.locked import only_writer
with only_writer(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(scores: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that writes into the scores until it is told to end."""
    command = [sys.executable, "-c", HOLD, str(scores)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_of_two_runs_at_once_one_works_and_the_other_says_so(
    scorer: Scorer, scores: Path, holder: "subprocess.Popen[str]"
):
    before = contents(scores / FOLDER)
    with pytest.raises(Busy, match=f"Process {holder.pid} is writing"):
        ran(replace(scorer, limits=(0.01, 0.02, 0.03)), scores)
    assert contents(scores / FOLDER) == before
    assert holder.poll() is None


def test_two_writers_cannot_hold_the_data_set_at_once(
    scores: Path, holder: "subprocess.Popen[str]"
):
    with (scores / LOCK).open() as lock, pytest.raises(BlockingIOError):
        flock(lock, LOCK_EX | LOCK_NB)
    assert (scores / LOCK).read_text() == str(holder.pid)


@pytest.fixture
def at_home(home: Path, scores: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of a command: the company's history and model, a test's own scores."""
    monkeypatch.setenv("CHURN_HOME", str(home))
    monkeypatch.setenv("CHURN_SCORES", str(scores))


@pytest.mark.usefixtures("at_home")
def test_churn_score_writes_the_default_date_and_says_so_as_json(
    scores: Path, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        churn.main(["score", "--earlier", "1", "--json"])
    assert not ended.value.code
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert [run["as_of"] for run in runs] == ["2026-10-05", "2026-11-02"]
    assert [run["folder"] for run in runs] == [
        str(scores / f"as_of={run['as_of']}") for run in runs
    ]


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "said"),
    [
        (["--as-of", "2999-01-01"], {}, 2, "lies in the future"),
        (
            ["--as-of", "2026-10-01"],
            {"CHURN_FRESHNESS_DAYS": '{"surveys": 1}'},
            4,
            "'surveys' ends",
        ),
        (["--as-of", "2020-01-01"], {}, 3, "Nobody can be scored"),
        ([], {"CHURN_BUNDLE": "nowhere"}, 6, "No model at nowhere"),
        ([], {"CHURN_HISTORY": "nowhere"}, 3, "No history at nowhere"),
    ],
)
@pytest.mark.usefixtures("at_home")
def test_churn_score_ends_with_a_code_for_each_kind_of_failure(
    arguments: list[str],
    settings: dict[str, str],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        churn.main(["score", *arguments])
    assert ended.value.code == code
    assert said in capsys.readouterr().err


def test_a_bundle_points_to_its_newest_model_and_keeps_the_one_before(home: Path, tmp_path: Path):
    place = tmp_path / "bundle"
    versions = [_version(home, tmp_path, name) for name in ("v1", "v2", "v3")]
    for made in versions:
        assert published(made, place) == bundle_at(place)
    assert sorted(f.name for f in place.iterdir()) == [PUBLISHING, "current", "v2", "v3"]
    assert published(versions[2], place) == place / "v3"
    assert sorted(f.name for f in place.iterdir()) == [PUBLISHING, "current", "v2", "v3"]


def _version(home: Path, folder: Path, name: str) -> Path:
    model = loaded(home / "made")
    replace(model, about={**model.about, "version": name}).save(folder / f"made-{name}")
    return folder / f"made-{name}"


def test_a_bundle_is_found_beside_the_code_where_the_process_runs_elsewhere(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert bundle_at(Path("bundle"), beside=home) == bundle_at(home / "bundle")
