"""Partials kept from night to night give what the whole history gives."""

import json
import logging
from datetime import timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.columns import columns
from features.derived import midnight
from features.errors import Busy
from features.featureset import FeatureSet
from features.history import History
from features.locked import only_writer
from features.measures import days_since_first, days_since_last, distinct, total
from features.nightly import kept_parts
from features.partials import became_known
from tests.features.every import EVERY, C, F, history_of
from tests.features.strategies import CUSTOMERS, LATEST, histories, random_history
from tests.features.test_engines import written

FIRST_EXPORT = F(
    name="first_export", table="usage", where={"event": "export"}, measure=days_since_first()
)
USE = FeatureSet(
    "use",
    (
        *(feature for feature in EVERY if getattr(feature, "table", "") == "usage"),
        F(name="total", table="usage", measure=total("quantity")),
        F(name="logins", table="usage", where={"event": "login"}),
        FIRST_EXPORT,
        F(name="first_84d", table="usage", days=84, measure=days_since_first()),
        F(name="last_28d", table="usage", days=28, measure=days_since_last()),
        F(name="kinds", table="usage", measure=distinct("event"), where={"user_id": "ann"}),
        C(of="days_84d", days=28),
    ),
)
DAY = timedelta(days=1)
SOME = settings(max_examples=5, derandomize=True, database=None)


def used(days_ago, customer="acme", **columns):
    at = midnight(LATEST) - timedelta(days=days_ago)
    return {"customer_id": customer, "at": at, "event": "login", "quantity": 1.0, **columns}


def kept(folder, history: History, as_of=LATEST, customers=("acme",), features=USE):
    """The vectors, as far as they can be from the folder."""
    made = kept_parts(folder, features.parts, history, as_of, customers)
    return columns(features, history, as_of, customers, made)


def assert_whole(folder, history: History, as_of, customers=CUSTOMERS) -> None:
    """What is kept gives to the last bit what the whole history gives."""
    found = kept(folder, history, as_of, customers)
    whole = columns(USE, history, as_of, customers)
    for name in whole:
        np.testing.assert_array_equal(found[name], whole[name], err_msg=f"{name} on {as_of}")


def there_by(rows, as_of):
    """The rows that a source has by then: it has nothing of what comes later."""
    late = midnight(as_of)
    return [row for row in rows if max(row["at"], row.get("known_at") or row["at"]) < late]


@SOME
@given(histories(), st.sets(st.integers(0, 120), min_size=2, max_size=4), st.randoms())
def test_any_nights_in_any_order_of_arrival_give_the_vectors_of_the_whole_history(
    tmp_path_factory, tables, ago, random
):
    folder, only_what_came = tmp_path_factory.mktemp("partials"), random.random() < 0.5
    for days in sorted(ago, reverse=True):
        as_of = LATEST - timedelta(days=days)
        rows = there_by(tables["usage"], as_of) if only_what_came else tables["usage"]
        history = history_of({"usage": random.sample(rows, len(rows))})
        assert_whole(folder, history, as_of)


def test_night_after_night_gives_the_vectors_of_the_whole_history(tmp_path):
    usage = random_history(Random(3), CUSTOMERS * 4)["usage"]
    for days in (30, 3, 2, 1, 0):
        as_of = LATEST - timedelta(days=days)
        assert_whole(tmp_path, history_of({"usage": there_by(usage, as_of)}), as_of)


def test_what_arrives_late_counts_on_its_own_day_and_from_the_night_it_is_known(tmp_path):
    arrived = midnight(LATEST) + timedelta(hours=1)
    history = history_of({"usage": [used(40), used(5, known_at=arrived)]})
    before = kept(tmp_path, history, LATEST)
    after = kept(tmp_path, history, LATEST + DAY)
    assert (before["used_7d"][0], before["idle"][0]) == (0, 40)
    assert (after["used_7d"][0], after["idle"][0]) == (1, 6)


def test_a_night_reads_the_rows_that_became_known_since_the_last_one():
    late, later = (midnight(LATEST) + timedelta(days=days, hours=1) for days in (0, 1))
    rows = [used(9), used(1), used(3, known_at=late), used(3, known_at=later), used(-0.5)]
    known = history_of({"usage": rows}).known(LATEST + DAY)
    read = became_known(known, LATEST).to_pyarrow().to_pylist()
    assert sorted(row["days_ago"] for row in read) == [1, 4]


def test_the_same_night_again_writes_nothing(tmp_path):
    history = history_of({"usage": [used(1), used(30)]})
    kept(tmp_path, history)
    there = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("[!.]*")}
    assert_whole(tmp_path, history, LATEST, ["acme"])
    assert there == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("[!.]*")}


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ([used(1)], "2 rows of use are gone"),
        ([used(1), used(2), used(2), used(50)], "1 rows of use were added"),
    ],
    ids=["deleted", "added without an arrival"],
)
@pytest.mark.parametrize("nights", [0, 1])
def test_rows_that_changed_behind_a_nights_back_make_all_anew(tmp_path, caplog, then, said, nights):
    kept(tmp_path, history_of({"usage": [used(1), used(2), used(50)]}))
    history = history_of({"usage": then})
    assert_whole(tmp_path, history, LATEST + nights * DAY, ["acme"])
    assert said in caplog.text


def test_a_row_that_was_corrected_in_place_makes_all_anew_within_a_week(tmp_path, caplog):
    usage = [used(2), used(7.5), used(7.5, user_id="ann")]
    kept(tmp_path, history_of({"usage": usage}), LATEST - DAY)
    corrected = history_of({"usage": [*usage[:2], used(7.5, user_id="bob", event="export")]})
    assert_whole(tmp_path, corrected, LATEST, ["acme"])
    assert "corrected in place" in caplog.text


def test_a_row_that_no_date_can_know_is_no_reason_to_make_all_anew(tmp_path, caplog):
    kept(tmp_path, history_of({"usage": [used(1)]}))
    faulty = [used(1), used(0.5, customer=None), {**used(1), "at": None}]
    assert_whole(tmp_path, history_of({"usage": faulty}), LATEST + DAY, ["acme"])
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_other_declarations_make_all_anew(tmp_path):
    history = history_of({"usage": [used(1), used(30, event="export")]})
    kept(
        tmp_path, history, features=FeatureSet("less", (F(name="used_7d", table="usage", days=7),))
    )
    assert_whole(tmp_path, history, LATEST, ["acme"])


def test_partials_of_another_engine_are_not_read(tmp_path):
    history = history_of({"usage": [used(1)]})
    kept(tmp_path, history)
    manifest = tmp_path / "manifest.json"
    said = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(said | {"fingerprint": "of another"}))
    for night in (tmp_path / "nights").iterdir():
        night.write_bytes(b"of another")
    assert_whole(tmp_path, history, LATEST, ["acme"])
    assert json.loads(manifest.read_text()) == said


def test_a_date_before_the_last_night_is_read_from_the_history(tmp_path):
    history = history_of({"usage": [used(1), used(30)]})
    kept(tmp_path, history)
    there = (tmp_path / "manifest.json").read_text()
    assert kept_parts(tmp_path, USE.parts, history, LATEST - DAY, ["acme"]) == {}
    assert (tmp_path / "manifest.json").read_text() == there


def test_a_night_that_was_cut_short_leaves_no_trace_in_the_next(tmp_path, monkeypatch):
    kept(tmp_path, history_of({"usage": [used(1)]}))

    def cut_short(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("features.nightly._put_in_force", cut_short)
        with pytest.raises(KeyboardInterrupt):
            kept(tmp_path, history_of({"usage": [used(1), used(0)]}), LATEST + DAY)
    assert_whole(tmp_path, history_of({"usage": [used(1)]}), LATEST + DAY, ["acme"])
    assert_whole(tmp_path, history_of({"usage": [used(1), used(-1)]}), LATEST + 2 * DAY, ["acme"])


def test_one_process_at_a_time(tmp_path):
    with only_writer(tmp_path), pytest.raises(Busy, match="goes on"):
        kept(tmp_path, history_of({"usage": [used(1)]}))


def test_without_use_nothing_is_kept(tmp_path):
    assert kept_parts(tmp_path, USE.parts, history_of({}), LATEST, ["acme"]) == {}
    assert not any(tmp_path.iterdir())


def test_a_history_in_postgres_is_kept_up_alike(tmp_path, postgres):
    tables = random_history(Random(4))
    for days in (30, 1, 0):
        as_of = LATEST - timedelta(days=days)
        now = {**tables, "usage": there_by(tables["usage"], as_of)}
        with written(postgres, now) as history:
            assert_whole(tmp_path, history, as_of)
