"""A new model takes its place when it is whole; otherwise the old one goes on answering."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from threading import Event, Thread

import pytest

from features.errors import ContractError, ModelMissing, SourceError
from serving.bands import limits_of
from serving.bundle import POINTER, bundle_at, published
from serving.follow import Champions, follow, publish_champion
from serving.live import Live, Watch
from serving.scorer import Scorer
from tests.moved import moved
from tests.serving.company import AS_OF
from training.model import loaded

CUSTOMER = "c002"


@pytest.fixture
def bundle(home: Path, tmp_path: Path) -> Path:
    """A bundle with the company's model in force."""
    return Path(copytree(home / "bundle", tmp_path / "bundle"))


@pytest.fixture
def live(bundle: Path, scorer: Scorer) -> Live:
    """What answers from the bundle."""

    def opened(place: Path) -> Scorer:
        model = loaded(place)
        return replace(scorer, model=model, limits=limits_of(model.about))

    return Live(lambda: bundle_at(bundle), opened)


def other(home: Path, folder: Path, version: str = "other") -> Path:
    """A model that gives everybody higher odds."""
    model = loaded(bundle_at(home / "bundle"))
    moved(model, 1, version).save(folder / version)
    return folder / version


def point(bundle: Path, version: str) -> None:
    (bundle / POINTER).write_text(version)


def test_a_published_model_answers_at_the_next_look(
    live: Live, bundle: Path, home: Path, tmp_path: Path
):
    before = live.scorer.one(CUSTOMER, AS_OF)
    published(other(home, tmp_path), bundle)
    assert live.look()
    after = live.scorer.one(CUSTOMER, AS_OF)
    assert (before.model_version, after.model_version) == (bundle_at(home / "bundle").name, "other")
    assert (after.probability or 0) > (before.probability or 1)


def test_who_began_with_the_old_model_ends_with_it(
    live: Live, bundle: Path, home: Path, tmp_path: Path
):
    held = live.scorer
    published(other(home, tmp_path), bundle)
    live.look()
    assert held is not live.scorer
    assert held.one(CUSTOMER, AS_OF).model_version != "other"
    assert held.reading is live.scorer.reading  # one connection, so one lock


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("truncated", "booster_0_0.txt is not what was saved"),
        ("contract", "trained on events_28d"),
        ("score", "scores its reference vectors"),
        ("empty", "No model at"),
    ],
)
def test_a_broken_model_is_refused_and_the_old_one_goes_on(
    live: Live,
    bundle: Path,
    home: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    broken: str,
    said: str,
):
    place = Path(copytree(other(home, tmp_path), bundle / "other"))
    BREAK[broken](place)
    point(bundle, "other")
    before = live.scorer
    assert not live.look()
    assert not live.look()
    assert live.scorer is before
    [refused] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert said in refused.getMessage()


def _truncated(place: Path) -> None:
    (place / "booster_0_0.txt").write_text("tree\nversion=v4\n")


def _contract(place: Path) -> None:
    """A model of a release that declares a feature otherwise, with a seal that fits its files."""
    model = json.loads((place / "model.json").read_text())
    model["contract"]["events_28d"] = "something else"
    (place / "model.json").write_text(json.dumps(model))
    (place / "seal.json").unlink()


def _score(place: Path) -> None:
    seal = json.loads((place / "seal.json").read_text())
    seal["scores"] = [score / 2 for score in seal["scores"]]
    (place / "seal.json").write_text(json.dumps(seal))


def _empty(place: Path) -> None:
    for file in place.iterdir():
        file.unlink()


BREAK = {"truncated": _truncated, "contract": _contract, "score": _score, "empty": _empty}


def test_a_refused_model_that_was_mended_answers_when_it_is_asked_for_again(
    live: Live, bundle: Path, home: Path, tmp_path: Path
):
    whole = other(home, tmp_path)
    _truncated(Path(copytree(whole, bundle / "other")))
    point(bundle, "other")
    assert not live.look()
    published(whole, bundle)  # finds the broken copy and replaces it
    assert not live.look()
    assert live.look(again=True)
    assert live.scorer.model.version == "other"


def test_a_pointer_that_is_gone_for_a_while_changes_nothing(live: Live, bundle: Path):
    before = live.scorer
    (bundle / POINTER).unlink()
    assert not live.look()
    assert live.scorer is before


def test_the_watch_looks_by_itself_and_ends_when_told(
    live: Live, bundle: Path, home: Path, tmp_path: Path
):
    changed = Event()
    look = live.look

    def looking(again: bool = False) -> bool:
        answers = look(again)
        if live.scorer.model.version == "other":
            changed.set()
        return answers

    live.look = looking  # type: ignore[method-assign]  # to learn when it has looked
    watch = Watch(live, 0.01)
    watch.start()
    published(other(home, tmp_path), bundle)
    assert changed.wait(30)
    watch.end()


def test_a_broken_model_is_never_published(home: Path, bundle: Path, tmp_path: Path):
    place = other(home, tmp_path)
    _truncated(place)
    before = bundle_at(bundle)
    with pytest.raises(ContractError, match="is not what was saved"):
        published(place, bundle)
    assert bundle_at(bundle) == before


def test_a_version_that_is_a_path_is_refused(home: Path, bundle: Path, tmp_path: Path):
    model = loaded(bundle_at(home / "bundle"))
    replace(model, about={**model.about, "version": "../../evil"}).save(tmp_path / "made")
    with pytest.raises(ContractError, match=r"'../../evil' is no name for a folder"):
        published(tmp_path / "made", bundle)


def test_two_publish_at_once_and_both_models_are_whole(home: Path, bundle: Path, tmp_path: Path):
    made = [other(home, tmp_path, version) for version in ("one", "two")]
    threads = [Thread(target=published, args=(place, bundle)) for place in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {loaded(bundle / place.name).version for place in made} == {"one", "two"}
    assert bundle_at(bundle).name in ("one", "two")


def test_the_follower_goes_on_while_the_registry_is_away_or_its_champion_is_broken(
    home: Path, bundle: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    whole, broken = other(home, tmp_path), other(home, tmp_path, "broken")
    _truncated(broken)
    ended = Event()
    looks = iter(["away", "1", "1", "2", "2", "end"])

    def number() -> str:
        look = next(looks)
        if look == "end":
            ended.set()
        if look == "away":
            raise SourceError("The model registry does not answer.")
        return "2" if look == "end" else look

    champions = Champions(number, lambda asked, _: {"1": whole, "2": broken}[asked])
    follow(champions, bundle, 0.001, ended)
    assert bundle_at(bundle).name == "other"
    errors = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert len(errors) == 2
    assert "does not answer" in errors[0]
    assert "version 2, is refused" in errors[1]


def test_without_a_champion_the_follower_says_how_to_get_one(tmp_path: Path):
    with pytest.raises(ModelMissing, match="churn train"):
        publish_champion(Champions(lambda: None, lambda _, into: into), tmp_path)
