"""Who is at risk when: a month counts once it has matured, a cause only for those still asked."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from training.hazards import Cause
from training.labels import ChurnLabel, InactivityLabel, month_ends, month_of_exit, months_known
from training.risks import OF_THEIR_OWN, causes_of, person_months, risks_of, together

LABEL = ChurnLabel(horizon_days=90, gap_days=30, lead_days=0, arrival_lag_days=3)
EARLY, LATE, TEST = date(2024, 1, 1), date(2024, 3, 1), date(2024, 6, 1)


def rows(*told: tuple[date, int, str | None]) -> pd.DataFrame:
    """Snapshots by as-of date, month of exit (0: stays) and cause."""
    index = pd.MultiIndex.from_tuples(
        [(f"c{n}", as_of) for n, (as_of, _, _) in enumerate(told)], names=["customer_id", "as_of"]
    )
    months = [month for _, month, _ in told]
    causes = [cause for _, _, cause in told]
    churned = [int(month > 0) for month in months]
    return pd.DataFrame({"month": months, "cause": causes, "churned": churned}, index=index)


@pytest.mark.parametrize(
    ("horizon", "ends"),
    [
        (7, (7,)),
        (30, (30,)),
        (45, (45,)),
        (46, (30, 46)),
        (60, (30, 60)),
        (74, (30, 74)),
        (75, (30, 60, 75)),
        (90, (30, 60, 90)),
        (180, (30, 60, 90, 120, 150, 180)),
    ],
)
def test_months_have_30_days_and_a_short_rest_belongs_to_the_last(horizon, ends):
    assert month_ends(horizon) == ends


def test_inactivity_is_known_at_the_end_of_its_horizon_alone():
    assert InactivityLabel(horizon_days=90).month_ends == (90,)


@pytest.mark.parametrize(("days", "month"), [(0, 1), (29.9, 1), (30, 2), (60, 3), (89.9, 3)])
def test_the_month_of_an_exit_is_counted_from_the_end_of_the_lead(days, month):
    label = ChurnLabel(horizon_days=90, lead_days=10)
    left = pd.Timestamp(EARLY) + pd.Timedelta(days=10 + days)
    told = pd.DataFrame({"as_of": [EARLY], "churned": [1], "churned_at": [left]})
    assert month_of_exit(told, label).tolist() == [month]


def test_a_month_is_known_when_its_own_end_the_gap_and_the_lag_are_over():
    # 30 days of month, 30 of gap, 3 until rows have arrived: 63 days.
    assert months_known(LABEL, EARLY, date(2024, 3, 3)) == 0
    assert months_known(LABEL, EARLY, date(2024, 3, 4)) == 1
    assert months_known(LABEL, EARLY, date(2024, 5, 3)) == 3


def test_a_partly_matured_date_counts_for_its_first_month_and_is_never_a_negative():
    told = rows((EARLY, 0, None), (LATE, 0, None), (LATE, 1, "voluntary"), (LATE, 3, "voluntary"))
    known_by = date(2024, 5, 10)  # of LATE the first month alone
    first, second, third = risks_of(told, LABEL, known_by, (Cause.ANY,))
    assert first.at_risk.tolist() == [True, True, True, True]
    assert first.left.tolist() == [False, False, True, False]
    assert second.at_risk.tolist() == [True, False, False, False]
    assert third.at_risk.tolist() == [True, False, False, False]
    assert third.events == 0


def test_who_has_left_is_not_at_risk_any_more():
    told = rows((EARLY, 1, "voluntary"), (EARLY, 2, "voluntary"), (EARLY, 0, None))
    first, second, third = risks_of(told, LABEL, TEST, (Cause.ANY,))
    assert first.at_risk.tolist() == [True, True, True]
    assert second.at_risk.tolist() == [False, True, True]
    assert third.at_risk.tolist() == [False, False, True]


def test_want_of_payment_is_asked_of_those_who_did_not_leave_otherwise():
    told = rows((EARLY, 1, "voluntary"), (EARLY, 1, "involuntary"), (EARLY, 1, "other"))
    willing, unpaid = risks_of(told, LABEL, TEST, OF_THEIR_OWN)[:2]
    assert (willing.cause, unpaid.cause) == OF_THEIR_OWN
    assert willing.left.tolist() == [True, False, True]
    assert unpaid.at_risk.tolist() == [False, True, False]
    assert unpaid.left.tolist() == [False, True, False]


@pytest.mark.parametrize(("unpaid", "causes"), [(99, (Cause.ANY,)), (100, OF_THEIR_OWN)])
def test_causes_are_told_apart_where_a_hundred_left_for_each(unpaid, causes):
    told = rows(*[(EARLY, 1, "involuntary")] * unpaid, *[(EARLY, 1, "voluntary")] * 100)
    assert causes_of(told) == causes


def test_months_that_share_boosters_are_one_weighted_row_each():
    told = rows((EARLY, 0, None), (EARLY, 1, None), (EARLY, 3, None), (LATE, 0, None))
    [shared] = together(risks_of(told, LABEL, date(2024, 5, 10), (Cause.ANY,)))
    target, months = person_months(shared)
    assert months.tolist() == [3, 1, 3, 1]
    assert target == pytest.approx([0, 1, 1 / 3, 0])


def test_a_weighted_row_has_the_likelihood_of_its_months():
    left, months, margin = 1 / 3, 3, -1.3
    chance = 1 / (1 + np.exp(-margin))
    one_row = months * (left * np.log(chance) + (1 - left) * np.log(1 - chance))
    assert one_row == pytest.approx(np.log(chance) + 2 * np.log(1 - chance))
