"""What people did on the days on which they used the product: the largest table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.demo.arrays import Ints, Moments, Texts
from features.demo.calendar import Calendar
from features.demo.recorded import schema
from features.demo.usage import Days, Users
from features.tables import USAGE

EVENTS = (
    "login",
    "dashboard_viewed",
    "report_created",
    "comment_added",
    "export",
    "integration_run",
    "api_call",
    "invite_sent",
)
CHANCE = np.array([1.0, 0.45, 0.28, 0.18, 0.14, 0.1, 0.06, 0.03])  # on a day of use
MORE = np.array([0.5, 2.0, 0.7, 1.0, 0.4, 3.0, 12.0, 0.3])  # times beyond the first
LATE, LATE_HOURS = 0.03, (26, 96)  # a day's row is due when the day is over


def table(
    rng: np.random.Generator, calendar: Calendar, staff: Sequence[Users], days: Sequence[Days]
) -> Any:
    """The canonical table: one row per person, day and kind of event, in order of the day."""
    who, day = _in_order(staff, days)
    row, kind = _done(rng, int(who.max(initial=0)), who)
    at = (calendar.start + day).astype("M8[us]")[row]
    late = pa.array(rng.random(len(row)) < LATE)
    arrived = pa.array(at + rng.integers(*LATE_HOURS, len(row)).astype("m8[h]"))
    rows = pa.table(
        {
            "customer_id": _spelled(np.concatenate([s.customers for s in staff]), who[row]),
            "at": pa.array(at),
            "event": _spelled(np.array(EVENTS), kind),
            "user_id": _spelled(np.concatenate([s.ids for s in staff]), who[row]),
            "quantity": pa.array(1.0 + rng.poisson(MORE[kind])),
            "known_at": pc.if_else(late, arrived, pa.scalar(None, arrived.type)),
        },
        schema=schema(USAGE),
    )
    return rows.filter(_has_arrived(rows["known_at"], calendar))


def _in_order(staff: Sequence[Users], days: Sequence[Days]) -> tuple[Ints, Ints]:
    """All days of use by day; the people of later lives are numbered after those of the first."""
    offsets = np.cumsum([0, *(len(users.ids) for users in staff[:-1])])
    who = np.concatenate([d.who + offset for d, offset in zip(days, offsets, strict=True)])
    day = np.concatenate([d.day for d in days])
    order = np.argsort(day.astype(np.int16), kind="stable")
    return who[order], day[order]


def _done(rng: np.random.Generator, last: int, who: Ints) -> tuple[Ints, Ints]:
    """Days of use x events: everybody has tastes, and whoever comes logs in."""
    tastes = (CHANCE * rng.gamma(1.5, 1 / 1.5, (last + 1, len(CHANCE)))).astype(np.float32)
    tastes[:, 0] = 1.0
    row, kind = np.nonzero(rng.random((len(who), len(EVENTS)), dtype=np.float32) < tastes[who])
    return row, kind


def _spelled(names: Texts, which: Ints) -> Any:
    indices = pa.array(which.astype(np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array(names.tolist())).cast(pa.string())


def _has_arrived(known: Any, calendar: Calendar) -> Any:
    now: Moments = calendar.moment(np.array([calendar.days]))
    return pc.fill_null(pc.less(known, pa.scalar(now[0], pa.timestamp("us"))), True)
