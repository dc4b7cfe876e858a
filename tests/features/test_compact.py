"""A compacted history says the same as the one it was made from, and is kept up at little cost."""

import json
from datetime import datetime, timedelta
from random import Random

import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.catalogue import CHURN
from features.compact import Compacted, compact
from features.errors import Busy, SourceError
from features.history import History
from features.locked import only_writer
from features.sources import opened
from features.usable import usable
from features.vectors import spine, vectors
from tests.features.every import history_of
from tests.features.strategies import CUSTOMERS, DATES, random_history

MARCH, APRIL = datetime(2024, 3, 9), datetime(2024, 4, 2)


def used(at, customer="acme", **columns):
    return {"customer_id": customer, "at": at, "event": "login", **columns}


def compacted(tables, to) -> Compacted:
    return compact(history_of(tables), to)


def rows(history: History) -> dict[str, list[str]]:
    return {n: sorted(map(str, t.to_pyarrow().to_pylist())) for n, t in history.tables.items()}


def test_a_compacted_history_holds_the_same_rows_and_gives_the_same_vectors(tmp_path):
    given = history_of(random_history(Random(1), CUSTOMERS * 4))
    compact(given, tmp_path / "to")
    found = opened(str(tmp_path / "to"))
    assert rows(found) == rows(given)
    wanted = spine(CUSTOMERS, DATES)
    before, after = (vectors(CHURN, history, wanted) for history in (given, found))
    pd.testing.assert_frame_equal(after, before, check_exact=True)
    assert usable(found)[1] == usable(given)[1]


def test_use_is_in_a_file_a_month_and_every_file_is_sorted_by_customer_and_time(tmp_path):
    moments = [APRIL, MARCH, MARCH - timedelta(hours=1)]
    usage = [used(at, customer) for customer in ("b", "a") for at in moments]
    made = compacted({"usage": usage, "tickets": []}, tmp_path)
    files = ("usage/2024-03.parquet", "usage/2024-04.parquet")
    assert made.written == ("customers.parquet", *files, "tickets.parquet")
    march = pq.read_table(tmp_path / files[0]).select(["customer_id", "at"]).to_pylist()
    assert [tuple(row.values()) for row in march] == [
        ("a", MARCH - timedelta(hours=1)),
        ("a", MARCH),
        ("b", MARCH - timedelta(hours=1)),
        ("b", MARCH),
    ]


def test_the_same_rows_in_another_order_write_nothing(tmp_path):
    tables = random_history(Random(2))
    compacted(tables, tmp_path)
    there = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    mixed = {name: Random(3).sample(given, len(given)) for name, given in tables.items()}
    again = compacted(mixed, tmp_path)
    assert (again.written, again.removed, len(again.kept)) == ((), (), len(there))
    assert there == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}


def test_only_the_month_of_a_row_that_arrives_late_is_written_again(tmp_path):
    usage = [used(MARCH), used(APRIL)]
    compacted({"usage": usage}, tmp_path)
    late = used(MARCH, known_at=APRIL + timedelta(days=3))
    made = compacted({"usage": [*usage, late]}, tmp_path)
    assert made.written == ("usage/2024-03.parquet",)
    assert len(opened(str(tmp_path)).tables["usage"].to_pyarrow()) == 3


def test_a_row_twice_is_two_rows(tmp_path):
    compacted({"usage": [used(MARCH)]}, tmp_path)
    made = compacted({"usage": [used(MARCH)] * 3}, tmp_path)
    assert made.written == ("usage/2024-03.parquet",)


def test_a_month_without_rows_any_more_is_removed(tmp_path):
    compacted({"usage": [used(MARCH), used(APRIL), used(None)]}, tmp_path)
    made = compacted({"usage": [used(APRIL)]}, tmp_path)
    assert made.removed == ("usage/2024-03.parquet", "usage/undated.parquet")
    assert len(opened(str(tmp_path)).tables["usage"].to_pyarrow()) == 1


def test_a_file_that_was_lost_is_written_again(tmp_path):
    compacted({"usage": [used(MARCH), used(APRIL)]}, tmp_path)
    (tmp_path / "usage" / "2024-03.parquet").unlink()
    assert compacted({"usage": [used(MARCH), used(APRIL)]}, tmp_path).written == (
        "usage/2024-03.parquet",
    )


def test_a_run_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    compacted({"usage": [used(MARCH)]}, tmp_path)
    before, manifest = rows(opened(str(tmp_path))), (tmp_path / "manifest.json").read_text()

    def cut_short(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("features.compact._replace", cut_short)
        with pytest.raises(KeyboardInterrupt):
            compacted({"usage": [used(MARCH), used(APRIL)]}, tmp_path)
    assert rows(opened(str(tmp_path))) == before
    assert (tmp_path / "manifest.json").read_text() == manifest
    assert compacted({"usage": [used(MARCH), used(APRIL)]}, tmp_path).written == (
        "usage/2024-04.parquet",
    )


def test_what_a_killed_run_has_left_is_gone_after_the_next(tmp_path):
    compacted({"usage": [used(MARCH)]}, tmp_path)
    left = [
        tmp_path / ".tickets.parquet.unfinished",
        tmp_path / "usage/.2020-01.parquet.unfinished",
    ]
    for file in left:
        file.write_bytes(b"PAR1")
    (tmp_path / ".usage.unfinished" / "_month=2024-03").mkdir(parents=True)
    assert compacted({"usage": [used(MARCH)]}, tmp_path).written == ()
    assert list(tmp_path.rglob("*.unfinished")) == []


def test_two_runs_at_once_are_one_and_one_that_says_so(tmp_path):
    with only_writer(tmp_path), pytest.raises(Busy, match=f"writing into {tmp_path}"):
        compacted({"usage": [used(MARCH)]}, tmp_path)
    assert list(tmp_path.glob("*.parquet")) == []


def test_the_manifest_says_the_rows_and_digest_of_every_file(tmp_path):
    compacted({"usage": [used(MARCH), used(MARCH)]}, tmp_path)
    files = json.loads((tmp_path / "manifest.json").read_text())["files"]
    assert {file: part["rows"] for file, part in files.items()} == {
        "customers.parquet": 0,
        "usage/2024-03.parquet": 2,
    }


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "usage.csv").write_text("customer_id,at,event\n")
    with pytest.raises(SourceError, match="name a new folder"):
        compacted({"usage": []}, tmp_path)
