"""The plays of many customers: whoever is in the same situation gets the same advice."""

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from serving.cases import Cases
from serving.dataset import ADVICE
from serving.plays.choosing import (
    DUE_DAYS,
    FIRST_DAYS,
    LARGE_FROM,
    MIDDLE_FROM,
    RENEWAL_DAYS,
    Playbook,
)
from serving.plays.play import Touch
from serving.plays.situations import Risk, Spread, situation

Codes: TypeAlias = NDArray[np.int64]
LONGEST = max(DUE_DAYS.values()) + 1  # a renewal that is further away is no reason to hurry


def advised(
    playbook: Playbook, spread: Spread, cases: Cases, risks: Sequence[Risk], as_of: date
) -> tuple[pa.Array, pa.Array]:
    """Each customer's advice, null where there is none, and who is held out.

    One customer of each situation is asked for as `Playbook.advice` asks.
    """
    held = np.array([playbook.holds_out(each.customer_id) for each in cases.people], bool)
    keys = _keys(spread, cases, risks)
    _, first, alike = np.unique(keys, return_index=True, return_inverse=True)
    told = [_advice(playbook, spread, cases, int(place), risks[place], as_of) for place in first]
    places = pa.array(alike, mask=held)
    return pa.array(told, ADVICE).take(places), pa.array(held)


def _advice(
    playbook: Playbook, spread: Spread, cases: Cases, place: int, risk: Risk, as_of: date
) -> dict[str, Any] | None:
    found = situation(spread, cases, place, risk)
    days = cases.number(place, "days_to_renewal")
    advice = playbook.advice(found, as_of, None if days is None else int(days))
    return None if advice is None else advice.model_dump()


def _keys(spread: Spread, cases: Cases, risks: Sequence[Risk]) -> Codes:
    """A number for each customer's situation: different where anything asked of it is."""
    parts = (
        _codes(risks),
        _codes([each.status for each in cases.people]),
        _tiers(spread, cases),
        _touches(cases),
        _stages(cases),
        _days(cases),
    )
    keys = np.zeros(len(cases.people), np.int64)
    for part in parts:
        keys = keys * (int(part.max(initial=0)) + 1) + part
    return keys


def _codes(values: Sequence[Any]) -> Codes:
    codes: dict[Any, int] = {}
    return np.array([codes.setdefault(value, len(codes)) for value in values], np.int64)


def _tiers(spread: Spread, cases: Cases) -> Codes:
    mrr = cases.numbers("mrr")
    above = [mrr >= spread.quantile("mrr", level) for level in (MIDDLE_FROM, LARGE_FROM)]
    return np.asarray(np.isnan(mrr) * 4 + above[0] * 2 + above[1] * 1)


def _touches(cases: Cases) -> Codes:
    if "touch" not in cases.columns:
        return np.zeros(len(cases.people), np.int64)
    known = {touch.value: code for code, touch in enumerate(Touch, start=1)}
    return np.array([known.get(word, 0) for word in cases.columns["touch"]], np.int64)


def _stages(cases: Cases) -> Codes:
    new = cases.numbers("days_since_sign_up") < FIRST_DAYS
    soon = cases.numbers("days_to_renewal") <= RENEWAL_DAYS
    return np.asarray(new * 4 + soon * 2 + (cases.numbers("term_months") > 1) * 1)


def _days(cases: Cases) -> Codes:
    """Days to the renewal as far as they hasten anything."""
    days = np.trunc(np.nan_to_num(cases.numbers("days_to_renewal"), nan=LONGEST))
    return np.clip(days, 0, LONGEST).astype(np.int64)
