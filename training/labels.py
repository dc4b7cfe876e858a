"""What counts as churn. The only module that looks past the as-of date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from features.errors import ContractError
from features.history import History

if TYPE_CHECKING:
    from features.settings import Settings

DAY = pd.Timedelta(days=1)
NEVER = pd.Timestamp("2200-01-01")
MONTH_DAYS, SHORTEST_DAYS = 30, 15


def month_ends(horizon_days: int) -> tuple[int, ...]:
    """The ends of a horizon's months, of 30 days each.

    A remainder of less than 15 days belongs to the month before it; a horizon of up to 45 days is
    one month.
    """
    whole = [*range(MONTH_DAYS, horizon_days + 1, MONTH_DAYS)]
    if horizon_days <= MONTH_DAYS + SHORTEST_DAYS:
        return (horizon_days,)
    if horizon_days - whole[-1] < SHORTEST_DAYS:
        whole.pop()
    return (*whole, horizon_days)


class Label(Protocol):
    """What a label answers: which snapshots may be used, and what became of them."""

    @property
    def horizon_days(self) -> int:
        """The days a probability speaks of."""

    @property
    def lead_days(self) -> int:
        """The days between the as-of date and the beginning of the horizon."""

    @property
    def month_ends(self) -> tuple[int, ...]:
        """The days of the horizon on which its months end; the last is the horizon itself."""

    @property
    def reach_days(self) -> int:
        """Days after the as-of date until its label can be trusted: also the embargo."""

    def of(self, history: History, wanted: pd.DataFrame) -> pd.DataFrame:
        """The spine (customer_id, as_of) with `churned`, `churned_at` and `cause`."""


@dataclass(frozen=True)
class ChurnLabel:
    """A customer without any active subscription for more than `gap_days` has churned at its end.

    A snapshot is churned if that moment lies in [as_of + lead, as_of + lead + horizon): an end
    exactly at the as-of date is not yet known on it, and counts. Customers who leave before the
    lead is over are left out: nothing could have been done. `arrival_lag_days` is how late an end
    may arrive. Source: MODELLING conventions of Gold, "Fighting Churn with Data", chapter 2.
    """

    horizon_days: int = 90
    gap_days: int = 30
    lead_days: int = 0
    arrival_lag_days: int = 3

    def __post_init__(self) -> None:
        if self.horizon_days < 1 or min(self.gap_days, self.lead_days, self.arrival_lag_days) < 0:
            raise ValueError(
                f"A label needs a horizon of 1 day or more and no negative days: {self}."
            )

    @property
    def month_ends(self) -> tuple[int, ...]:
        """The days of the horizon on which its months end."""
        return month_ends(self.horizon_days)

    @property
    def reach_days(self) -> int:
        """Days after the as-of date until its label can be trusted: also the embargo."""
        return self.lead_days + self.horizon_days + self.gap_days + self.arrival_lag_days

    def of(self, history: History, wanted: pd.DataFrame) -> pd.DataFrame:
        """The spine (customer_id, as_of) with `churned` (0 or 1), `churned_at` and `cause`.

        Raises:
            ContractError: The history has no subscriptions to end.
        """
        if "subscriptions" not in history.tables:
            raise ContractError(
                "The churn label needs the table 'subscriptions'; a business without contracts "
                "sets label = 'inactivity'."
            )
        exits = churn_of(subscriptions_of(history), self.gap_days)
        return next_exit(wanted, exits, self.lead_days, self.horizon_days)


@dataclass(frozen=True)
class InactivityLabel:
    """For businesses without contracts: no use at all in [as_of + lead, as_of + lead + horizon)."""

    horizon_days: int = 60
    lead_days: int = 0
    arrival_lag_days: int = 3

    @property
    def month_ends(self) -> tuple[int, ...]:
        """One step: who uses nothing in the horizon was inactive in all of it."""
        return (self.horizon_days,)

    @property
    def reach_days(self) -> int:
        """Days after the as-of date until its label can be trusted: also the embargo."""
        return self.lead_days + self.horizon_days + self.arrival_lag_days

    def of(self, history: History, wanted: pd.DataFrame) -> pd.DataFrame:
        """The spine (customer_id, as_of) with `churned` (0 or 1), `churned_at` and `cause`."""
        usage = history.tables["usage"]
        used = usage.select("customer_id", "at").distinct().to_pyarrow().to_pandas()
        used = used.rename(columns={"at": "used_at"}).sort_values("used_at")
        opens = _moments(wanted) + self.lead_days * DAY
        rows = wanted[["customer_id", "as_of"]].assign(opens=opens.astype(used["used_at"].dtype))
        met = _asof(rows, used, "opens", "used_at")
        gone = ~(met["used_at"] < met["opens"] + self.horizon_days * DAY)
        return wanted.assign(
            churned=gone.astype("int8").to_numpy(),
            churned_at=met["opens"].where(gone).to_numpy(),
            cause=gone.map({True: "voluntary", False: None}).to_numpy(),
        )


def label_of(settings: "Settings") -> Label:
    """The label that the settings ask for."""
    if settings.label == "inactivity":
        return InactivityLabel(
            settings.inactivity_days, settings.lead_days, settings.arrival_lag_days
        )
    return ChurnLabel(
        horizon_days=settings.horizon_days,
        gap_days=settings.gap_days,
        lead_days=settings.lead_days,
        arrival_lag_days=settings.arrival_lag_days,
    )


def matured(label: Label, dates: Sequence[date], now: date) -> list[date]:
    """The as-of dates whose label can be trusted now; later ones are censored, never negative."""
    return [as_of for as_of in dates if as_of + timedelta(days=label.reach_days) <= now]


def months_known(label: Label, as_of: date, now: date) -> int:
    """How many months of a date's horizon had matured by a day; the others are censored."""
    after = label.reach_days - label.horizon_days
    return sum(as_of + timedelta(days=after + end) <= now for end in label.month_ends)


def month_of_exit(labelled: pd.DataFrame, label: Label) -> "pd.Series[int]":
    """The month of the horizon in which each row's customer leaves: 1 is the first, 0 is none."""
    opens = _moments(labelled) + label.lead_days * DAY
    days = (labelled["churned_at"] - opens).dt.total_seconds().to_numpy() / DAY.total_seconds()
    month = np.searchsorted(label.month_ends, days, side="right") + 1
    return pd.Series(np.where(labelled["churned"] == 1, month, 0), labelled.index, dtype="int8")


def subscriptions_of(history: History) -> pd.DataFrame:
    """All states of all subscriptions, as they are known today."""
    columns = ["customer_id", "subscription_id", "at", "ended_at", "end_reason"]
    rows: pd.DataFrame = history.tables["subscriptions"].select(*columns).to_pyarrow().to_pandas()
    return rows


def churn_of(subscriptions: pd.DataFrame, gap_days: int) -> pd.DataFrame:
    """Every moment at which a customer had no active subscription for more than the gap.

    One row per exit: customer_id, churned_at, cause. A state lasts until the subscription's next
    row or its own end, whichever is first.
    """
    spans = _spans(subscriptions)
    same = spans["customer_id"].eq(spans["customer_id"].shift(-1))
    resumes = spans["start"].shift(-1).where(same, NEVER)
    ended = spans["until"] < NEVER
    gone = ended & (resumes > spans["until"] + gap_days * DAY)
    exits = spans[gone].rename(columns={"until": "churned_at", "end_reason": "cause"})
    exits = exits.assign(cause=exits["cause"].fillna("other"))
    return exits[["customer_id", "churned_at", "cause"]].reset_index(drop=True)


def _spans(subscriptions: pd.DataFrame) -> pd.DataFrame:
    """Spans in order of start; `until` is the latest end among a customer's spans so far."""
    rows = subscriptions.sort_values(["customer_id", "subscription_id", "at"], kind="stable")
    same = rows["subscription_id"].eq(rows["subscription_id"].shift(-1))
    changes = rows["at"].shift(-1).where(same, NEVER)
    ends = rows["ended_at"].fillna(NEVER)
    rows = rows.assign(start=rows["at"], end=np.minimum(changes, ends))
    rows = rows.sort_values(["customer_id", "start", "end"], kind="stable")
    until = rows.groupby("customer_id")["end"].cummax()
    latest = rows["end_reason"].where(rows["end"].eq(until) & ends.reindex(rows.index).eq(until))
    return rows.assign(until=until, end_reason=latest.groupby(rows["customer_id"]).ffill())


def next_exit(
    wanted: pd.DataFrame, exits: pd.DataFrame, lead_days: int, horizon_days: int
) -> pd.DataFrame:
    """The spine with its first exit (customer_id, churned_at, cause) inside the horizon, if any.

    A customer whose first exit lies before the lead is over is left out.
    """
    exits = exits.sort_values("churned_at")
    moments = _moments(wanted).astype(exits["churned_at"].dtype)
    rows = wanted[["customer_id", "as_of"]].assign(moment=moments)
    met = _asof(rows, exits, "moment", "churned_at")
    opens = met["moment"] + lead_days * DAY
    early = met["churned_at"] < opens
    churned = ~early & (met["churned_at"] < opens + horizon_days * DAY)
    labelled = wanted.assign(
        churned=churned.astype("int8").to_numpy(),
        churned_at=met["churned_at"].where(churned).to_numpy(),
        cause=met["cause"].where(churned, None).to_numpy(),
    )
    return labelled[~early.to_numpy()]


def _moments(wanted: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(wanted["as_of"])


def _asof(rows: pd.DataFrame, events: pd.DataFrame, moment: str, at: str) -> pd.DataFrame:
    """Each row with its customer's first event at or after its moment, in the rows' own order."""
    ordered = rows.reset_index(drop=True).reset_index(names="order").sort_values(moment)
    met = pd.merge_asof(
        ordered, events, left_on=moment, right_on=at, by="customer_id", direction="forward"
    )
    return met.sort_values("order").reset_index(drop=True)
