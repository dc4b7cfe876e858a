"""Cases kept in a file are the cases that were put there, whichever part is asked for."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.batch import Base, score_base, score_everyone
from serving.cases import Cases, blocks
from serving.dataset import FILE, run_of
from serving.scorer import Scorer
from serving.staged import Staged, cases_of, digest_of, rows_of, stage
from tests.serving.company import AS_OF


@pytest.fixture(scope="module")
def cases(scorer: Scorer) -> Cases:
    return scorer.everyone(AS_OF).cases


@pytest.fixture(scope="module")
def staged(cases: Cases, tmp_path_factory: pytest.TempPathFactory) -> Staged:
    return stage(cases, tmp_path_factory.mktemp("staged") / "cases.parquet", 30)


def same(one: Cases, other: Cases) -> bool:
    """Whether they are the same people with the same vectors, missing values too."""
    return repr(one.people) == repr(other.people) and all(
        np.array_equal(one.columns[name], values)
        if values.dtype == object
        else np.array_equal(one.columns[name], values, equal_nan=True)
        for name, values in other.columns.items()
    )


@given(st.data())
def test_any_part_is_that_part(cases: Cases, staged: Staged, data: st.DataObject):
    assert len(staged) == len(cases)
    begin = data.draw(st.integers(0, len(cases) - 1))
    size = data.draw(st.integers(1, len(cases) - begin))
    assert same(staged.part(begin, size), cases.part(begin, size))


def test_rows_and_back_are_the_same_cases(cases: Cases):
    assert same(cases_of(rows_of(cases)), cases)


def test_a_file_has_the_fingerprint_of_its_cases(cases: Cases, staged: Staged):
    assert digest_of(staged) == digest_of(cases)
    assert [len(some) for some in blocks(staged, 100)][:-1] == [100] * (len(cases) // 100)


def test_a_base_in_a_file_is_scored_as_its_history_is(
    scorer: Scorer, staged: Staged, tmp_path: Path
):
    everyone = scorer.everyone(AS_OF)
    base = Base(everyone.known, everyone.set_aside, staged, digest_of(staged))
    for place in (tmp_path / "history", tmp_path / "file"):
        place.mkdir()
    score_everyone(scorer, AS_OF, tmp_path / "history")
    score_base(scorer, base, AS_OF, tmp_path / "file")
    made, other = (run_of(tmp_path / name, AS_OF) for name in ("history", "file"))
    assert made is not None
    assert other is not None
    assert (made.folder / FILE).read_bytes() == (other.folder / FILE).read_bytes()


def test_nothing_is_left_of_the_file_of_a_night_also_of_one_that_was_killed(
    scorer: Scorer, tmp_path: Path
):
    (tmp_path / ".cases-2026-10-01.parquet").write_text("half a fi")
    score_everyone(scorer, AS_OF, tmp_path)
    assert list(tmp_path.glob(".cases*")) == []
