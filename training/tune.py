"""Look for better settings of the trees, and say whether they are better than the default.

Trials are drawn by a tree of Parzen estimators (Bergstra et al. 2011, in Optuna), the first of them
the default itself. The best is then held against the default on later dates that no trial saw: the
best of many trials always looks better on the folds that chose it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

from features.errors import InsufficientData
from features.featureset import FeatureSet
from features.history import History
from training.below import shortfall
from training.files import put
from training.fit import settings
from training.folds import Fold, folds_of, losses
from training.gate import Comparison, compare
from training.labels import Label
from training.snapshots import Snapshots, Split, as_of_dates, snapshots, split
from training.train import Plan, blank_model, digest_of, taught
from training.verdict import judged

Step = Callable[[str], None]
TREES = "trees"
SPACE: Mapping[str, BaseDistribution] = MappingProxyType(
    {
        TREES: IntDistribution(50, 800, log=True),
        "learning_rate": FloatDistribution(0.01, 0.2, log=True),
        "num_leaves": IntDistribution(2, 63, log=True),
        "min_child_samples": IntDistribution(10, 500, log=True),
        "subsample": FloatDistribution(0.4, 1.0),
        "colsample_bytree": FloatDistribution(0.2, 1.0),
        "reg_lambda": FloatDistribution(0.01, 100.0, log=True),
    }
)
SKIPS = 7919  # trials' seeds of one search never meet those of the next


@dataclass(frozen=True)
class Search:
    """How long to look: so many trials in all, or until so many seconds have passed."""

    trials: int = 30
    seconds: float | None = None
    folds: int = 3
    seed: int = 0


@dataclass(frozen=True)
class Trial:
    """Settings, and the mean log-loss over all folds; `again` says that it was read, not run."""

    number: int
    settings: Mapping[str, float]
    log_loss: float
    again: bool = False

    @property
    def said(self) -> dict[str, Any]:
        """As JSON."""
        return {"number": self.number, "settings": dict(self.settings), "log_loss": self.log_loss}


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
    rows = snapshots(history, features, label, windows.dates, step)
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


def default_settings(events: int) -> dict[str, float]:
    """The settings of a model of so many churned snapshots, as far as they are searched."""
    usual = settings(events, (), seed=0) | {TREES: Plan.trees}
    return {name: usual[name] for name in SPACE}


def mean_loss(folds: Sequence[Fold], threads: int, chosen: Mapping[str, float]) -> float:
    """The mean log-loss over the rows of all folds."""
    trees, booster = apart(chosen)
    with ThreadPoolExecutor(threads) as pool:
        each = list(pool.map(lambda fold: losses(fold, trees, booster), folds))
    return float(np.concatenate(each).mean())


def apart(chosen: Mapping[str, float]) -> tuple[int, dict[str, float]]:
    """The number of trees, and what else LightGBM is told."""
    return int(chosen[TREES]), {name: v for name, v in chosen.items() if name != TREES}


def tried(
    score: Callable[[Mapping[str, float]], float],
    default: Mapping[str, float],
    search: Search,
    place: Path,
    step: Step = lambda _: None,
) -> list[Trial]:
    """The trials in order; one whose file is there is read."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study, began, found = optuna.create_study(), monotonic(), list[Trial]()
    for number in range(search.trials):
        if found and search.seconds is not None and monotonic() - began > search.seconds:
            break
        best = min((trial.log_loss for trial in found), default=float("nan"))
        step(f"trial {number + 1} of {search.trials} (best {best:.5f})")
        file = place / f"{search.seed}-{number:04d}.json"
        trial = _read(file, number) or _run(score, study, number, search.seed, default)
        if not trial.again:
            put(file, json.dumps(trial.said))
        study.add_trial(_as_optuna_has_it(trial))
        found.append(trial)
    return found


def _read(file: Path, number: int) -> Trial | None:
    if not file.is_file():
        return None
    said = json.loads(file.read_text())
    return Trial(number, said["settings"], said["log_loss"], again=True)


def _run(
    score: Callable[[Mapping[str, float]], float],
    study: optuna.Study,
    number: int,
    seed: int,
    default: Mapping[str, float],
) -> Trial:
    """One trial: drawn from all before it and a seed of its own, so that it can be drawn again."""
    chosen = dict(default)
    if number:
        study.sampler = optuna.samplers.TPESampler(seed=seed * SKIPS + number)
        chosen = _drawn(study)
    return Trial(number, chosen, score(chosen))


def _drawn(study: optuna.Study) -> dict[str, float]:
    """The next settings, asked of a copy: the study itself holds finished trials only."""
    copy = optuna.create_study(sampler=study.sampler)
    copy.add_trials(study.get_trials(deepcopy=False))
    return dict(copy.ask(dict(SPACE)).params)


def _as_optuna_has_it(trial: Trial) -> optuna.trial.FrozenTrial:
    params, space = dict(trial.settings), dict(SPACE)
    return optuna.trial.create_trial(params=params, distributions=space, value=trial.log_loss)


def key_of(rows: Snapshots, features: FeatureSet, label: Label, search: Search) -> str:
    """Names the data and what is searched: trials of another history are not mixed in."""
    terms = [sorted(features.contract.items()), label, search.folds, sorted(SPACE)]
    told = repr([digest_of(rows.rows), *terms])
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
