"""A store that is full or cannot be written is named, and never holds half a model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from features.errors import ModelMissing, TargetError
from tests.disks import closed, filled, mounted
from tests.training.conftest import LABEL
from training import track
from training.recorded import report
from training.run import Outcome
from training.track import Registry, Run


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for a registry, not for much else."""
    yield from mounted(tmp_path / "disk", "size=6m")


@pytest.fixture
def left(outcome: Outcome) -> Run:
    return report(outcome.trained, outcome.verdict, LABEL, "EUR")


def at(place: Path, artifacts: Path) -> Registry:
    return Registry(f"sqlite:///{place}/mlflow.db", "churn", artifacts)


@pytest.mark.parametrize("apart", [True, False])
def test_a_disk_that_fills_up_while_a_run_is_recorded_leaves_no_model(
    disk: Path, tmp_path: Path, outcome: Outcome, left: Run, apart: bool
):
    registry = at(disk, tmp_path / "artifacts" if apart else disk / "artifacts")
    track.ready(registry)
    filled(disk, left=8_192 if apart else 65_536)
    with pytest.raises(
        TargetError, match=r"(?s)the disk is full|disk is full.*No model was regist"
    ):
        track.record(registry, outcome.trained.model, left)
    (disk / "others").unlink()
    with pytest.raises(ModelMissing, match="There is no model"):
        track.registered(registry)
    made = track.record(registry, outcome.trained.model, left, {"gate": "hold"})
    assert (made.version, made.tags["gate"]) == ("1", "hold")
    assert track.champion_version(registry) is None


def test_a_store_that_cannot_be_written_is_named_before_anything_is_trained(disk: Path):
    track.ready(at(disk, disk / "artifacts"))
    with closed(disk) as place:
        with pytest.raises(TargetError, match=r"mlflow\.db cannot be written"):
            track.ready(at(place, place / "artifacts"))
        with pytest.raises(TargetError, match=r"other\.db.* the disk is read-only"):
            track.ready(Registry(f"sqlite:///{place}/other.db", "churn", place / "artifacts"))


def test_a_disk_too_small_for_a_new_store_is_left_without_one(disk: Path):
    filled(disk, left=300_000)
    with pytest.raises(TargetError, match=r"mlflow\.db cannot be written: .*disk is full"):
        track.ready(at(disk, disk / "artifacts"))
    assert [file.name for file in disk.iterdir()] == ["others"]


def test_a_full_place_for_artifacts_is_named_before_anything_is_trained(disk: Path, tmp_path: Path):
    filled(disk, left=65_536)
    with pytest.raises(TargetError, match="the disk is full"):
        track.ready(at(tmp_path, disk))
