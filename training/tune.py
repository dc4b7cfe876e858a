"""Look for better settings of the trees, and say whether they are better than the default.

The best of the trials (training.trials) is held against the default on later dates that no trial
saw: the best of many trials always looks better on the folds that chose it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from features.errors import InsufficientData
from features.featureset import FeatureSet
from features.history import History
from training.below import shortfall
from training.folds import Fold, folds_of, losses
from training.gate import Comparison, compare
from training.labels import Label
from training.snapshots import Snapshots, Split, as_of_dates, snapshots, split
from training.train import Plan, blank_model, digest_of, taught
from training.trials import SPACE, Search, Step, Trial, apart, default_settings, tried
from training.verdict import judged


@dataclass(frozen=True)
class Tuned:
    """What was found: every trial, and the best against the default on dates it was not chosen by.

    `gain` is None where no trial was better than the default. `digest` names the data and the
    search, `test` the rows of the comparison.
    """

    trials: tuple[Trial, ...]
    windows: Split
    gain: Comparison | None
    digest: str
    test: str

    @property
    def default(self) -> Trial:
        """The first trial."""
        return self.trials[0]

    @property
    def best(self) -> Trial:
        """The trial of the lowest log-loss; the earlier of two."""
        return min(self.trials, key=lambda trial: (trial.log_loss, trial.number))

    @property
    def better(self) -> bool:
        """Whether the best is surely better than the default: the interval leaves out 0."""
        return self.gain is not None and self.gain.log_loss_gain.low > 0

    @property
    def said(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "best": self.best.said,
            "default": self.default.said,
            "better": self.better,
            "gain": asdict(self.gain) if self.gain else None,
            "judged_on": [day.isoformat() for day in self.windows.test],
            "trials": [trial.said for trial in self.trials],
        }


def tune(
    history: History,
    features: FeatureSet,
    label: Label,
    plan: Plan,
    search: Search,
    folder: Path,
    step: Step = lambda _: None,
) -> Tuned:
    """Search on the folds of the training window, then judge on the test; a trial is a file.

    An interrupted search goes on: the same data, recipe and seed give the same trials, whether they
    were run in one go or not. `plan.booster` is not read.

    Raises:
        InsufficientData: Too few left, or the history is too short for folds of its own.
    """
    windows = split(as_of_dates(history, label, plan.now), label, plan.test_dates, plan.train_dates)
    rows = snapshots(history, features, label, windows.dates, step, room=plan.room)
    return tuned_on(features, label, rows, windows, plan, search, folder=folder, step=step)


def tuned_on(  # noqa: PLR0913 (what is searched, by what, how long, where)
    features: FeatureSet,
    label: Label,
    rows: Snapshots,
    windows: Split,
    plan: Plan,
    search: Search,
    *,
    folder: Path,
    step: Step = lambda _: None,
) -> Tuned:
    """The same from labelled snapshots."""
    seen, test = rows.on(windows.train), rows.on(windows.test)
    if short := shortfall(seen, test, plan.least):
        raise InsufficientData(short)
    blank = blank_model(features, label, seen, plan)
    step("binning the folds")
    folds = folds_of(blank, label, rows, windows, search.folds)
    key = key_of(rows, features, label, search)
    default = default_settings(int(seen["churned"].sum()))
    score = partial(mean_loss, folds, plan.threads)
    trials = tuple(tried(score, default, search, folder / key, step))
    tuned = Tuned(trials, windows, None, key, digest_of(test[["churned", "churned_at"]]))
    if tuned.best == tuned.default:
        return tuned
    return replace(tuned, gain=_gain(tuned, features, label, rows, plan, step))


def mean_loss(folds: Sequence[Fold], threads: int, chosen: Mapping[str, float]) -> float:
    """The mean log-loss over the rows of all folds."""
    trees, booster = apart(chosen)
    with ThreadPoolExecutor(threads) as pool:
        each = list(pool.map(lambda fold: losses(fold, trees, booster), folds))
    return float(np.concatenate(each).mean())


def key_of(rows: Snapshots, features: FeatureSet, label: Label, search: Search) -> str:
    """Names the data and what is searched: trials of another history are not mixed in."""
    terms = [sorted(features.contract.items()), label, search.folds, sorted(SPACE)]
    told = repr([rows.digest, *terms])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _gain(
    tuned: Tuned, features: FeatureSet, label: Label, rows: Snapshots, plan: Plan, step: Step
) -> Comparison:
    """The best against the default, each a whole model, on the same customers of the test."""
    trees, booster = apart(tuned.best.settings)
    plans = {
        "the best": replace(plan, trees=trees, booster=booster),
        "the default": replace(plan, trees=Plan.trees, booster={}),
    }
    seen, test = rows.on(tuned.windows.train), rows.on(tuned.windows.test)
    found = []
    for name, each in plans.items():
        blank = blank_model(features, label, seen, each)
        model = taught(blank, label, rows, tuned.windows, each, _of(name, step))
        found.append(judged(model, test))
    best, default = found
    return compare(best, default)


def _of(name: str, step: Step) -> Step:
    """Says of whom a step is."""
    return lambda what: step(f"{name}: {what}")
