"""Train one churn model. Read `train` first: it is the whole story."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pandas as pd

from features.featureset import FeatureSet
from features.history import History
from training.baselines import Baselines, baselines
from training.below import Minimum, baseline_model, constant, shortfall
from training.contract import category_words
from training.fit import Sample, fitted_on
from training.labels import Label
from training.learnt import learnt
from training.model import ChurnModel
from training.references import spread
from training.risks import Risk, causes_of, person_months, risks_of, together
from training.snapshots import Room, Snapshots, Split, as_of_dates, snapshots, split
from training.stored import (
    Rows,
    days_of,
    digest_of_hashes,
    hashes_of,
    outcomes_of,
    places_of,
    vectors_of,
)

Step = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How to train: seeds to average, dates to judge and train on, and threads of the machine.

    With fewer churned customers than `least` there is nothing to learn from or to judge by.
    """

    now: date
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    cross_seeds: tuple[int, ...] = (1, 2)
    trees: int = 300
    test_dates: int = 3
    train_dates: int = 18
    threads: int = 1
    booster: Mapping[str, float] = field(default_factory=dict)  # in place of fit.settings
    least: Minimum = field(default_factory=Minimum)
    holdout_share: float = 0.0  # of the customers, drawn to be left alone
    room: Room = field(default_factory=Room)


@dataclass(frozen=True)
class Trained:
    """A model, what it was trained and judged on, and its baselines on the rows it is judged on.

    `train` holds the dates whose whole label was known; those of which only the first months were
    are in `snapshots` alone, since their outcome may be read by `risks_of` only.
    """

    model: ChurnModel
    split: Split
    snapshots: Snapshots
    train: pd.DataFrame
    test: pd.DataFrame
    baselines: Baselines
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
    rows = snapshots(history, features, label, windows.dates, step, plan.holdout_share, plan.room)
    return fit(features, label, rows, windows, plan, step)


def fit(
    features: FeatureSet,
    label: Label,
    rows: Snapshots,
    windows: Split,
    plan: Plan,
    step: Step = lambda _: None,
) -> Trained:
    """From labelled snapshots to a calibrated model and the baselines it has to beat.

    Where too few customers left, it is the baseline: the churn rate of everybody, without reasons.
    """
    seen, unseen = rows.on(windows.train), rows.on(windows.test)
    whole = rows.all_on(windows.train)
    blank = blank_model(features, label, whole, plan)
    short = shortfall(outcomes_of(whole), unseen, plan.least)
    if short:
        model, simple = baseline_model(blank, label, seen, short), constant(seen, unseen)
    else:
        model = taught(blank, label, rows, windows, plan, step)
        step("fitting the baselines")
        simple = baselines(features, seen, seen["churned"].to_numpy(float), unseen)
    return Trained(model, windows, rows, seen, unseen, simple, rows.digest)


def taught(
    blank: ChurnModel, label: Label, rows: Snapshots, windows: Split, plan: Plan, step: Step
) -> ChurnModel:
    """The blank model with its hazards, from every month that had matured before the test."""
    seen = rows.all_on([*windows.train, *windows.partly])
    told = outcomes_of(seen)
    step("binning the vectors")
    sample = Sample.of(
        blank.features,
        vectors_of(seen, blank.features.names, blank.categories),
        places_of(told),
        threads=plan.threads,
        trees=plan.trees,
        more=plan.booster,
    )
    risks = risks_to_learn(rows, windows, label)
    made = learnt(sample, risks, days_of(told), plan.seeds, plan.cross_seeds, step)
    return replace(blank, ensembles=made.ensembles, components=made.components)


def risks_to_learn(rows: Snapshots, windows: Split, label: Label) -> list[Risk]:
    """Every month and cause that is learnt from, over the rows of all dates before the test."""
    seen, whole = [*windows.train, *windows.partly], rows.all_on(windows.train)
    return risks_of(
        outcomes_of(rows.all_on(seen)), label, windows.test[0], causes_of(outcomes_of(whole))
    )


def refitted(trained: Trained, label: Label) -> tuple[str, str]:
    """The model's first booster, and the same fitted again: equal where training repeats itself."""
    model, first = trained.model, trained.model.boosters[0]
    rows = trained.snapshots.all_on([*trained.split.train, *trained.split.partly])
    shared = together(risks_to_learn(trained.snapshots, trained.split, label))[0]
    target, weight = person_months(shared)
    sample = Sample.of(
        model.features,
        vectors_of(rows, model.features.names, model.categories),
        places_of(outcomes_of(rows)),
        trees=first.num_trees(),
        more=model.about["booster"],
    )
    [again] = fitted_on(sample, target, weight, [first.params["seed"]])
    return first.model_to_string(), again.model_to_string()


def digest_of(rows: pd.DataFrame) -> str:
    """A fingerprint of the snapshots: equal data gives an equal digest, in whatever order."""
    return digest_of_hashes(hashes_of(rows))


def blank_model(features: FeatureSet, label: Label, seen: Rows, plan: Plan) -> ChurnModel:
    """The model before it has learnt anything: contract, categories and references."""
    numeric = [name for name in features.names if name not in features.categorical]
    return ChurnModel(
        features=features,
        ensembles=(),
        components=(),
        days=label.month_ends,
        categories=category_words(seen, features.categorical),
        references=spread(seen, numeric, segments_of(seen)),
        about=_made(plan),
    )


def _made(plan: Plan) -> dict[str, Any]:
    chosen = dict(plan.booster)
    return {"trained_now": plan.now.isoformat(), "seeds": list(plan.seeds), "booster": chosen}


def segments_of(rows: Rows) -> pd.Series:
    """Each row's segment, '' where there is none."""
    return rows["segment"].fillna("") if "segment" in rows else pd.Series("", range(len(rows)))
