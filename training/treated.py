"""Who was treated about a risk, and who was held out at random: quality where nobody acted.

A treatment changes the outcome it is about. Those treated are chosen by how they seem, so that only
customers held out by a draw show what happens when nobody acts. Source: Ascarza (2018), "Retention
futility".
"""

from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.history import History
from features.holdout import held_out
from training.bootstrap import Interval, measure, together
from training.figures import Measure
from training.judged import Judged, probability_statistics, ranking_statistics
from training.labels import DAY, NEVER, Label
from training.metrics import Array
from training.scorecard import ArmRow

RECENT = 28 * DAY  # a treatment, and a draw, are taken to last four weeks
DRAWN = 7 * DAY  # a round acts on a date's scores within the week after it
FEWEST = 20  # churned customers


class Arm(StrEnum):
    """What was done about a snapshot's customer around and after its as-of date."""

    NONE = "not treated"
    TREATED = "treated"
    HELD_OUT = "held out at random"


def arms_of(
    history: History, label: Label, labelled: pd.DataFrame, holdout_share: float = 0.0
) -> dict[str, NDArray[Any]]:
    """The `arm` of each snapshot (customer_id, as_of, churned_at), and whether it was `treated`.

    Treated: something was done in the four weeks before the as-of date or after it, until the
    horizon ended or the customer left. Held out: the newest row from four weeks before to one week
    after the as-of date is of the arm `control`; in a history without controls, a customer of the
    share that no play is recommended for, from when treatments began. Either stays held out
    whatever came later: what comes later depends on who is still there.
    """
    arms = np.full(len(labelled), Arm.NONE.value, dtype="<U20")
    treated = np.zeros(len(labelled), dtype=bool)
    if "treatments" in history.tables:
        rows, spine = _treatments(history), _windows(label, labelled)
        met: pd.DataFrame = spine.merge(rows, on="customer_id")
        inside = met["at"].ge(met["begins"]) & met["at"].lt(met["left"])
        treated[met[inside & met["helped"]]["row"].unique()] = True
        arms[treated] = Arm.TREATED
        arms[_drawn(rows, spine, met, holdout_share)] = Arm.HELD_OUT
    return {"arm": arms, "treated": treated}


def _windows(label: Label, labelled: pd.DataFrame) -> pd.DataFrame:
    """Each snapshot with the days between which what is done counts."""
    spine = labelled[["customer_id", "as_of", "churned_at"]].reset_index(drop=True)
    as_of = pd.to_datetime(spine["as_of"])
    ends = as_of + (label.lead_days + label.horizon_days) * DAY
    left = np.minimum(ends, spine["churned_at"].fillna(NEVER))
    spine = spine.assign(as_of=as_of, begins=as_of - RECENT, ends=ends, left=left)
    return spine.reset_index(names="row")


def _drawn(
    rows: pd.DataFrame, spine: pd.DataFrame, met: pd.DataFrame, share: float
) -> NDArray[np.intp]:
    """The snapshots held out by the draw that the history records, else by the hash."""
    if not rows["helped"].all():
        near = met["at"].ge(met["begins"]) & met["at"].lt(met["as_of"] + DRAWN)
        return _held_out(met[near])
    began = spine["ends"].gt(rows["at"].min())
    alone = spine["customer_id"].map(lambda customer: held_out(customer, share)).astype(bool)
    return np.flatnonzero(began & alone)


def _held_out(near: pd.DataFrame) -> NDArray[np.intp]:
    """The rows whose newest treatment is being a control."""
    newest = near.sort_values("at", kind="stable").drop_duplicates("row", keep="last")
    return np.asarray(newest[~newest["helped"]]["row"], dtype=np.intp)


def _treatments(history: History) -> pd.DataFrame:
    given = history.tables["treatments"].select("customer_id", "at", "arm")
    rows: pd.DataFrame = given.to_pyarrow().to_pandas()
    told = rows.assign(helped=rows["arm"].fillna("chosen") != "control")
    return told.astype({"customer_id": "str"}).drop(columns="arm")


def arm_rows(
    rows: Judged, arms: Array, treated: Array, resamples: int, seed: int = 0
) -> tuple[ArmRow, ...]:
    """Quality in each arm that has anybody; without treatments there is nothing to tell apart."""
    present = {arm: arms == arm.value for arm in Arm if (arms == arm.value).any()}
    if list(present) == [Arm.NONE]:
        return ()
    return tuple(
        _arm_row(rows.where(members), arm, int(np.sum(treated[members])), resamples, seed)
        for arm, members in present.items()
    )


def _arm_row(part: Judged, arm: Arm, treated: int, resamples: int, seed: int) -> ArmRow:
    enough = part.churned_customers >= FEWEST
    statistics = together(ranking_statistics(part), probability_statistics(part, part.probability))
    found = measure(statistics, part.customer, resamples, seed) if enough else {}
    unknown = Interval(float("nan"))
    auc, ratio, loss = (found.get(k, unknown) for k in ("auc", "observed_expected", "log_loss"))
    return ArmRow(
        arm=arm.value,
        rows=len(part),
        churned=part.churned_customers,
        treated=treated,
        auc=Measure(f"AUC where {arm.value}", auc),
        observed_expected=Measure(f"Observed/expected where {arm.value}", ratio),
        log_loss=Measure(f"Log-loss where {arm.value}", loss),
    )
