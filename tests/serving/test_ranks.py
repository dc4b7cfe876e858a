"""Ranks: who is looked at first."""

from math import nan

import numpy as np

from serving.ranks import ranks_of


def test_the_most_revenue_at_risk_is_first_then_the_nearest_renewal_then_the_likeliest():
    #  revenue at risk, days to renewal, probability, rank
    rows = [
        (100.0, 30.0, 0.1, 5),
        (500.0, 90.0, 0.1, 3),
        (500.0, 10.0, 0.1, 2),
        (500.0, nan, 0.1, 4),  # no renewal is agreed
        (900.0, nan, 0.9, 1),
        (nan, 10.0, 0.3, 7),  # what it pays is not known
        (nan, 10.0, 0.4, 6),
        (nan, 10.0, nan, 0),  # nothing is said
    ]
    revenue, days, chance, rank = np.array(rows).T
    assert ranks_of(revenue, days, chance).tolist() == rank.tolist()


def test_of_equal_customers_the_first_is_before_the_others():
    same = np.ones(3)
    assert ranks_of(same, same, same).tolist() == [1, 2, 3]
