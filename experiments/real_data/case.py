"""A case: a mapped history, its label and its windows, and what running it gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from features.catalogue import catalogue
from features.history import History
from features.usable import Account, Outside, usable
from training.labels import Label
from training.money import Offer
from training.recorded import calibrations
from training.snapshots import Split, snapshots
from training.train import Plan, Trained, fit
from training.verdict import Verdict, verdict


@dataclass(frozen=True)
class Case:
    """One data set, ready to be trained on; `published` holds the figures to compare with."""

    history: History
    label: Label
    windows: Split
    now: date
    key_events: tuple[str, ...]
    capacity: int
    published: Mapping[str, str]
    outside_subscription: Outside = "keep"


@dataclass(frozen=True)
class Result:
    """A trained and judged case, and what became of its rows."""

    trained: Trained
    verdict: Verdict
    accounts: Mapping[str, Account]


def ran(case: Case, seeds: int = 5, resamples: int = 1_000) -> Result:
    """Set bad rows aside, train on the early window, judge on the late one, ask the gate."""
    history, accounts = usable(case.history, case.outside_subscription)
    features = catalogue(key_events=case.key_events)
    plan = Plan(now=case.now, seeds=tuple(range(1, seeds + 1)))
    rows = snapshots(history, features, case.label, case.windows.dates)
    trained = fit(features, case.label, rows, case.windows, plan)
    told = verdict(trained, case.label, Offer(), case.capacity, resamples=resamples)
    return Result(trained, told, accounts)


def said(result: Result) -> dict[str, Any]:
    """The figures of a case as one JSON object."""
    card, numbers = result.verdict.scorecard, result.verdict.decision.numbers
    auc, single = card.ranking.auc.value, _baseline(result, "best single feature")
    return {
        "auc": auc.point,
        "auc_interval": [auc.low, auc.high],
        "log_loss": card.probability.log_loss.value.point,
        "base_log_loss": _baseline(result, "base rate").log_loss.point,
        "lift_top_decile": card.ranking.top_decile_lift.value.point,
        "positives": card.data.churned_rows,
        "best_single_feature": {"name": single.feature, "auc": single.auc.point},
        "logistic": {
            "auc": _baseline(result, "logistic").auc.point,
            "log_loss": _baseline(result, "logistic").log_loss.point,
        },
        "promoted": result.verdict.decision.outcome == "promote",
        "decision": result.verdict.decision.outcome,
        "reasons": list(result.verdict.decision.reasons),
        "rows": {"train": len(result.trained.train), "test": len(result.trained.test)},
        "churned_to_train_on": int(result.trained.train["churned"].sum()),
        "calibration": calibrations(result.trained.model),
        "grade": card.grade.letter,
        "set_aside": {n: dict(a.set_aside) for n, a in result.accounts.items() if a.set_aside},
        "numbers": numbers,
    }


def _baseline(result: Result, name: str) -> Any:
    return next(row for row in result.verdict.scorecard.baselines if row.name == name)
