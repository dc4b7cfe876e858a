"""Vectors of whole populations, written to a file for data scientists."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from features.featureset import FeatureSet
from features.history import History
from features.outside import written
from features.population import ACTIVE, population, population_by_activity
from features.vectors import vectors

Step = Callable[[str], None]


@dataclass(frozen=True)
class Written:
    """What was written: one vector per active customer and date; `others` by status were not."""

    path: Path
    vectors: int
    features: int
    others: Mapping[str, int]


def write_vectors(
    features: FeatureSet,
    history: History,
    dates: Sequence[date],
    path: Path,
    active_days: int | None = None,
    step: Step = lambda _: None,
    partials: Path | None = None,
) -> Written:
    """Writes the vectors of the customers active on each date: customer_id, as_of, the features.

    `active_days` says that those are active who used the product so lately, not those under
    contract. `step` is told two steps a date. `partials` is a folder where use is
    kept summed up from night to night.
    """
    told = [_on(history, as_of, active_days, step) for as_of in dates]
    status = pd.concat(told)
    active = status["status"] == ACTIVE
    made = vectors(features, history, status[active], lambda d: step(f"vectors of {d}"), partials)
    _write(made[features.names], path)
    others = status.loc[~active, "status"].value_counts().sort_index()
    counts = {str(name): int(count) for name, count in others.items()}
    return Written(path, len(made), len(features.names), counts)


def _on(history: History, as_of: date, active_days: int | None, step: Step) -> pd.DataFrame:
    step(f"customers on {as_of}")
    if active_days is None:
        return population(history, as_of).assign(as_of=as_of)
    return population_by_activity(history, as_of, active_days).assign(as_of=as_of)


def _write(made: pd.DataFrame, path: Path) -> None:
    """To a temporary name and renamed: a reader sees the old file or the new one."""
    with written(path) as unfinished:
        made.reset_index().to_parquet(unfinished, index=False)
