"""A night read again: whether what partials were made of still stands in the history."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from features.history import History
from features.ledger import Ledger, Night, entered
from features.ledger_files import read_night
from features.partials import Asked, ordinal
from features.rolled import Columns

AGAIN = timedelta(days=7)  # what a source corrects in place, it mostly corrects soon
A_DAY = timedelta(days=1)


def corrected(
    folder: Path, ledger: Ledger, history: History, as_of: date, asked: Asked
) -> date | None:
    """The night of a week ago, if its rows are others now than when it was entered."""
    night = as_of - AGAIN
    if AGAIN.days >= asked.reach:
        return None
    _, made = entered(ledger, history, night - A_DAY, night, asked)
    return (
        None if _same(made.get(ordinal(night), {}), read_night(folder, ordinal(night))) else night
    )


def _same(one: Night, other: Night) -> bool:
    return one.keys() == other.keys() and all(_equal(one[kind], other[kind]) for kind in one)


def _equal(one: Columns, other: Columns) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)
