"""The rows a model is judged on, and what is measured on each resample of their customers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np

from training.bootstrap import Statistics
from training.metrics import (
    Array,
    Floats,
    Ranking,
    auc_of,
    average_precision_of,
    found,
    inside,
    lift_of,
    log_losses,
    ratio,
    tenth,
)
from training.money import Offer, policy_sums, savings_of


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """Scored snapshots whose label has matured, one entry per row in every array.

    `margin` ranks (log-odds), `probability` is calibrated, `mrr` is the customer's at the as-of
    date (missing counts as 0), `slices` are columns by which quality is told apart.
    """

    customer: Array
    as_of: Array
    churned: Array
    margin: Array
    probability: Array
    mrr: Array
    slices: Mapping[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = {**vars(self), **self.slices}
        del columns["slices"]
        if wrong := [name for name, column in columns.items() if len(column) != len(self.customer)]:
            raise ValueError(f"{wrong[0]} does not have one entry for each of {len(self)} rows.")
        if not len(self):
            raise ValueError("There are no rows to judge a model on.")
        if not np.isin(self.churned, (0, 1)).all():
            raise ValueError("churned holds something other than 0 and 1; leave censored rows out.")
        within = (np.asarray(self.probability) >= 0) & (np.asarray(self.probability) <= 1)
        if not within.all():
            raise ValueError(f"{(~within).sum()} probabilities are missing or outside 0 to 1.")

    def __len__(self) -> int:
        return len(self.customer)

    def where(self, members: Array) -> "Judged":
        """Some of the rows."""
        columns = {k: np.asarray(v)[members] for k, v in self._columns.items() if k != "slices"}
        slices = {k: np.asarray(v)[members] for k, v in self.slices.items()}
        return Judged(**columns, slices=slices)

    @property
    def _columns(self) -> dict[str, Array]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def lost(self) -> Floats:
        """1 for a churned row, 0 for one that stayed."""
        return np.asarray(self.churned, dtype=float)

    @cached_property
    def worth(self) -> Floats:
        """Monthly recurring revenue, nothing where it is unknown."""
        return np.asarray(np.nan_to_num(np.asarray(self.mrr, dtype=float)))

    @cached_property
    def dates(self) -> tuple[str, ...]:
        """Each row's as-of date in words, such as 2026-03-01."""
        return tuple(str(date)[:10] for date in np.asarray(self.as_of))

    @property
    def churned_customers(self) -> int:
        """How many customers churned: what a confidence interval rests on."""
        return len(np.unique(np.asarray(self.customer)[self.lost > 0]))


def ranking_statistics(rows: Judged) -> Statistics:
    """AUC, average precision over the base rate, lift of the top decile by rows and by MRR."""
    ranking = Ranking.of(rows.margin)
    columns = [ranking.ordered(x) for x in (rows.lost, rows.worth, rows.worth * rows.lost)]

    def statistics(weight: Floats) -> dict[str, Floats]:
        ordered = ranking.ordered(weight)
        size = ranking.places(ordered)
        lost, paid, paid_lost = (ranking.places(ordered * column) for column in columns)
        top, base = inside(size, tenth(size)), ratio(lost.sum(-1), size.sum(-1))
        return {
            "auc": auc_of(lost, size - lost),
            "precision": ratio(average_precision_of(lost, size - lost), base),
            "lift": lift_of(lost, size, top),
            "mrr_lift": lift_of(paid_lost, paid, top),
        }

    return statistics


def capacity_statistics(rows: Judged, capacity: int) -> Statistics:
    """What the team meets when it calls the `capacity` riskiest customers of each as-of date."""
    dates = np.array(rows.dates)
    places = [np.flatnonzero(dates == date) for date in np.unique(dates)]
    rankings = [Ranking.of(np.asarray(rows.margin)[place]) for place in places]
    columns = np.stack([rows.lost, np.ones(len(rows)), rows.lost * rows.worth])[:, None]

    def statistics(weight: Floats) -> dict[str, Floats]:
        met: Floats = np.zeros((3, len(weight)))
        for place, ranking in zip(places, rankings, strict=True):
            sums = ranking.sums(weight[:, place] * columns[..., place])
            met += found(sums, inside(sums[1], capacity))
        all_of_them = columns[:, 0] @ weight.T
        (lost, size, paid), (all_lost, all_rows, all_paid) = met, all_of_them
        return {
            "lift_at": ratio(ratio(lost, size), ratio(all_lost, all_rows)),
            "recall_at": ratio(lost, all_lost),
            "mrr_at": ratio(paid, all_paid),
        }

    return statistics


def probability_statistics(rows: Judged, probability: Array) -> Statistics:
    """Log-loss, Brier skill against the rows' own churn rate, and observed over expected."""
    given = np.asarray(probability, dtype=float)
    losses = log_losses(rows.churned, given)
    columns = np.column_stack(
        [np.ones(len(rows)), rows.lost, given, losses, (given - rows.lost) ** 2]
    )

    def statistics(weight: Floats) -> dict[str, Floats]:
        size, lost, expected, loss, brier = (weight @ columns).T
        rate = lost / size
        return {
            "log_loss": loss / size,
            "skill": 1 - ratio(brier / size, rate * (1 - rate)),
            "observed_expected": ratio(lost, expected),
        }

    return statistics


def money_statistics(rows: Judged, probability: Array, offer: Offer) -> Statistics:
    """Savings of contacting those above their own threshold."""
    sums = policy_sums(rows.churned, probability, offer)
    return lambda weight: {"savings": savings_of(weight @ sums)}


def rival_statistics(rows: Judged, probability: Array, offer: Offer) -> Statistics:
    """What the model's own numbers are compared with, for another prediction of the same rows."""
    ranking = Ranking.of(probability)
    churned = ranking.ordered(rows.lost)
    chance = probability_statistics(rows, probability)
    money = money_statistics(rows, probability, offer)

    def statistics(weight: Floats) -> dict[str, Floats]:
        ordered = ranking.ordered(weight)
        lost, size = ranking.places(ordered * churned), ranking.places(ordered)
        lift = lift_of(lost, size, inside(size, tenth(size)))
        return {"auc": auc_of(lost, size - lost), "lift": lift, **chance(weight), **money(weight)}

    return statistics


def top_decile_overlap(margin: Array, other: Array) -> float:
    """The share of the highest-scored tenth by `margin` that `other` would list as well."""
    first = max(round(len(margin) * 0.1), 1)
    ours, theirs = (np.argsort(-np.asarray(x), kind="stable")[:first] for x in (margin, other))
    return len(np.intersect1d(ours, theirs)) / first
