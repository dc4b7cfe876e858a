"""`churn monitor` over the made-up company: what it finds, keeps, says and ends with."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import churn
from features.drift import REFERENCE, reference_of
from features.errors import ExitCode
from serving.batch import score_everyone
from serving.bundle import bundle_at
from serving.monitor.chronicle import FILE
from serving.monitor.look import _active
from serving.scorer import Scorer
from tests.serving.company import AS_OF
from training.forecast import forecast

Ran = Callable[..., tuple[int, Any]]
# The company's customers come in no rhythm: what is stale there has to be said.
SELDOM = {"customers": 60, "subscriptions": 60, "surveys": 90}


@pytest.fixture(scope="module")
def watched(home: Path, scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company scored on two dates, its bundle with a reference of both."""
    place = tmp_path_factory.mktemp("watched")
    shutil.copytree(home / "bundle", place / "bundle")
    (place / "history").symlink_to(home / "history")
    before = [_active(scorer, AS_OF - timedelta(days=days)).columns for days in (0, 7)]
    columns = {name: np.concatenate([each[name] for each in before]) for name in before[0]}
    known, score = scorer.model.features, scorer.model.probability(columns)
    made = reference_of(columns, known.categorical, known.names, score)
    said = made.said() | {"forecast": forecast(score).said()}
    (bundle_at(place / "bundle") / REFERENCE).write_text(json.dumps(said))
    for days in (7, 0):
        score_everyone(scorer, AS_OF - timedelta(days=days), place / "scores")
    return place


@pytest.fixture
def ran(watched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Ran:
    """Runs `churn monitor --json` with findings of its own: its exit code and what it said."""
    monkeypatch.setenv("CHURN_HOME", str(watched))
    monkeypatch.setenv("CHURN_FINDINGS", str(tmp_path / "findings"))
    monkeypatch.setenv("CHURN_GAP_DAYS", "7")
    monkeypatch.setenv("CHURN_FRESHNESS_DAYS", json.dumps(SELDOM))

    def _ran(*arguments: str) -> tuple[int, Any]:
        with pytest.raises(SystemExit) as ended:
            churn.main(["monitor", "--json", *arguments])
        said = capsys.readouterr()
        return int(ended.value.code or 0), json.loads(said.out or said.err)

    return _ran


def subjects(said: Any, severity: str) -> list[str]:
    return [f"{f['check']}/{f['subject']}" for f in said["findings"] if f["severity"] == severity]


def test_on_the_day_the_data_ends_nothing_cannot_wait(ran: Ran, tmp_path: Path) -> None:
    code, said = ran("--on", str(AS_OF))
    assert (code, subjects(said, "critical")) == (ExitCode.OK, [])
    assert said["as_of"] == str(AS_OF)
    assert set(said["measured"]) >= {"freshness", "missing", "drift", "bands", "list", "forecast"}
    assert said["measured"]["drift"][0]["column"] == "score"
    assert (tmp_path / "findings" / FILE).is_file()


def test_weeks_later_every_table_is_stale_and_the_command_ends_with_10(
    ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = ran("--on", str(AS_OF + timedelta(days=20)))
    assert code == ExitCode.FINDINGS
    assert "freshness/usage" in subjects(said, "critical")
    assert ran("--on", str(AS_OF + timedelta(days=20)), "--fail-on", "never")[0] == ExitCode.OK
    monkeypatch.setenv("CHURN_FRESHNESS_DAYS", json.dumps(SELDOM | {"usage": 30}))
    code, said = ran("--on", str(AS_OF + timedelta(days=20)))
    assert "freshness/usage" not in subjects(said, "critical")


def test_since_when_is_kept_from_one_look_to_the_next(ran: Ran) -> None:
    first, later = (str(AS_OF + timedelta(days=days)) for days in (20, 21))
    ran("--on", first)
    _, said = ran("--on", later)
    [stale] = [f for f in said["findings"] if f["subject"] == "usage"]
    assert stale["since"] == first


def test_a_dry_run_leaves_nothing(ran: Ran, tmp_path: Path) -> None:
    assert ran("--dry-run", "--on", str(AS_OF))[0] == ExitCode.OK
    assert not (tmp_path / "findings").exists()


def test_a_day_to_come_is_refused(ran: Ran) -> None:
    code, said = ran("--on", "2199-01-01")
    assert (code, said["error"]) == (ExitCode.ARGUMENTS, "SettingsError")


def test_a_person_reads_a_table(ran: Ran, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        churn.main(["monitor", "--on", str(AS_OF)])
    said = capsys.readouterr().out
    assert f"looked at on {AS_OF}" in " ".join(said.split())
    assert "last row, days ago" in said
    assert "expected of the test" in said
