"""More snapshots than there is room for are learnt from all the same, and give the same model."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.catalogue import CHURN
from features.errors import TargetError
from features.history import History
from tests.training.conftest import LABEL, PLAN
from training.binned import binned
from training.contract import columns_of
from training.matrix import Columns
from training.snapshots import Room, snapshots
from training.stored import outcomes_of, places_of, put
from training.train import Trained, refitted, train


@pytest.fixture(scope="module")
def on_disk(history: History, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """The same training with room for 500 of its snapshots, read by blocks of 64."""
    room = Room(500, tmp_path_factory.mktemp("snapshots"))
    with pytest.MonkeyPatch.context() as smaller:
        for module in ("matrix", "stored", "binned"):
            smaller.setattr(f"training.{module}.BLOCK", 64)
        smaller.setattr("training.binned._Read.batch_size", 64)
        yield train(history, CHURN, LABEL, replace(PLAN, room=room))


def test_the_model_is_the_one_that_memory_gives(on_disk: Trained, trained: Trained):
    ours, theirs = on_disk.model, trained.model
    assert [b.model_to_string() for b in ours.boosters] == [
        b.model_to_string() for b in theirs.boosters
    ]
    assert ours.components == theirs.components
    assert ours.categories == theirs.categories
    assert str(ours.references) == str(theirs.references)  # where nothing is known there is a NaN
    assert on_disk.digest == trained.digest
    assert on_disk.snapshots.excluded == trained.snapshots.excluded


def test_what_lies_in_memory_is_all_of_some_customers_and_about_as_much_as_there_is_room(
    on_disk: Trained, trained: Trained
):
    some, whole = on_disk.snapshots.rows, trained.snapshots.rows
    kept = some.index.get_level_values("customer_id").unique()
    pd.testing.assert_frame_equal(some, whole[whole.index.get_level_values(0).isin(kept)])
    assert 0.5 * 500 < len(some) < 1.5 * 500 < len(whole)
    assert on_disk.snapshots.stored is not None
    assert len(on_disk.snapshots.stored) == len(whole)


def test_it_is_fitted_again_from_disk_and_gives_the_same(on_disk: Trained):
    first, again = refitted(on_disk, LABEL)
    assert first == again


def test_without_a_folder_there_is_a_sample_alone(history: History, on_disk: Trained):
    dates = on_disk.split.test
    some = snapshots(history, CHURN, LABEL, dates, room=Room(100))
    assert some.stored is None
    assert 0 < len(some.rows) < 200
    assert some.digest == snapshots(history, CHURN, LABEL, dates).digest


def test_customers_are_numbered_as_their_names_are_ordered(on_disk: Trained, trained: Trained):
    dates = on_disk.split.train
    disk, memory = (outcomes_of(each.snapshots.all_on(dates)) for each in (on_disk, trained))
    assert (places_of(disk) == places_of(memory)).all()
    names = memory.index.get_level_values("customer_id").to_numpy()
    assert (np.unique(names, return_inverse=True)[1] == places_of(memory)).all()


def test_arrow_columns_are_binned_as_a_matrix_is_and_share_its_memory(trained: Trained):
    names, words = trained.model.features.names, trained.model.categories
    columns = columns_of(trained.train, names, words)
    held = Columns.of(columns)
    shared = held.table[names[-1]].chunk(0).to_numpy()
    assert np.shares_memory(shared, columns[names[-1]])
    assert np.array_equal(
        np.concatenate(list(held.blocks())), trained.model.matrix(trained.train), equal_nan=True
    )
    assert binned(trained.model.features, held).num_data() == len(trained.train)


def test_a_place_that_cannot_be_written_is_named(trained: Trained, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(TargetError, match="Name another place"):
        put(tmp_path / "file", date(2024, 3, 1), trained.test.head(3))
