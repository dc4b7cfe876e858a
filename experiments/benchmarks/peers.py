"""The same features by other means: pandas, Polars and featuretools, value for value.

`python -m experiments.benchmarks peers`. Twelve features of use, over three windows, in each
library's own idiom. featuretools gets a cut-off of its own for each customer, as a training set
needs them; what it takes is told per customer.
"""

import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.goals import Goal, at_least
from experiments.benchmarks.histories import Size, make
from experiments.benchmarks.turns import in_turn, processor, spread
from features.feature import Feature, Theme
from features.featureset import FeatureSet
from features.measures import days_since_last, distinct, total
from features.sources import opened
from features.vectors import spine, vectors

WINDOWS = (7, 28, 84)
USED = ["customer_id", "at", "known_at", "quantity", "user_id"]
OLD_PANDAS = Path(".venv/featuretools/bin/python")  # `make .venv/bench` makes it
SCRIPT = Path(__file__).with_name("by_featuretools.py")
FEW, BASE = 40, 2_000  # customers featuretools is asked for, of a base that it holds in memory
F = partial(
    Feature,
    theme=Theme.USAGE, unit="rows", reason="{value}", example="", gives=None, table="usage",
)  # fmt: skip
TWELVE = FeatureSet(
    "twelve",
    (
        *(F(name=f"rows_{days}d", days=days, if_none=0) for days in WINDOWS),
        *(F(name=f"sum_{days}d", days=days, measure=total("quantity")) for days in WINDOWS),
        *(F(name=f"users_{days}d", days=days, measure=distinct("user_id")) for days in WINDOWS),
        *(F(name=f"days_{days}d", days=days, measure=distinct("days_ago")) for days in WINDOWS[1:]),
        F(name="idle", measure=days_since_last()),
    ),
)


def rows(events: int = 20_000_000, rounds: int = 3) -> Iterator[Goal]:
    """Ours against each peer that is installed, on a history of so many events of use."""
    size = Size(events)
    with TemporaryDirectory() as made:
        folder = make(Path(made) / "history", size)
        ours = partial(_ours, folder, size)
        for name, other, bound in (("pandas", _pandas, 3.0), ("Polars", _polars, 0.5)):
            theirs = partial(other, folder, size)
            _require_equal(ours(), theirs(), name)
            found, told = spread(in_turn(processor(theirs), processor(ours), rounds))
            how = f"processor seconds for 12 equal features of {events:,} events, {told}"
            yield at_least(f"{name} through ours", found, bound, how)
        if OLD_PANDAS.exists():
            yield _featuretools(folder, size, ours)


def _ours(folder: Path, size: Size) -> pd.DataFrame:
    history = opened(str(folder))
    people = [f"C{number:07}" for number in range(size.people)]
    made = vectors(TWELVE, history, spine(people, [size.as_of]))
    return made.droplevel("as_of")[list(TWELVE.names)]


def _pandas(folder: Path, size: Size) -> pd.DataFrame:
    """Vectorised: one file at a time is read, filtered by arrival, and grouped whole."""
    cut = pd.Timestamp(size.as_of)
    files = sorted((folder / "usage").iterdir())
    use = pd.concat([pd.read_parquet(file, columns=USED) for file in files])
    use = use[use["known_at"].fillna(use["at"]).lt(cut) & use["at"].lt(cut)]
    use["age"] = (cut - use["at"].dt.normalize()).dt.days - 1
    found: dict[str, Any] = {}
    for days in WINDOWS:
        recent = use[use["age"] < days].groupby("customer_id")
        found[f"rows_{days}d"], found[f"sum_{days}d"] = recent.size(), recent["quantity"].sum()
        found[f"users_{days}d"] = recent["user_id"].nunique()
        found[f"days_{days}d"] = recent["age"].nunique()
    found["idle"] = use.groupby("customer_id")["age"].min() + 1
    return pd.DataFrame(found)[list(TWELVE.names)]


def _polars(folder: Path, size: Size) -> pd.DataFrame:
    """Lazy: one plan over all files."""
    import polars as pl

    cut = datetime.combine(size.as_of, time())
    age = (pl.lit(size.as_of) - pl.col("at").dt.date()).dt.total_days() - 1
    use = pl.scan_parquet(folder / "usage" / "*.parquet").filter(
        pl.coalesce("known_at", "at") < cut, pl.col("at") < cut
    )
    asked = [(pl.col("age").min() + 1).alias("idle")]
    for days in WINDOWS:
        recent = pl.col("age") < days
        asked += [
            recent.sum().alias(f"rows_{days}d"),
            pl.col("quantity").filter(recent).sum().alias(f"sum_{days}d"),
            pl.col("user_id").filter(recent).n_unique().alias(f"users_{days}d"),
            pl.col("age").filter(recent).n_unique().alias(f"days_{days}d"),
        ]
    made = use.with_columns(age.alias("age")).group_by("customer_id").agg(asked).collect()
    frame = pd.DataFrame(made.to_dict(as_series=False)).set_index("customer_id")
    return frame[list(TWELVE.names)]


def _featuretools(folder: Path, size: Size, ours: Callable[[], object]) -> Goal:
    """Seconds a customer there, with a cut-off each, over seconds a customer here."""
    asked = (SCRIPT, folder, size.as_of, FEW, BASE)
    command = [str(OLD_PANDAS), *map(str, asked)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    ours()
    here = processor(ours)() / size.people
    how = f"processor seconds a customer: {FEW} of {BASE:,} with a cut-off each, "
    how += f"and {size.people:,} with one"
    return at_least("featuretools through ours", float(done.stdout) / FEW / here, 1000.0, how)


def _require_equal(ours: pd.DataFrame, theirs: pd.DataFrame, name: str) -> None:
    both = ours.index.intersection(theirs.index)
    here, there = (frame.loc[both].astype(float) for frame in (ours, theirs))
    same = np.isclose(here.fillna(0), there.fillna(0))
    if not same.all():
        differ = dict(zip(TWELVE.names, (~same).sum(axis=0).tolist(), strict=True))
        raise AssertionError(f"{name} gives other values: {differ}")
