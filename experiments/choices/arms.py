"""The recipe as it is shipped, and the same with one choice made the other way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression

from experiments.choices.panels import Panel, column
from training.calibrate import Platt, fit_platt, log_odds
from training.ensemble import margin_of
from training.fit import Sample, cross_margins, fitted_on
from training.hazards import Cause, Component, compounded, outlook
from training.learnt import calibrated
from training.metrics import Array, Floats
from training.risks import Flags, Risk, causes_of, person_months, risks_of, together

SEEDS, CROSS_SEEDS = (1, 2), (1,)
LIGHTGBMS_OWN: Mapping[str, Any] = MappingProxyType(
    {
        "learning_rate": 0.1,
        "num_leaves": 31,
        "min_child_samples": 20,
        "subsample": 1.0,
        "subsample_freq": 0,
        "colsample_bytree": 1.0,
        "reg_lambda": 0.0,
    }
)


@dataclass(frozen=True)
class Recipe:
    """What may be chosen; as made, what is shipped. `dates` are the newest so many, None is all."""

    dates: int | None = None
    trees: int = 300
    booster: Mapping[str, Any] = field(default_factory=dict)
    causes: tuple[Cause, ...] | None = None


@dataclass(frozen=True)
class Hazard:
    """One month of one cause: who was at risk, raw margins of rows not fitted on, and of the test.

    `churned`, `dates` and `crossed` are of the rows at risk.
    """

    cause: Cause
    month: int
    churned: Floats
    dates: Array
    crossed: Floats
    margin: Floats


@dataclass(frozen=True)
class Said:
    """What an arm says of the test: log-odds to rank by, and P by the end of each month."""

    margin: Floats
    leaving: Floats


Calibration = Callable[[Hazard], Floats]
SHIPPED = Recipe()
ONE_DATE = Recipe(dates=1)
BY_DEFAULT = Recipe(trees=100, booster=LIGHTGBMS_OWN)


def hazards(panel: Panel, recipe: Recipe) -> list[Hazard]:
    """Every month and cause, fitted as a recipe has it."""
    windows = panel.windows
    if recipe.dates:
        windows = replace(windows, train=windows.train[-recipe.dates :], partly=())
    rows = panel.on([*windows.train, *windows.partly])
    causes = recipe.causes or causes_of(panel.rows.on(panel.windows.train))
    risks = risks_of(panel.seen[rows], panel.label, windows.test[0], causes)
    found = [each for shared in together(risks) for each in fitted(panel, rows, recipe, shared)]
    return sorted(found, key=lambda each: (each.month, list(Cause).index(each.cause)))


def fitted(panel: Panel, rows: Flags, recipe: Recipe, shared: Sequence[Risk]) -> list[Hazard]:
    """The risks that share boosters; `rows` are those of the panel that are fitted on."""
    seen, test = panel.matrices
    customers, dates = (column(panel.seen, name)[rows] for name in ("customer_id", "as_of"))
    how: dict[str, Any] = {"trees": recipe.trees, "more": recipe.booster}
    sample = Sample.of_matrix(panel.features, seen[rows], customers, **how)
    target, weight = person_months(shared)
    crossed = cross_margins(sample, target, weight, CROSS_SEEDS)
    margin = margin_of(fitted_on(sample, target, weight, SEEDS), test)
    return [
        Hazard(r.cause, r.month, r.left[at].astype(float), dates[at], crossed[at], margin)
        for r in shared
        for at in [r.at_risk]
    ]


def compound(hazards: Sequence[Hazard], calibration: Calibration) -> Said:
    """The chance to leave by the end of each month."""
    odds = np.column_stack([calibration(each) for each in hazards])
    parts = [Component(each.cause, each.month, 0, Platt()) for each in hazards]
    months = range(1, max(each.month for each in hazards) + 1)
    return Said(compounded(odds), outlook(parts, tuple(months), odds).leaving)


def apart(panel: Panel) -> Said:
    """A model for each horizon, which knows nothing of the others."""
    exits, odds = panel.seen["month"].to_numpy(), []
    for month in range(1, len(panel.label.month_ends) + 1):
        at_risk = panel.months_followed >= month
        risk = Risk(Cause.ANY, month, at_risk, at_risk & (exits > 0) & (exits <= month))
        [alone] = fitted(panel, np.ones(len(exits), bool), SHIPPED, [risk])
        odds.append(as_shipped(alone))
    said = np.column_stack(odds)
    return Said(said[:, -1], 1 / (1 + np.exp(-said)))


def as_shipped(hazard: Hazard) -> Floats:
    """Platt's line where it helps on the latest training dates, else none."""
    return calibrated(hazard.crossed, hazard.churned, hazard.dates).logit(hazard.margin)


def raw(hazard: Hazard) -> Floats:
    """The boosters' own log-odds."""
    return hazard.margin


def always_platt(hazard: Hazard) -> Floats:
    """Platt's line whether it helps or not."""
    return fit_platt(hazard.crossed, hazard.churned).logit(hazard.margin)


def isotonic(hazard: Hazard) -> Floats:
    """The best rising steps; they may say 0, which costs 36 nats where a customer leaves."""
    steps = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    steps.fit(hazard.crossed, hazard.churned)
    return log_odds(steps.predict(hazard.margin))
