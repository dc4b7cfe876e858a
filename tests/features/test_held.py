"""Tables held in memory give what queries give, and are not held where they should not be."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.columns import asked_for
from features.derived import midnight
from features.held_engine import is_made
from features.held_parts import held_parts
from features.history import History
from features.measures import Atom, Window
from features.standing import Standing
from tests.features.every import EVERY, history_of
from tests.features.strategies import CUSTOMERS, DATES, histories

FEW = settings(max_examples=3, deadline=None, derandomize=True, database=None)
OTHERS = [part for part in EVERY.parts if part.table != "usage"]


def alike(one, other) -> bool:
    if one.dtype == object:
        return list(one) == list(other)
    return bool(np.allclose(one, other, rtol=1e-12, atol=0, equal_nan=True))


@FEW
@given(histories(), st.permutations([*CUSTOMERS, "nobody"]))
def test_arrays_give_on_every_date_what_the_database_gives(tables, customers):
    history = history_of(tables)
    made = held_parts(history, EVERY.parts, DATES, customers)
    for as_of in DATES:
        found = asked_for(history, as_of, OTHERS, customers)
        assert made[as_of].keys() == {part for part in OTHERS if part.table in history.tables}
        assert [p for p, values in made[as_of].items() if not alike(values, found[p])] == []


def test_a_table_with_too_many_rows_is_left_to_the_database():
    tables = {"payments": [{"customer_id": "c", "at": midnight(DATES[0]), "status": "failed"}] * 3}
    payments = [part for part in OTHERS if part.table == "payments"]
    for most, made in ((3, payments), (2, [])):
        found = held_parts(history_of(tables), EVERY.parts, [DATES[-1]], ["c"], most)
        assert [part for part in found[DATES[-1]] if part.table == "payments"] == made


def test_texts_that_are_compared_and_tables_that_are_not_there_are_left_to_the_database():
    assert not is_made(Standing("plan", "min", ()))
    assert not is_made(Atom("tickets", "max", "priority", (), Window()))
    assert held_parts(History({}), EVERY.parts, DATES, ["c"]) == {as_of: {} for as_of in DATES}
