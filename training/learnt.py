"""From who was at risk to fitted hazards: boosters shared by months, calibrated by month."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.calibrate import Platt, choose_calibration, fit_platt
from training.ensemble import Ensemble
from training.fit import Numbers, Sample, cross_margins, fitted_on
from training.hazards import Cause, Component
from training.risks import Risk, person_months, together

Step = Callable[[str], None]


@dataclass(frozen=True)
class Learnt:
    """Ensembles, and the components that read them, by month and then by cause."""

    ensembles: tuple[Ensemble, ...]
    components: tuple[Component, ...]


def learnt(
    sample: Sample,
    risks: Sequence[Risk],
    dates: NDArray[Any],
    seeds: tuple[int, ...],
    cross_seeds: tuple[int, ...],
    step: Step = lambda _: None,
) -> Learnt:
    """Fit the risks: one ensemble for those that share boosters, one calibration for each.

    `dates` are the rows' as-of dates, by which a calibration has to prove itself.
    """
    ensembles, found = [], []
    for number, shared in enumerate(together(risks)):
        name = shared[0].cause
        step(f"cross-fitting for the calibration ({name})")
        target, weight = person_months(shared)
        margins = cross_margins(sample, target, weight, cross_seeds)
        step(f"fitting the boosters ({name})")
        ensembles.append(fitted_on(sample, target, weight, seeds))
        found += [_component(risk, number, margins, dates) for risk in shared]
    order = list(Cause)
    found.sort(key=lambda each: (each.month, order.index(each.cause)))
    return Learnt(tuple(ensembles), tuple(found))


def _component(risk: Risk, number: int, margins: Numbers, dates: NDArray[Any]) -> Component:
    rows = risk.at_risk
    line = calibrated(margins[rows], risk.left[rows].astype(float), dates[rows])
    return Component(risk.cause, risk.month, number, line)


def calibrated(margins: Numbers, churned: Numbers, dates: NDArray[Any]) -> Platt:
    """Platt's line on cross-fitted margins, kept only if it helps on the latest training dates.

    The line that is kept is fitted on all of them.
    """
    every = np.unique(dates)
    late = dates >= every[-max(len(every) // 3, 1)]
    early = ~late if churned[~late].sum() and churned[late].sum() else late
    choice = choose_calibration(
        fit_platt(margins[early], churned[early]), margins[late], churned[late]
    )
    return Platt() if choice.calibration == Platt() else fit_platt(margins, churned)
