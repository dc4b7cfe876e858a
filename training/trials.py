"""Trials of settings: drawn one after the other, each kept in a file of its own.

They are drawn by a tree of Parzen estimators (Bergstra et al. 2011, in Optuna), the first of them
the default itself.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

from training.files import put
from training.fit import settings
from training.train import Plan

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


def default_settings(events: int) -> dict[str, float]:
    """The settings of a model of so many churned snapshots, as far as they are searched."""
    usual = settings(events, (), seed=0) | {TREES: Plan.trees}
    return {name: usual[name] for name in SPACE}


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
