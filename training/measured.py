"""What the scorecard is given besides scores: exactness of reasons, probes for leaks, stability."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from training.blocks import NOT_MEASURED, Given
from training.guarded import Guarded
from training.model import ChurnModel, Told
from training.probes import GAIN, MISSING, PROBES, SINGLE, probes
from training.stability import months, seed_spread, seeds_of, theme_jaccard
from training.train import Trained

EXPLAINED_ROWS = 2_000
ADDITIONS_A_MICROSECOND = 1_000  # of one core, see treeshap.cost
# A million customers in two minutes on two cores; ten times that where LightGBM itself explains,
# since whoever goes without the kernel has few customers.
MOST_MICROSECONDS, MOST_WITHOUT_KERNEL = 240.0, 2_400.0
SWEEP = "monotone sweep"


def given(
    trained: Trained, guards: Sequence[Guarded] = (), champion: ChurnModel | None = None
) -> Given:
    """The figures that the model and its training rows give: probes for leaks, and reasons.

    Probes that the guards have made are not made again.
    """
    if trained.model.insufficient:
        return NOT_MEASURED
    some = trained.test.head(EXPLAINED_ROWS)
    told = trained.model.told(some)
    falls = np.diff(trained.model.outlook(trained.test).leaving, axis=1) < 0
    made = {each.name: (each.subject, each.figure) for each in guards}
    if not made.keys() >= set(PROBES):
        made = {each.name: (each.subject, each.figure) for each in probes(trained)}
    later = months(trained.model, trained.test)
    return Given(
        horizon_violations=float(falls.any(axis=1).sum()),
        additivity_error=additivity_error(told),
        explanation_cost=cost_of(trained.model),
        without_reason=float((np.abs(told.contributions).max(axis=1) < 1e-9).mean()),
        single_feature_auc=made[SINGLE],
        gain_share=made[GAIN],
        missingness_auc=made[MISSING],
        monotone_violations=_bent(guards),
        seed_spread=seed_spread(trained.model, trained.test),
        theme_jaccard=_likeness(trained.model, champion, some),
        rank_by_month=later.rank,
        themes_by_month=later.themes,
    )


def cost_of(model: ChurnModel) -> tuple[float, float]:
    """The microseconds of a core that a customer's reasons take, and how many they may."""
    explainer = model.explainer
    limit = MOST_WITHOUT_KERNEL if explainer.forest is None else MOST_MICROSECONDS
    return explainer.cost / ADDITIONS_A_MICROSECOND, limit


def _bent(guards: Sequence[Guarded]) -> float:
    """1 if the sweep found a score that moves against its direction; NaN if nobody swept."""
    return next((float(g.fired) for g in guards if g.name == SWEEP), math.nan)


def _likeness(model: ChurnModel, champion: ChurnModel | None, rows: pd.DataFrame) -> float:
    """How far reasons agree with the champion's or, before there is one, between two seeds."""
    if champion is not None and not champion.insufficient:
        return theme_jaccard(model, champion, rows)
    first, *others = seeds_of(model)
    return theme_jaccard(first, others[0], rows) if others else math.nan


def error_of(trained: Trained, days: int) -> float:
    """The largest additivity error of the contributions to an earlier horizon's log-odds."""
    return additivity_error(trained.model.told(trained.test.head(EXPLAINED_ROWS), days))


def additivity_error(told: Told) -> float:
    """By how much contributions and the typical log-odds miss the log-odds, at the most."""
    return float(np.abs(told.contributions.sum(axis=1) + told.typical - told.margin).max())
