"""Snapshots: active customers on as-of dates, with their vectors and what became of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from features.errors import InsufficientData
from features.featureset import FeatureSet
from features.history import History
from features.population import population, population_by_activity
from features.tables import TABLES
from features.vectors import vectors
from training.labels import InactivityLabel, Label, matured, month_of_exit, months_known
from training.stored import (
    OUTCOME,
    Hashes,
    Rows,
    Stored,
    digest_of_hashes,
    drawn,
    hashes_of,
    put,
)
from training.treated import arms_of

WARM_UP_DAYS = 84
Step = Callable[[str], None]


@dataclass(frozen=True)
class Room:
    """How many snapshots may lie in memory, and a folder for more; with none they are sampled."""

    rows: int = 1_000_000
    folder: Path | None = None


@dataclass(frozen=True)
class Snapshots:
    """`rows` are indexed by (customer_id, as_of): the vectors, and what became of the customer.

    That is `churned`, `churned_at`, `cause` and `month`, the month of the horizon in which it left
    (0 if it stayed); `arm`, its part in what was done about risks (a `treated.Arm`), and whether it
    was `treated`. `excluded` counts the customers and dates left out, by reason. Of more snapshots
    than there is room for, `rows` are those of a share of the customers, drawn by their names, and
    `stored` are all of them.
    """

    rows: pd.DataFrame
    excluded: Mapping[str, int] = field(default_factory=dict)
    stored: Stored | None = None
    hashes: Hashes | None = None

    def on(self, dates: Sequence[date]) -> pd.DataFrame:
        """The rows of these dates that lie in memory."""
        return self.rows[self.rows.index.get_level_values("as_of").isin(list(dates))]

    def all_on(self, dates: Sequence[date]) -> Rows:
        """All rows of these dates, wherever they lie."""
        return self.on(dates) if self.stored is None else self.stored.on(dates)

    @property
    def digest(self) -> str:
        """A fingerprint of all of them."""
        return digest_of_hashes(hashes_of(self.rows) if self.hashes is None else self.hashes)


@dataclass(frozen=True)
class Split:
    """As-of dates to train on, and later ones to judge on; no label of one reaches the other.

    `partly` are dates between them whose first months had matured before the first date to judge
    on: those months are learnt from, the others are censored.
    """

    train: tuple[date, ...]
    test: tuple[date, ...]
    partly: tuple[date, ...] = ()

    @property
    def dates(self) -> tuple[date, ...]:
        """All of them, in order."""
        return (*self.train, *self.partly, *self.test)


def month_starts(first: date, last: date) -> list[date]:
    """The first day of every month from one date to another, both included."""
    starts = pd.date_range(first, last, freq="MS")
    return [moment.date() for moment in starts]


def as_of_dates(history: History, label: Label, now: date) -> list[date]:
    """Every month's start with 12 weeks of history before it and a label that can be trusted now.

    Raises:
        InsufficientData: There is no such date.
    """
    first = first_day(history) + timedelta(days=WARM_UP_DAYS)
    if dates := matured(label, month_starts(first, now), now):
        return dates
    raise InsufficientData(
        f"No as-of date has {WARM_UP_DAYS} days of history before it and {label.reach_days} days "
        f"after it by {now}: the history starts on {first_day(history)}. Give a longer history, or "
        "a shorter horizon_days or gap_days."
    )


def first_day(history: History) -> date:
    """The day of the first subscription or, without contracts, of the first use."""
    name = "subscriptions" if "subscriptions" in history.tables else "usage"
    first: datetime | None = history.tables[name]["at"].min().to_pyarrow().as_py()
    if first is None:
        raise InsufficientData(f"The table {name!r} has no dated rows.")
    return first.date()


def last_day(history: History) -> date:
    """The day after the last row of any table: the first as-of date that knows them all.

    Treatments do not count: they are recorded on the day, whether or not the rest has arrived.
    """
    told = {name: rows for name, rows in history.tables.items() if name != "treatments"}
    ends = [_last(rows, TABLES[name].at) for name, rows in told.items()]
    known = [moment for moment in ends if moment is not None]
    return max(known).date() + timedelta(days=1)


def _last(rows: ir.Table, at: str) -> datetime | None:
    moment: datetime | None = rows[at].max().to_pyarrow().as_py()
    return moment


def split(dates: Sequence[date], label: Label, test: int = 3, train: int = 18) -> Split:
    """The latest dates to judge on; before them, those whose labels were known by then.

    Raises:
        InsufficientData: No date's label was known before the first date to judge on.
    """
    for judged in range(min(test, len(dates) - 1), 0, -1):
        held = tuple(dates[-judged:])
        embargo = timedelta(days=label.reach_days)
        known = tuple(d for d in dates if d + embargo <= held[0])
        if known:
            between = (d for d in dates if known[-1] < d < held[0])
            partly = tuple(d for d in between if months_known(label, d, held[0]))
            return Split(known[-train:], held, partly)
    raise InsufficientData(
        f"{len(dates)} as-of dates do not reach over the embargo of {label.reach_days} days "
        "between training and test. Give a longer history, or a shorter horizon_days or gap_days."
    )


def snapshots(
    history: History,
    features: FeatureSet,
    label: Label,
    dates: Sequence[date],
    step: Step = lambda _: None,
    holdout_share: float = 0.0,
    room: Room = Room(),
) -> Snapshots:
    """Vectors and labels of the customers active on each date.

    `holdout_share` is the share of the customers that is drawn to be left alone.

    Raises:
        TargetError: There are more than there is room for, and the folder cannot be written.
    """
    wanted, excluded = active_on(history, label, dates)

    def made(part: pd.DataFrame) -> pd.DataFrame:
        return _made(history, features, label, part, step, holdout_share)

    few = len(wanted) <= room.rows
    found = Snapshots(made(wanted)) if few else _by_date(made, wanted, room)
    too_late = len(wanted) - (len(found.rows) if found.hashes is None else len(found.hashes))
    return replace(found, excluded=excluded | {"left before the lead was over": too_late})


def _made(
    history: History,
    features: FeatureSet,
    label: Label,
    wanted: pd.DataFrame,
    step: Step,
    holdout_share: float,
) -> pd.DataFrame:
    labelled = label.of(history, wanted)
    made = vectors(features, history, labelled, progress=lambda d: step(f"vectors of {d}"))
    labelled = labelled.assign(month=month_of_exit(labelled, label))
    labelled = labelled.assign(**arms_of(history, label, labelled, holdout_share))
    return made.join(labelled.set_index(["customer_id", "as_of"])[[*OUTCOME]])


def _by_date(
    made: Callable[[pd.DataFrame], pd.DataFrame], wanted: pd.DataFrame, room: Room
) -> Snapshots:
    """The snapshots of one date after the other, of which only a sample stays in memory."""
    share, some, files, hashes = room.rows / len(wanted), [], {}, []
    for as_of in sorted(set(wanted["as_of"])):
        rows = made(wanted[wanted["as_of"] == as_of])
        hashes.append(hashes_of(rows))
        some.append(rows[drawn(rows, share)])
        if room.folder is not None:
            files[as_of] = put(room.folder, as_of, rows)
    stored = Stored(files) if files else None
    # A date on which nobody left has no word for a cause, and its column no type.
    sample = pd.concat(some).astype({"cause": "str"})
    return Snapshots(sample, stored=stored, hashes=np.concatenate(hashes))


def active_on(
    history: History, label: Label, dates: Sequence[date]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The spine of active customers, and how many others there were by reason."""
    states = pd.concat([_states(history, label, d).assign(as_of=d) for d in dates])
    states = states.astype({"customer_id": "str"})
    active = states["status"] == "active"
    others = states.loc[~active, "status"].value_counts()
    return states.loc[active, ["customer_id", "as_of"]], {str(k): int(v) for k, v in others.items()}


def _states(history: History, label: Label, as_of: date) -> pd.DataFrame:
    if isinstance(label, InactivityLabel):
        return population_by_activity(history, as_of, label.horizon_days)
    return population(history, as_of)
