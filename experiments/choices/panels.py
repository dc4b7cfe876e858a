"""The data of the study: labelled snapshots, early ones to fit on and late ones to judge on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.real_data import oulad_usage
from features.catalogue import catalogue
from features.featureset import FeatureSet
from features.sources import opened
from features.usable import usable
from training.contract import category_words
from training.labels import ChurnLabel, months_known
from training.metrics import Array, Floats
from training.model import ChurnModel
from training.references import spread
from training.risks import Flags
from training.snapshots import Snapshots, Split, as_of_dates, snapshots, split
from training.train import segments_of

DEMO_EVENTS = ("report_created", "export")
QUARTER = 3  # months between the dates to fit on: a third of the rows, so that a study is quick
DEMO_ENDS = date(2026, 11, 1)
WITHDRAWS = ChurnLabel(horizon_days=90, gap_days=0, arrival_lag_days=0)


@dataclass(frozen=True)
class Panel:
    """Snapshots as vectors and outcomes, on the dates to fit on and on those to judge on."""

    name: str
    features: FeatureSet
    label: ChurnLabel
    rows: Snapshots
    windows: Split

    @cached_property
    def seen(self) -> pd.DataFrame:
        """The rows to fit on, with those of dates of which only the first months had matured."""
        return self.rows.on([*self.windows.train, *self.windows.partly])

    @cached_property
    def test(self) -> pd.DataFrame:
        """The rows to judge on."""
        return self.rows.on(self.windows.test)

    @cached_property
    def matrices(self) -> tuple[Floats, Floats]:
        """Both as boosters take them."""
        numeric = [name for name in self.features.names if name not in self.features.categorical]
        model = ChurnModel(
            features=self.features,
            ensembles=(),
            components=(),
            days=self.label.month_ends,
            categories=category_words(self.seen, self.features.categorical),
            references=spread(self.seen, numeric, segments_of(self.seen)),
            about={},
        )
        return model.matrix(self.seen), model.matrix(self.test)

    def on(self, dates: Sequence[date]) -> Flags:
        """Which of the rows to fit on are of these dates."""
        return np.asarray(self.seen.index.get_level_values("as_of").isin(list(dates)))

    @cached_property
    def months_followed(self) -> NDArray[np.int64]:
        """How many months of each row to fit on had matured before the first date to judge on."""
        dates = self.seen.index.get_level_values("as_of")
        known = {d: months_known(self.label, d, self.windows.test[0]) for d in dates.unique()}
        return np.asarray(dates.map(known), dtype=np.int64)


def column(rows: pd.DataFrame, name: str) -> Array:
    """One level of the rows' index: customer_id or as_of."""
    return np.asarray(rows.index.get_level_values(name))


def demo(home: Path) -> Panel:
    """The company that `churn simulate` made in a folder, as of its end, by quarterly dates."""
    history, _ = usable(opened(str(home / "history")), "keep")
    label, features = ChurnLabel(), catalogue(DEMO_EVENTS)
    every = split(as_of_dates(history, label, DEMO_ENDS), label)
    windows = replace(every, train=every.train[::-QUARTER][::-1])
    rows = snapshots(history, features, label, windows.dates)
    return Panel("demo", features, label, rows, windows)


def oulad(data: Path) -> Panel:
    """Open University learners, asked for withdrawal within 90 days, so that there are months."""
    case = replace(oulad_usage.case(data), label=WITHDRAWS)
    history, _ = usable(case.history, case.outside_subscription)
    features = catalogue(key_events=case.key_events)
    rows = snapshots(history, features, WITHDRAWS, case.windows.dates)
    return Panel("oulad_usage", features, WITHDRAWS, rows, case.windows)
