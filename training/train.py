"""Train one churn model. Read `train` first: it is the whole story."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from features.featureset import FeatureSet
from features.history import History
from training.baselines import Baselines, baselines
from training.calibrate import Choice, Platt, choose_calibration, fit_platt
from training.fit import Numbers, cross_fitted, fitted
from training.labels import Label
from training.model import ChurnModel, category_words
from training.references import spread
from training.snapshots import Snapshots, Split, as_of_dates, snapshots, split

Step = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How to train: seeds to average, dates to judge and train on, and threads of the machine."""

    now: date
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    cross_seeds: tuple[int, ...] = (1, 2)
    trees: int = 300
    test_dates: int = 3
    train_dates: int = 18
    threads: int = 1
    booster: Mapping[str, float] = field(default_factory=dict)  # in place of fit.settings


@dataclass(frozen=True)
class Trained:
    """A model, what it was trained and judged on, and its baselines on the rows it is judged on."""

    model: ChurnModel
    split: Split
    snapshots: Snapshots
    train: pd.DataFrame
    test: pd.DataFrame
    baselines: Baselines
    calibration: Choice
    digest: str


def train(
    history: History,
    features: FeatureSet,
    label: Label,
    plan: Plan,
    step: Step = lambda _: None,
) -> Trained:
    """Fit on the early as-of dates and judge on the latest, with nothing of one seen by the other.

    Raises:
        InsufficientData: The history is too short for two windows and the embargo between them.
    """
    dates = as_of_dates(history, label, plan.now)
    windows = split(dates, label, plan.test_dates, plan.train_dates)
    rows = snapshots(history, features, label, [*windows.train, *windows.test], step)
    return fit(features, label, rows, windows, plan, step)


def fit(
    features: FeatureSet,
    label: Label,
    rows: Snapshots,
    windows: Split,
    plan: Plan,
    step: Step = lambda _: None,
) -> Trained:
    """From labelled snapshots to a calibrated model and the baselines it has to beat."""
    seen, unseen = rows.on(windows.train), rows.on(windows.test)
    blank = _blank(features, label, seen, plan)
    matrix, churned = blank.matrix(seen), seen["churned"].to_numpy(float)
    how: dict[str, Any] = {"threads": plan.threads, "trees": plan.trees, "more": plan.booster}
    step("cross-fitting for the calibration")
    margins = cross_fitted(
        features, matrix, churned, _customers(seen), seeds=plan.cross_seeds, **how
    )
    choice = calibrated(margins, churned, _dates(seen))
    step("fitting the boosters")
    boosters = fitted(features, matrix, churned, plan.seeds, **how)
    step("fitting the baselines")
    model = replace(blank, boosters=boosters, calibration=choice.calibration)
    return Trained(
        model=model,
        split=windows,
        snapshots=rows,
        train=seen,
        test=unseen,
        baselines=baselines(features, seen, churned, unseen),
        calibration=choice,
        digest=digest_of(rows.rows),
    )


def calibrated(margins: Numbers, churned: Numbers, dates: np.ndarray[Any, Any]) -> Choice:
    """Platt's line on cross-fitted margins, kept only if it helps on the latest training dates.

    The line that is kept is fitted on all of them.
    """
    every = np.unique(dates)
    late = dates >= every[-max(len(every) // 3, 1)]
    early = ~late if churned[~late].sum() and churned[late].sum() else late
    choice = choose_calibration(
        fit_platt(margins[early], churned[early]), margins[late], churned[late]
    )
    line = Platt() if choice.calibration == Platt() else fit_platt(margins, churned)
    return Choice(line, choice.log_loss, choice.log_loss_as_is)


def digest_of(rows: pd.DataFrame) -> str:
    """A fingerprint of the snapshots: equal data gives an equal digest, in whatever order."""
    keyed = rows.reset_index().astype({"as_of": str, "churned_at": str})
    hashes = pd.util.hash_pandas_object(keyed, index=False).to_numpy()
    return hashlib.sha256(np.sort(hashes).tobytes()).hexdigest()[:16]


def _blank(features: FeatureSet, label: Label, seen: pd.DataFrame, plan: Plan) -> ChurnModel:
    """The model before it has learnt anything: contract, categories and references."""
    numeric = [name for name in features.names if name not in features.categorical]
    return ChurnModel(
        features=features,
        boosters=(),
        calibration=Platt(),
        categories=category_words(seen, features.categorical),
        horizon_days=label.horizon_days,
        references=spread(seen, numeric, segments_of(seen)),
        about=_made(plan),
    )


def _made(plan: Plan) -> dict[str, Any]:
    chosen = dict(plan.booster)
    return {"trained_now": plan.now.isoformat(), "seeds": list(plan.seeds), "booster": chosen}


def segments_of(rows: pd.DataFrame) -> pd.Series:
    """Each row's segment, '' where there is none."""
    return rows["segment"].fillna("") if "segment" in rows else pd.Series("", index=rows.index)


def _customers(rows: pd.DataFrame) -> np.ndarray[Any, Any]:
    return rows.index.get_level_values("customer_id").to_numpy()


def _dates(rows: pd.DataFrame) -> np.ndarray[Any, Any]:
    return rows.index.get_level_values("as_of").to_numpy()
