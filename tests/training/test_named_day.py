"""A day that is named is the end of what is read."""

from datetime import date

from training.cli import as_of_day
from training.snapshots import last_day

DAY = date(2024, 3, 1)


def test_nothing_known_after_the_named_day_is_read(history):
    kept, day = as_of_day(history, DAY)
    assert day == DAY
    assert last_day(history) > DAY
    assert last_day(kept) <= DAY


def test_without_a_day_everything_is_read_up_to_its_end(history):
    kept, day = as_of_day(history, None)
    assert kept is history
    assert day == last_day(history)
