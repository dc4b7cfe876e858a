"""The seal: a model that is broken, or says something else than when it was saved, is refused."""

import json
from pathlib import Path
from shutil import copytree

import pytest

from features.errors import ContractError
from tests.moved import moved
from training.model import copied, loaded
from training.seal import SEAL, VECTORS, reference_vectors
from training.train import Trained


@pytest.fixture
def copy(bundle: Path, tmp_path: Path) -> Path:
    return Path(copytree(bundle, tmp_path / "copy"))


@pytest.mark.parametrize("name", ["booster_0_1.txt", "model.json"])
def test_a_file_cut_short_is_named_before_anything_reads_it(copy: Path, name: str):
    whole = (copy / name).read_bytes()
    (copy / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ContractError, match=f"{name} is not what was saved"):
        loaded(copy)


def test_a_file_that_is_gone_is_named(copy: Path):
    (copy / "booster_0_0.txt").unlink()
    with pytest.raises(ContractError, match=r"booster_0_0\.txt is not what was saved"):
        loaded(copy)


def test_a_seal_cut_short_is_an_error_of_its_own(copy: Path):
    (copy / SEAL).write_text((copy / SEAL).read_text()[:100])
    with pytest.raises(ContractError, match=r"The seal .* cannot be read"):
        loaded(copy)


def test_a_model_that_scores_otherwise_than_when_it_was_saved_is_refused(copy: Path):
    said = json.loads((copy / SEAL).read_text())
    said["scores"][0] += 0.001
    (copy / SEAL).write_text(json.dumps(said))
    with pytest.raises(ContractError, match="scores its reference vectors"):
        loaded(copy)


def test_the_reference_vectors_reach_different_leaves(trained: Trained):
    scores = trained.model.probability(reference_vectors(trained.model))
    assert len(scores) == VECTORS
    assert len(set(scores.round(6))) > VECTORS // 2


def test_another_calibration_is_another_score_of_the_same_vectors(trained: Trained, tmp_path):
    trained.model.save(tmp_path / "one")
    moved(trained.model, 0.5).save(tmp_path / "other")
    one, other = (json.loads((tmp_path / name / SEAL).read_text()) for name in ("one", "other"))
    assert one["vectors"] == other["vectors"]
    assert one["scores"] != other["scores"]


def test_a_copy_of_a_model_from_before_there_were_seals_gets_one(copy: Path, tmp_path: Path):
    (copy / SEAL).unlink()
    copied(copy, tmp_path / "sealed")
    assert (tmp_path / "sealed" / SEAL).is_file()
    assert loaded(tmp_path / "sealed").version == loaded(copy).version


def test_a_model_of_another_release_is_refused_in_words(copy: Path):
    (copy / SEAL).unlink()
    said = json.loads((copy / "model.json").read_text())
    del said["components"]
    (copy / "model.json").write_text(json.dumps(said))
    with pytest.raises(ContractError, match=r"cannot be read .KeyError: 'components'"):
        loaded(copy)
