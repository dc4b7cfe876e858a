"""Guards of time: replay the past as it stood, and pour in a future that must change nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from features.check.schema import is_overwritten
from features.featureset import FeatureSet
from features.history import History
from features.sources.files import in_memory
from features.tables import TABLES, Table, arrival_of
from features.vectors import spine, vectors
from training.guarded import Guarded

SAMPLED = 100
FUTURE_ROWS = 10_000
Frames = Mapping[str, pd.DataFrame]
Build = Callable[[FeatureSet, History, pd.DataFrame], pd.DataFrame]


def sampled(history: History, customers: Iterable[str], seed: int = 0) -> Frames:
    """All rows of a few customers, in memory: enough for a replay, and quick to cut and refill."""
    names = np.array(sorted(set(customers)), dtype=object)
    some = np.random.default_rng(seed).choice(names, min(SAMPLED, len(names)), replace=False)
    return {n: t.to_pyarrow().to_pandas() for n, t in history.of(some.tolist()).tables.items()}


def truncation_replay(
    features: FeatureSet, frames: Frames, dates: Sequence[date], build: Build = vectors
) -> Guarded:
    """Vectors from all that is known today equal, bit for bit, those from what had arrived then."""
    found = [_differs(features, frames, truncated(frames, d), d, build) for d in dates]
    return _judged("truncation replay", found, "a vector is the same when nothing later is there")


def future_rows(
    features: FeatureSet, frames: Frames, dates: Sequence[date], build: Build = vectors
) -> Guarded:
    """10,000 rows a table that happen on or after the as-of date change no vector."""
    found = [_differs(features, frames, with_future(frames, d), d, build) for d in dates]
    return _judged("future rows", found, "rows dated on or after the as-of date change nothing")


def source_history(features: FeatureSet, tables: Mapping[str, Table] = TABLES) -> Guarded:
    """Every table that a feature reads says when its rows were known, or holds facts for good.

    A field that looks overwritten in place (a health score, a life-cycle stage) is no such fact.
    """
    read = sorted({part.table for part in features.parts})
    without = [n for n in read if not tables[n].static and "known_at" not in tables[n].names]
    static = [tables[n] for n in read if tables[n].static]
    mutable = [f"{t.name}.{name}" for t in static for name in t.names if is_overwritten(name)]
    found = [*without, *mutable]
    rule = "tables say when their rows were known, or are facts that never change (faults)"
    return Guarded("source history", ", ".join(found), float(len(found)), rule, bool(found))


def truncated(frames: Frames, as_of: date) -> dict[str, pd.DataFrame]:
    """The tables as they had arrived before a date: rows and reveals that came later are gone."""
    return {name: _truncated(name, rows, pd.Timestamp(as_of)) for name, rows in frames.items()}


def with_future(frames: Frames, as_of: date, seed: int = 0) -> dict[str, pd.DataFrame]:
    """The tables and, in each, rows like its own that happen after the as-of date."""
    return {name: _with_future(name, rows, as_of, seed) for name, rows in frames.items()}


def _truncated(name: str, rows: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    kept = rows[_arrival(rows, TABLES[name].at, "known_at") < moment].copy()
    for revealed, columns in TABLES[name].reveals.items():
        unknown = ~(_arrival(kept, revealed, arrival_of(revealed)) < moment)
        kept[list(columns)] = kept[list(columns)].mask(unknown)
    return kept


def _arrival(rows: pd.DataFrame, happened: str, arrived: str) -> pd.Series:
    return rows[[happened, arrived]].max(axis=1).where(rows[happened].notna())


def _with_future(name: str, rows: pd.DataFrame, as_of: date, seed: int) -> pd.DataFrame:
    # Customers are the ones asked about: a second row for one would be another customer's.
    if name == "customers" or rows.empty:
        return rows
    draw = np.random.default_rng(seed)
    more = rows.iloc[draw.integers(0, len(rows), FUTURE_ROWS)].copy()
    days = draw.integers(0, 60, FUTURE_ROWS)
    more[TABLES[name].at] = pd.Timestamp(as_of) + pd.to_timedelta(days, unit="D")
    return pd.concat([rows, more.astype(rows.dtypes.to_dict())], ignore_index=True)


def _differs(
    features: FeatureSet, frames: Frames, changed: Frames, as_of: date, build: Build
) -> tuple[str, float]:
    """The feature with most customers whose value differs, and how many of them do."""
    known = frames["customers"]["created_at"] < pd.Timestamp(as_of)
    wanted = spine(sorted(frames["customers"].loc[known, "customer_id"]), [as_of])
    then, now = (build(features, in_memory(each), wanted) for each in (changed, frames))
    same = (then == now) | (then.isna() & now.isna())
    worst = (~same).sum().sort_values(ascending=False)
    return str(worst.index[0]), float(worst.iloc[0])


def _judged(name: str, found: list[tuple[str, float]], rule: str) -> Guarded:
    subject, figure = max(found, key=lambda each: each[1])
    return Guarded(
        name, subject if figure else "", figure, f"{rule} (customers that differ)", figure > 0
    )


def replay_dates(dates: Sequence[date]) -> list[date]:
    """Three dates to replay: first, middle and last, not all on the first of a month."""
    chosen = {dates[0], dates[len(dates) // 2], dates[-1]}
    return [day + timedelta(days=i) for i, day in enumerate(sorted(chosen))]
