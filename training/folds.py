"""Folds to choose settings by: each is judged on later dates and on customers not fitted on.

Between what a fold is fitted on and what it is judged on lies the embargo of the label, as between
training and test (Lopez de Prado 2018, chapter 7); all of them lie before the test.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from features.errors import InsufficientData
from training.calibrate import sigmoid
from training.ensemble import margin_of
from training.fit import Numbers, Sample, customer_folds, fitted_on
from training.hazards import compounded
from training.labels import Label
from training.metrics import log_losses
from training.model import ChurnModel
from training.risks import Risk, causes_of, person_months, risks_of, together
from training.snapshots import Snapshots, Split, split

SEED = (1,)


@dataclass(frozen=True)
class Fold:
    """Early rows, binned once, with the risks that share boosters; later rows of other customers.

    `matrix` (rows, features) and `churned` are of the later rows, `windows` the dates of both.
    """

    sample: Sample
    shared: tuple[tuple[Risk, ...], ...]
    matrix: Numbers
    churned: Numbers
    windows: Split


def folds_of(
    blank: ChurnModel, label: Label, rows: Snapshots, windows: Split, folds: int
) -> tuple[Fold, ...]:
    """The folds inside a training window, whose dates alone are read.

    Raises:
        InsufficientData: No date of the window lies an embargo after another.
    """
    blocks = blocks_of(windows.train, label, folds)
    if not blocks:
        raise InsufficientData(
            f"The {len(windows.train)} as-of dates to train on do not reach over an embargo of "
            f"{label.reach_days} days of their own: there is nothing to choose settings by. Give a "
            "longer history, or keep the default settings."
        )
    return tuple(_fold(blank, label, rows, block, at, folds) for at, block in enumerate(blocks))


def blocks_of(dates: tuple[date, ...], label: Label, folds: int) -> list[Split]:
    """Blocks of the latest dates to judge on, each with the dates whose label was known by then."""
    size = max(1, len(dates) // (2 * folds))
    ends = range(len(dates), 0, -size)
    found = [_known(dates[:end], label, size) for end in ends[:folds]]
    return [block for block in reversed(found) if block is not None]


def _known(dates: tuple[date, ...], label: Label, size: int) -> Split | None:
    try:
        return split(dates, label, size, len(dates))
    except InsufficientData:
        return None


def _fold(
    blank: ChurnModel, label: Label, rows: Snapshots, block: Split, held: int, folds: int
) -> Fold:
    """The block without a group of customers, to be judged on that group alone."""
    early, late = rows.on([*block.train, *block.partly]), rows.on(block.test)
    group = dict(zip(*_groups(rows, folds), strict=True))
    fit, judge = ((part, _customers(part).map(group) == held) for part in (early, late))
    seen, unseen = fit[0][~fit[1]], judge[0][judge[1]]
    risks = risks_of(seen, label, block.test[0], causes_of(rows.on(block.train)))
    sample = Sample.of_matrix(blank.features, blank.matrix(seen), np.asarray(_customers(seen)))
    churned = unseen["churned"].to_numpy(float)
    return Fold(sample, tuple(together(risks)), blank.matrix(unseen), churned, block)


def _customers(rows: Any) -> Any:
    return rows.index.get_level_values("customer_id")


def _groups(rows: Snapshots, folds: int) -> tuple[Any, Any]:
    names = np.unique(np.asarray(_customers(rows.rows)))
    return names, customer_folds(names, folds)


def losses(fold: Fold, trees: int, booster: Mapping[str, Any]) -> Numbers:
    """The log-loss of each later row, of uncalibrated months compounded.

    Calibration is left out: it would cost five times the boosters, and settings whose boosters are
    sure without reason are the worse ones.
    """
    sample, odds = replace(fold.sample, trees=trees, more=booster), []
    for risks in fold.shared:
        target, weight = person_months(risks)
        margin = margin_of(fitted_on(sample, target, weight, SEED), fold.matrix)
        odds += [margin] * len(risks)
    return log_losses(fold.churned, sigmoid(compounded(np.column_stack(odds))))
