"""Customers are told apart by what they are, and by whether training knew them."""

import numpy as np
import pandas as pd

from training.kinds import newcomers, slices


def vectors(**columns):
    size = len(next(iter(columns.values())))
    index = pd.MultiIndex.from_product([[f"c{i}" for i in range(size)], ["2026-01-01"]])
    return pd.DataFrame(columns, index=index.set_names(["customer_id", "as_of"]))


def test_tenure_bands_begin_at_90_days_one_year_and_two():
    found = slices(vectors(tenure=[0, 89, 90, 364, 365, 729, 730, np.nan]))["tenure"]
    assert found.tolist() == [
        *["below 90 days"] * 2,
        *["90 days to 1 year"] * 2,
        *["1 to 2 years"] * 2,
        "2 years or more",
        "unknown",
    ]


def test_contracts_are_told_apart_by_their_term():
    found = slices(vectors(term_months=[1, 3, 12, 24, np.nan]))["contract"]
    assert found.tolist() == [
        "a month or less",
        "more than a month",
        "a year",
        "more than a year",
        "unknown",
    ]


def test_a_column_that_everybody_shares_tells_nobody_apart():
    assert slices(vectors(plan=["pro"] * 3, country=["PT", "DE", None])).keys() == {"region"}


def test_mrr_quartiles_hold_equally_many_also_where_values_are_equal():
    found = slices(vectors(mrr=[1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 4.0, 5.0]))["MRR quartile"]
    assert np.unique(found, return_counts=True)[1].tolist() == [2, 2, 2, 2]


def test_a_customer_that_training_never_saw_is_a_cold_start():
    found = newcomers(vectors(mrr=[1.0, 2.0, 3.0]), vectors(mrr=[1.0, 2.0]))["cold start"]
    assert found.tolist() == ["seen in training", "seen in training", "new since training"]
