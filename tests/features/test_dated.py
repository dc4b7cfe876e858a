"""Many dates in one pass give what each date's own queries give, and see nothing early."""

from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.columns import columns
from features.dated import parts_on
from features.derived import midnight
from features.featureset import FeatureSet
from features.measures import Atom, distinct, greatest, least, weekly_slope
from tests.features.every import EVERY, F, history_of
from tests.features.strategies import CUSTOMERS, LATEST, histories

SOME = settings(max_examples=4, deadline=None, derandomize=True, database=None)
APART = [0, 1, 3, 7, 28, 29, 31, 84, 200]
MORE = FeatureSet(
    "more",
    (
        F(name="first_of_28d", table="usage", days=28, measure=greatest("days_ago")),
        F(name="last_of_84d", table="usage", days=84, measure=least("days_ago")),
        F(name="days_168d", table="usage", days=168, measure=distinct("days_ago")),
        F(name="idle_login", table="usage", measure=least("days_ago"), where={"event": "login"}),
        F(name="login_users_84d", table="usage", days=84, measure=distinct("user_id"),
          where={"event": "login"}),
        F(name="slope_56d", table="usage", days=56, measure=weekly_slope()),
    ),
)  # fmt: skip


@SOME
@given(histories(), st.sets(st.sampled_from(APART), min_size=2), st.sampled_from([1, 10**6]))
def test_dates_together_are_the_dates_one_by_one_to_the_last_bit(tables, ago, at_once):
    history, customers = history_of(tables), [*reversed(CUSTOMERS), "nobody"]
    dates = sorted(LATEST - timedelta(days=days) for days in ago)
    for features in (EVERY, MORE):
        for as_of, made in parts_on(history, features.parts, dates, customers, at_once):
            found = columns(features, history, as_of, customers, made)
            alone = columns(features, history, as_of, customers)
            for name, values in alone.items():
                np.testing.assert_array_equal(found[name], values, f"{name} on {as_of}")


def test_a_row_that_arrived_between_two_dates_is_seen_by_the_second_only():
    dates = [LATEST - timedelta(days=28), LATEST]
    at, arrived = (midnight(dates[0]) + timedelta(days=days) for days in (-3, 2))
    late = {"customer_id": "c", "at": at, "event": "login", "user_id": "ann", "known_at": arrived}
    history = history_of({"usage": [late]})
    seen = []
    for as_of, made in parts_on(history, EVERY.parts, dates, ["c"]):
        found = columns(EVERY, history, as_of, ["c"], made)
        seen.append([found[name][0] for name in ("days_84d", "idle", "events_84d", "used_7d")])
    assert seen == [[0, 999, 0, 0], [1, 31, 1, 0]]


def test_all_windows_of_use_that_end_are_made_in_one_pass():
    history = history_of({"usage": []})
    dates = [LATEST - timedelta(days=28), LATEST]
    left = {part for _, made in parts_on(history, EVERY.parts, dates, ["c"]) for part in EVERY.parts
            if isinstance(part, Atom) and part.table == "usage" and part not in made}  # fmt: skip
    assert {(part.kind, part.window.last) for part in left} == {
        ("sum", 36_500), ("count", 36_500), ("distinct", 36_500)
    }  # fmt: skip


def test_kinds_of_use_are_counted_however_many_there_are():
    def used(days_ago, number):
        at = midnight(LATEST) - timedelta(days=days_ago)
        return {"customer_id": "c", "at": at, "event": f"event {number}"}

    dates = [LATEST - timedelta(days=28), LATEST]
    for many in (63, 64, 200):
        rows = [used(days, number) for number in range(many) for days in (3, 40 + number)]
        found = dict(parts_on(history_of({"usage": rows}), EVERY.parts, dates, ["c"]))
        [kinds] = [p for p in EVERY.parts if isinstance(p, Atom) and p.column == "event"]
        assert [found[as_of][kinds][0] for as_of in dates] == [min(many, 73), many]
