"""Every declaration keeps its word: for its example, for nothing, and in the model."""

from datetime import date, datetime

import pandas as pd
import pytest

from features.catalogue import CHURN
from features.examples import example_of
from features.featureset import FeatureSet
from features.history import History
from features.sources.files import in_memory
from features.vectors import spine, vectors

AS_OF = date(2026, 3, 1)
NOBODY = "nobody"
NAMES = CHURN.names


def histories(features: FeatureSet) -> History:
    """One history of all examples: each declaration's is a customer of its name."""
    tables: dict[str, list[object]] = {}
    for declared in features:
        example = example_of(declared, features, datetime(2026, 3, 1), declared.name)
        for table, rows in example.items():
            tables.setdefault(table, []).extend(rows)
    return in_memory({table: pd.DataFrame(rows) for table, rows in tables.items()})


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    """The vectors of all examples, and of a customer without a row."""
    wanted = spine([*NAMES, NOBODY], [AS_OF])
    return vectors(CHURN, histories(CHURN), wanted).droplevel("as_of")


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_gives_what_its_example_says(made: pd.DataFrame, name: str) -> None:
    gives = CHURN[name].gives
    expected = gives if isinstance(gives, str) else pytest.approx(gives, nan_ok=True)
    assert made.loc[name, name] == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_customer_without_a_row_has_the_declared_empty_value(
    made: pd.DataFrame, name: str
) -> None:
    if_none = CHURN[name].if_none
    expected = if_none if isinstance(if_none, str) else pytest.approx(if_none, nan_ok=True)
    assert made.loc[NOBODY, name] == expected
