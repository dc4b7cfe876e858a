"""What the model would read if a customer were back at its own usual."""

import pytest

from features.catalogue import CHURN
from serving.drivers import drivers_of
from serving.lookup import customer_rows
from serving.scorer import Scorer
from serving.what_if import WORTH_SAYING, moved, usual_of, vectors_of, what_if
from tests.serving.company import AS_OF

NAN = float("nan")
USE = next(d for d in drivers_of(CHURN) if "events_28d" in [f.name for f in d.features])


def vector(**known: float) -> dict[str, float]:
    """A vector of which only so much is known."""
    return dict.fromkeys(CHURN.names, NAN) | known


def test_usual_is_the_median_of_the_months_in_which_it_was_known() -> None:
    past = [vector(events_28d=value) for value in (10.0, NAN, 40.0, 30.0, NAN, 20.0)]
    assert usual_of(CHURN, vector(events_28d=5.0), past) == {"events_28d": 25.0}
    assert usual_of(CHURN, vector(events_28d=5.0), past[:3]) == {}  # two months are no usual


def test_what_nobody_can_act_on_or_goes_either_way_stays() -> None:
    past = [vector(tickets_28d=9.0, mrr=100.0)] * 6
    assert usual_of(CHURN, vector(tickets_28d=1.0, mrr=50.0), past) == {}


@pytest.mark.parametrize(("today", "goes"), [(5.0, {"events_28d": 25.0}), (25.0, {}), (60.0, {})])
def test_only_what_is_worse_than_usual_is_moved(today: float, goes: dict[str, float]) -> None:
    assert moved(USE, vector(events_28d=today), {"events_28d": 25.0}) == goes


def test_a_reading_is_never_a_higher_risk(scorer: Scorer) -> None:
    told = [one for one in scorer.score([f"c{n:03}" for n in range(60)], AS_OF) if one.probability]
    found = [
        (one, what_if(scorer, customer_rows(scorer.history, one.customer_id), AS_OF))
        for one in told
    ]
    readings = [(one, reading) for one, reading in found if reading]
    assert readings
    for one, reading in readings:
        each = [r.probability for r in reading.readings]
        assert one.probability is not None
        assert each == sorted(each)
        assert max(each) <= one.probability - WORTH_SAYING
        assert reading.together <= min(each) + 1e-9


def test_the_past_of_a_customer_begins_when_it_signed_up(scorer: Scorer) -> None:
    rows = customer_rows(scorer.history, "newcomer")
    assert vectors_of(scorer, rows, AS_OF)[1] == []  # 27 days old
    assert what_if(scorer, rows, AS_OF) is None
