"""What nobody in the made-up company can know: only tests and benchmarks may read it."""

import numpy as np
import pandas as pd

from features.demo import oracle
from features.demo.arrays import where_told
from features.demo.calendar import WEEK
from features.demo.lives import Lives


def told(lives: Lives) -> pd.DataFrame:
    """One row per customer at risk (active, no notice given) and monthly as-of date.

    `hazard_90d` is the oracle's probability; `health` and `intent` the latent state (intent also of
    those who will think better of it); `cause`, `end_reason` and `churned_at` how this subscription
    ends, also after the last observed day, and null if it does not; `hazard_ratio` what a treatment
    makes of the intent at that time.
    """
    days = lives.calendar.as_of_days()
    return pd.concat([_month(lives, int(day)) for day in days], ignore_index=True)


def _month(lives: Lives, day: int) -> pd.DataFrame:
    week, exits = day // WEEK, lives.exits
    rows = np.flatnonzero(exits.at_risk(lives.people, day))
    leaves = exits.reason[rows] != ""
    return pd.DataFrame(
        {
            "customer_id": lives.ids(rows),
            "month": lives.calendar.moment(np.full(len(rows), day)),
            "hazard_90d": oracle.hazard(lives, rows, day),
            "health": lives.health.level[week - 1, rows],
            "intent": lives.intents.since[week, rows] < day,
            "cause": where_told(leaves, exits.cause[rows]),
            "end_reason": where_told(leaves, exits.reason[rows]),
            "churned_at": lives.calendar.moment(exits.ends[rows]),
            "hazard_ratio": lives.treatments.eased[week, rows],
        }
    )
