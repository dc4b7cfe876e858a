"""Vectors: one row per customer and as-of date, one column per feature."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from features.columns import Places, columns, computed
from features.dated import parts_on
from features.derived import midnight
from features.featureset import FeatureSet, Part, Values
from features.history import History, Known
from features.nightly import kept_parts
from features.tables import USAGE

MANY_DATES = 60
FEW_CUSTOMERS = 1_000


def spine(customers: Sequence[str], dates: Sequence[date]) -> pd.DataFrame:
    """Every customer on every date: columns customer_id and as_of."""
    pairs = pd.MultiIndex.from_product([customers, dates], names=["customer_id", "as_of"])
    return pairs.to_frame(index=False)


def vectors(
    features: FeatureSet,
    history: History,
    wanted: pd.DataFrame,
    progress: Callable[[date], None] | None = None,
    partials: Path | None = None,
) -> pd.DataFrame:
    """The vectors of a spine (customer_id, as_of), in its order and indexed by it.

    Columns are the features' names, then the baselines that only words use. A customer without any
    row gets each feature's declared empty value. `partials` is a folder where use is kept summed up
    from night to night, and brought up to the dates.
    """
    index = pd.MultiIndex.from_frame(wanted[["customer_id", "as_of"]])
    dates = sorted(set(wanted["as_of"]))
    if len(dates) > MANY_DATES:
        return _of_spine(features, history, wanted).reindex(index)
    made = []
    use_kept = partials is not None
    for some, ready in _of_dates(features, history, wanted, dates, use_kept):
        as_of = some["as_of"].iloc[0]
        made.append(_of_date(features, history, some, as_of, partials, ready))
        if progress:
            progress(as_of)
    return pd.concat(made).reindex(index) if made else _shaped(features, {}, index)


def _of_dates(
    features: FeatureSet,
    history: History,
    wanted: pd.DataFrame,
    dates: Sequence[date],
    use_kept: bool,
) -> Iterator[tuple[pd.DataFrame, Mapping[Part, Values]]]:
    """Each date's rows of a spine, with the values of the parts that one pass makes for all.

    Use that is kept in a folder is not passed over.
    """
    parts = [part for part in features.parts if not (use_kept and part.table == USAGE.name)]
    everyone = pd.Index(wanted["customer_id"].unique())
    people = everyone.tolist()
    for as_of, ready in parts_on(_of(history, people), parts, dates, people):
        some = wanted[wanted["as_of"] == as_of]
        places = everyone.get_indexer(some["customer_id"])
        yield some, {part: values[places] for part, values in ready.items()}


def _of_date(
    features: FeatureSet,
    history: History,
    wanted: pd.DataFrame,
    as_of: date,
    partials: Path | None,
    ready: Mapping[Part, Values],
) -> pd.DataFrame:
    """One date for its customers."""
    ids = wanted["customer_id"].tolist()
    index = pd.MultiIndex.from_frame(wanted[["customer_id", "as_of"]])
    kept = kept_parts(partials, features.parts, history, as_of, ids)
    made = columns(features, _of(history, ids), as_of, ids, {**ready, **kept})
    return pd.DataFrame(made, index=index)


def _of(history: History, customers: Sequence[str]) -> History:
    """The history, filtered only where customers are few."""
    return history.of(list(customers)) if len(customers) <= FEW_CUSTOMERS else history


def _of_spine(features: FeatureSet, history: History, wanted: pd.DataFrame) -> pd.DataFrame:
    """Every row's own date in one pass, for spines with many dates."""
    pairs = wanted[["customer_id", "as_of"]].drop_duplicates()
    pairs = pairs.assign(as_of=[midnight(d) for d in pairs["as_of"]])
    dated = ibis.memtable(pa.Table.from_pandas(pairs, preserve_index=False))
    asked = pd.MultiIndex.from_frame(pairs)
    known = history.known(dated)
    parts = computed(known, features.parts, len(asked), lambda found: _places(known, found, asked))
    days = pairs.assign(as_of=[moment.date() for moment in pairs["as_of"]])
    return _shaped(features, parts, pd.MultiIndex.from_frame(days))


def _places(known: Known, found: pa.Table, asked: pd.MultiIndex) -> Places:
    """Where the rows of an answer belong."""
    keys = pd.MultiIndex.from_frame(found.select(list(known.keys)).to_pandas())
    return np.asarray(asked.get_indexer(keys), np.int64)


def _none(part: Part, rows: int) -> Values:
    return np.full(rows, part.empty)


def _shaped(
    features: FeatureSet, parts: Mapping[Part, Values], index: pd.MultiIndex
) -> pd.DataFrame:
    made = features.columns(parts or {p: _none(p, 0) for p in features.parts})
    return pd.DataFrame(made, index=index)
