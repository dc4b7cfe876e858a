"""What CSMs recorded is a part of the history."""

from datetime import date, datetime

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pyarrow import Table

from features.history import History
from features.sources.files import in_memory
from features.sources.recorded import with_recorded

CUSTOMERS = pd.DataFrame({"customer_id": ["ann"], "created_at": [datetime(2026, 1, 1)]})
OWN = {"customer_id": "ann", "at": datetime(2026, 2, 1), "play": "call", "arm": "chosen"}
LATER = OWN | {"at": datetime(2026, 3, 1)}


@pytest.fixture
def folder(tmp_path):
    """Two recorded treatments, with what the page keeps beside the canonical columns."""
    (tmp_path / "treatments").mkdir()
    for number, row in enumerate((OWN, LATER)):
        said = Table.from_pylist([row | {"note": "called", "by": "eve"}])
        pq.write_table(said, tmp_path / "treatments" / f"{number}.parquet")
    return tmp_path


def moments(history: History) -> list[datetime]:
    rows = history.tables["treatments"].order_by("at").to_pyarrow()
    return list(rows["at"].to_pylist())


def test_recorded_treatments_are_joined_to_those_of_the_business_and_copies_count_once(folder):
    own = in_memory({"customers": CUSTOMERS, "treatments": pd.DataFrame([OWN])})
    assert moments(with_recorded(own, folder)) == [OWN["at"], LATER["at"]]


def test_a_history_without_treatments_gets_the_recorded_ones_cut_by_time_like_any(folder):
    joined = with_recorded(in_memory({"customers": CUSTOMERS}), folder)
    assert moments(joined) == [OWN["at"], LATER["at"]]
    known = joined.known(date(2026, 2, 2)).tables["treatments"]
    assert known.count().to_pyarrow().as_py() == 1


def test_where_nothing_was_recorded_the_history_is_as_it_was(tmp_path):
    own = in_memory({"customers": CUSTOMERS})
    assert with_recorded(own, tmp_path) is own
