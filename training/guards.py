"""The guards of a training run: each looks for one way in which a good score can be a lie.

Source of the permutation test: Ojala and Garriga (2010); the others follow from what a snapshot is.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.history import History
from training import fit
from training.baselines import blank_of, known_as
from training.fit import Numbers, cross_fitted
from training.guarded import Guarded
from training.labels import Label
from training.membership import population
from training.metrics import auc
from training.model import ChurnModel
from training.parity import WITHIN, logged_parity, online_parity, score_parity
from training.probes import probes
from training.replay import (
    future_rows,
    replay_dates,
    sampled,
    source_history,
    truncation_replay,
)
from training.train import Trained, refitted

CLIFF, CONSTANT, SURE = 0.15, 0.55, 1.645
PERMUTATIONS, QUICK_TREES, THREADS = 3, 40, 2
FEWEST = 30
A_DAY = np.timedelta64(1, "D")
BY_DEFAULT: Mapping[str, Any] = MappingProxyType({})
# Large trees that would know a customer again: what this guard is about.
EAGER: Mapping[str, Any] = MappingProxyType(
    {
        "num_leaves": 63,
        "min_child_samples": 2,
        "reg_lambda": 0.0,
        "learning_rate": 0.2,
        "monotone_constraints": None,
    }
)


def guarded(
    history: History, label: Label, trained: Trained, now: date, log: pd.DataFrame | None = None
) -> tuple[Guarded, ...]:
    """Every guard on a training run, in the order of the reader's suspicion.

    `log` holds vectors as they were served (`features.logged`), where there are any.
    """
    features, rows = trained.model.features, trained.train
    frames = sampled(history, rows.index.get_level_values("customer_id"))
    judged = [*trained.split.train, *trained.split.test]
    dates = replay_dates(judged)
    of_the_data = (
        source_history(features),
        truncation_replay(features, frames, dates),
        future_rows(features, frames, dates),
        *([] if log is None else [logged_parity(features, history, log)]),
        embargo(trained, label),
        maturity(trained, label, now),
        population(pd.concat([rows, trained.test]), frames, label, judged),
    )
    if trained.model.insufficient:  # nothing was learnt that could be a leak
        return (*of_the_data, score_parity(trained.model, trained.test))
    return (
        *of_the_data,
        *probes(trained),
        month_cliff(trained),
        permuted_target(trained),
        constant_label(trained),
        score_parity(trained.model, trained.test),
        online_parity(trained.model, frames, judged[-1]),
        determinism(trained, label),
        monotone_sweep(trained.model, trained.test),
    )


def embargo(trained: Trained, label: Label) -> Guarded:
    """The last training label was known before the first date that is judged."""
    known = trained.split.train[-1] + timedelta(days=label.reach_days)
    short = (known - trained.split.test[0]).days
    rule = f"training ends {label.reach_days} days before the test (days short of it)"
    return Guarded("embargo", "", float(max(short, 0)), rule, short > 0)


def maturity(trained: Trained, label: Label, now: date) -> Guarded:
    """Every label could be trusted on the day of training."""
    last = max(*trained.split.train, *trained.split.test)
    short = (last + timedelta(days=label.reach_days) - now).days
    rule = "no label is used before it has matured (days too early)"
    return Guarded("maturity", "", float(max(short, 0)), rule, short > 0)


def month_cliff(trained: Trained) -> Guarded:
    """No feature knows the first month's exits far better than the last's: notice already given.

    The limit allows for what chance does to two AUCs of so many exits (.26 / sqrt(exits) each).
    """
    rows = trained.train
    days = (np.asarray(pd.to_datetime(rows["churned_at"])) - _moments(rows)) / A_DAY
    stayed = rows["churned"].to_numpy() == 0
    soon, late = days < 30, days >= max(trained.model.horizon_days - 30, 30)
    exits = np.array([soon.sum(), late.sum()])
    if exits.min() < FEWEST:
        return Guarded("month-of-event cliff", "", 0.0, "too few exits a month to tell", False)
    limit = CLIFF + SURE * 0.26 * float(np.sqrt((1 / exits).sum()))
    falls = {n: _fall(c, stayed, soon, late) for n, c in _numeric(trained).items()}
    name = max(falls, key=lambda n: falls[n])
    rule = f"AUC for exits of the first month less that of the last is at most {limit:.3f}"
    return Guarded("month-of-event cliff", name, falls[name], rule, falls[name] > limit)


def permuted_target(trained: Trained) -> Guarded:
    """With labels drawn at random inside each as-of date nothing can be learnt."""
    churned, dates = trained.train["churned"].to_numpy(float), _moments(trained.train)
    draw = np.random.default_rng(0)
    found = [_quick(trained, _drawn(churned, dates, draw)) for _ in range(PERMUTATIONS)]
    error = 0.26 / np.sqrt(max(churned.sum(), 1.0) * PERMUTATIONS)
    away = abs(float(np.mean(found)) - 0.5)
    rule = f"AUC on random labels is within {3 * error:.3f} of .5 (distance from .5)"
    return Guarded("permuted target", "", away, rule, away > 3 * error)


def constant_label(trained: Trained) -> Guarded:
    """With one random label a customer, folds that share customers would seem to predict it."""
    customers = trained.train.index.get_level_values("customer_id").to_numpy()
    names, place = np.unique(customers, return_inverse=True)
    rate = max(float(trained.train["churned"].mean()), 0.05)
    given = (np.random.default_rng(1).random(len(names)) < rate).astype(float)
    found = _quick(trained, given[place], EAGER)
    # Few customers with the label can be ranked well by luck alone.
    limit = max(CONSTANT, 0.5 + 3 * 0.26 / np.sqrt(max(given.sum(), 1.0)))
    rule = f"AUC of a label drawn per customer is at most {limit:.3f}"
    return Guarded("customer-constant label", "", found, rule, found > limit)


def determinism(trained: Trained, label: Label) -> Guarded:
    """The same rows and the same seed give the same booster, to the last character."""
    first, again = refitted(trained, label)
    differs = first != again
    return Guarded("determinism", "", float(differs), "fitting again gives the same model", differs)


def monotone_sweep(model: ChurnModel, rows: pd.DataFrame) -> Guarded:
    """No probability moves against the direction that a feature declares."""
    some = rows.sample(min(50, len(rows)), random_state=0)
    bent = {f.name: _bend(model, rows, some, f.name, int(f.risk)) for f in model.features if f.risk}
    name = max(bent, key=lambda n: bent[n], default="")
    worst = bent.get(name, 0.0)
    rule = "no constrained feature moves a score against its direction (largest step)"
    return Guarded("monotone sweep", name if worst else "", worst, rule, worst > WITHIN)


def _bend(model: ChurnModel, rows: pd.DataFrame, some: pd.DataFrame, name: str, sign: int) -> float:
    known = rows[name].dropna().to_numpy(float)
    if not len(known):
        return 0.0
    matrix, place = model.matrix(some), model.features.names.index(name)
    levels = np.quantile(known, [0, 0.25, 0.5, 0.75, 1])
    swept = np.array([model.margins(_with(matrix, place, level)) for level in levels])
    return float(max(0.0, -(np.diff(swept, axis=0) * sign).min()))


def _with(matrix: Numbers, place: int, level: float) -> Numbers:
    moved = matrix.copy()
    moved[:, place] = level
    return moved


def _numeric(trained: Trained) -> Mapping[str, Numbers]:
    names = trained.model.features.names
    words = trained.model.features.categorical
    return {n: trained.train[n].to_numpy(float) for n in names if n not in words}


def _fall(
    values: Numbers, stayed: NDArray[np.bool_], soon: NDArray[np.bool_], late: NDArray[np.bool_]
) -> float:
    """AUC for the first month's exits less that for the last month's, in the same direction."""
    filled = known_as(values, blank_of(values[stayed | soon], soon[stayed | soon].astype(float)))
    first = auc(soon[stayed | soon].astype(float), filled[stayed | soon])
    last = auc(late[stayed | late].astype(float), filled[stayed | late])
    return first - last if first >= 0.5 else last - first


def _quick(trained: Trained, churned: Numbers, more: Mapping[str, Any] = BY_DEFAULT) -> float:
    """AUC that a quick model reaches for some labels on customers it has not seen."""
    model, rows = trained.model, trained.train
    customers = rows.index.get_level_values("customer_id").to_numpy()
    how: dict[str, Any] = {"seeds": (1,), "trees": QUICK_TREES, "more": more, "threads": THREADS}
    margins = cross_fitted(model.features, model.matrix(rows), churned, customers, **how)
    return _auc_inside(churned, margins, fit.customer_folds(customers, fit.FOLDS), _moments(rows))


def _auc_inside(churned: Numbers, margins: Numbers, *groups: NDArray[Any]) -> float:
    """AUC inside each fold and date, weighted by churned rows.

    Across folds it would be below .5 for nothing learnt: a fold with many churned rows is scored
    by a model that saw few.
    """
    told = pd.DataFrame({"churned": churned, "margin": margins})
    parts = [part for _, part in told.groupby(list(groups)) if 0 < part["churned"].mean() < 1]
    found = [auc(part["churned"].to_numpy(), part["margin"].to_numpy()) for part in parts]
    return float(np.average(found, weights=[part["churned"].sum() for part in parts]))


def _drawn(churned: Numbers, dates: NDArray[Any], draw: np.random.Generator) -> Numbers:
    """For each row a label drawn from those of its date.

    Drawn with replacement: shuffled labels that are in the training folds are missing from the one
    held out, which alone brings the AUC below .5.
    """
    _, place = np.unique(dates, return_inverse=True)
    rates = np.bincount(place, churned) / np.bincount(place)
    return np.asarray(draw.random(len(churned)) < rates[place], float)


def _moments(rows: pd.DataFrame) -> NDArray[Any]:
    return np.asarray(pd.to_datetime(rows.index.get_level_values("as_of")))
