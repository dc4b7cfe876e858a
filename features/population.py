"""Who is a customer on a date, as a table: `active` ones are scored and trained on."""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from features.history import History
from features.status import ACTIVE, DUNNING_DAYS, Status, statuses, statuses_by_activity

__all__ = ["ACTIVE", "DUNNING_DAYS", "Status", "population", "population_by_activity"]


def population(history: History, as_of: date, dunning_days: int = DUNNING_DAYS) -> pd.DataFrame:
    """The status of every customer known on a date: columns customer_id and status, by customer_id.

    What each status means stands at `features.status.statuses`.
    """
    return _told(statuses(history.known(as_of), dunning_days))


def population_by_activity(history: History, as_of: date, days: int) -> pd.DataFrame:
    """The same for businesses without contracts: `active` used the product in the last `days`."""
    return _told(statuses_by_activity(history.known(as_of), days))


def _told(status: Mapping[str, Status]) -> pd.DataFrame:
    told = sorted(status.items())
    return pd.DataFrame(told, columns=["customer_id", "status"], dtype="str")
