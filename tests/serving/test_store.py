"""What the night said is answered by id: whole, of this date and model, while it changes."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from features.errors import UnknownCustomer
from serving.batch import score_everyone
from serving.dataset import run_of
from serving.filling import fill
from serving.schemas import Prediction
from serving.scorer import Scorer
from serving.store import FOLDER, Store
from tests.serving.company import AS_OF

LATER = AS_OF + timedelta(days=1)


@pytest.fixture(scope="module")
def scores(scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("nights")
    score_everyone(scorer, AS_OF, place)
    return place


@pytest.fixture
def quick(scorer: Scorer, scores: Path) -> Scorer:
    """A scorer beside the night's predictions."""
    return replace(scorer, store=Store(scores))


def online(scorer: Scorer, told: Prediction) -> Prediction:
    """The same computed from the history, said at the same moment."""
    made = scorer.one(told.customer_id, told.as_of)
    return made.model_copy(update={"scored_at": told.scored_at, "rank": told.rank})


def test_a_kept_prediction_says_what_is_computed_from_the_history(quick: Scorer, scorer: Scorer):
    for person in scorer.everyone(AS_OF).cases.people[:12]:
        told = quick.one(person.customer_id, AS_OF)
        assert same(told.model_dump(), online(scorer, told).model_dump())


def same(one: object, other: object) -> bool:
    """Equal but for the last digits of numbers."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return bool(one == pytest.approx(other, abs=1e-9, nan_ok=True))
    return one == other


def test_the_vectors_are_kept_as_they_were_scored(scorer: Scorer, scores: Path):
    kept, cases = Store(scores).kept(), scorer.everyone(AS_OF).cases
    assert kept is not None
    found = kept.of([person.customer_id for person in cases.people])
    assert found is not None
    assert found[0].people == cases.people
    assert found[0].columns.keys() == cases.columns.keys()
    for name, values in cases.columns.items():
        assert found[0].columns[name].tolist() == pytest.approx(values.tolist(), nan_ok=True)


def test_nothing_is_computed_for_whom_the_night_has_said_something(quick: Scorer, scores: Path):
    heard: list[int] = []
    counting = replace(quick, heard=lambda cases, told, source: heard.append(len(cases.people)))
    asked = [person.customer_id for person in quick.everyone(AS_OF).cases.people[:3]]
    kept = Store(scores).kept()
    assert kept is not None
    moment = {told.scored_at for told in counting.score(asked, AS_OF)}
    assert moment == {told.scored_at for told in kept.of(asked)[1]}  # type: ignore[index]
    assert heard == [3]


def test_those_asked_for_are_ranked_among_themselves(quick: Scorer, scorer: Scorer):
    asked = [person.customer_id for person in scorer.everyone(AS_OF).cases.people[::-2]]
    told, made = quick.score(asked, AS_OF), scorer.score(asked, AS_OF)
    assert [one.customer_id for one in told] == asked
    assert [one.rank for one in told] == [one.rank for one in made]


def test_another_date_model_or_band_is_computed(quick: Scorer, scorer: Scorer, scores: Path):
    [person, *_] = scorer.everyone(AS_OF).cases.people
    night = quick.one(person.customer_id, AS_OF).scored_at
    later = replace(quick, clock=lambda: scorer.clock() + timedelta(minutes=1))
    assert later.one(person.customer_id, AS_OF).scored_at == night
    assert later.one(person.customer_id, LATER).scored_at != night
    banded = replace(later, limits=(0.01, 0.02, 0.03))
    assert banded.one(person.customer_id, AS_OF).scored_at != night
    other = replace(later.model, about=dict(later.model.about) | {"version": "other"})
    assert replace(later, model=other).one(person.customer_id, AS_OF).scored_at != night


def test_an_unknown_customer_is_still_named(quick: Scorer):
    with pytest.raises(UnknownCustomer, match="nobody"):
        quick.one("nobody", AS_OF)


def test_data_older_than_its_limit_is_said_so_in_the_answer(quick: Scorer, scorer: Scorer):
    [person, *_] = scorer.everyone(AS_OF).cases.people
    strict = replace(quick, freshness_days={"usage": 3})
    told = strict.one(person.customer_id, strict.next_as_of())
    assert told.stale == "Older than it should be on 2026-11-24: usage ends on 2026-10-30."
    assert quick.one(person.customer_id, quick.next_as_of()).stale is None


def test_a_night_of_an_earlier_date_leaves_the_later_one_in_force(scorer: Scorer, tmp_path: Path):
    score_everyone(scorer, AS_OF, tmp_path)
    score_everyone(scorer, AS_OF - timedelta(days=7), tmp_path)
    kept = Store(tmp_path).kept()
    assert kept is not None
    assert kept.inputs["as_of"] == AS_OF.isoformat()


def test_what_a_killed_night_did_not_keep_is_kept_by_the_next_run(scorer: Scorer, tmp_path: Path):
    score_everyone(scorer, AS_OF, tmp_path)
    (tmp_path / FOLDER / "current").unlink()
    assert Store(tmp_path).kept() is None
    assert not score_everyone(scorer, AS_OF, tmp_path).changed
    assert Store(tmp_path).kept() is not None


def test_what_another_release_left_is_passed_by_and_made_anew(scorer: Scorer, tmp_path: Path):
    score_everyone(scorer, AS_OF, tmp_path)
    [file] = (tmp_path / FOLDER).glob("*.sqlite")
    with closing(sqlite3.connect(file)) as database:
        database.execute("ALTER TABLE about RENAME COLUMN coded TO words")
    assert Store(tmp_path).kept() is None
    assert not score_everyone(scorer, AS_OF, tmp_path).changed
    assert Store(tmp_path).kept() is not None


def test_whoever_asks_while_nights_follow_each_other_gets_one_night_whole(
    scorer: Scorer, scores: Path, tmp_path: Path
):
    run, cases = run_of(scores, AS_OF), scorer.everyone(AS_OF).cases
    assert run is not None
    asked = [person.customer_id for person in cases.people[:20]]
    store, ended, faults = Store(tmp_path), Event(), []
    nights = [dict(run.inputs) | {"model_version": str(night)} for night in range(12)]
    fill(tmp_path, run.folder, nights[0], cases)

    def ask() -> None:
        while not ended.is_set():
            kept = store.kept()
            found = kept.of(asked) if kept else None
            if found is None or [one.customer_id for one in found[1]] != asked:
                faults.append(found)

    readers = [Thread(target=ask) for _ in range(4)]
    for reader in readers:
        reader.start()
    for night in nights[1:]:
        fill(tmp_path, run.folder, night, cases)
    ended.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert store.kept().inputs == nights[-1]  # type: ignore[union-attr]
    assert len(list((tmp_path / FOLDER).glob("*.sqlite"))) == 2
