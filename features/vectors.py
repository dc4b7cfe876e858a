"""Vectors: one row per customer and as-of date, one column per feature."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import groupby

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from features.derived import midnight
from features.engine import aggregated
from features.featureset import FeatureSet, Part, Values
from features.history import History, Known
from features.standing import Standing
from features.standing_engine import stood

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
) -> pd.DataFrame:
    """The vectors of a spine (customer_id, as_of), in its order and indexed by it.

    Columns are the features' names, then the baselines that only words use. A customer without any
    row gets each feature's declared empty value.
    """
    index = pd.MultiIndex.from_frame(wanted[["customer_id", "as_of"]])
    dates = sorted(set(wanted["as_of"]))
    if len(dates) > MANY_DATES:
        return _of_spine(features, history, wanted).reindex(index)
    made = []
    for as_of in dates:
        made.append(_of_date(features, history, wanted[wanted["as_of"] == as_of], as_of))
        if progress:
            progress(as_of)
    return pd.concat(made).reindex(index) if made else _shaped(features, {}, index)


def _of_date(
    features: FeatureSet, history: History, wanted: pd.DataFrame, as_of: date
) -> pd.DataFrame:
    """One date for its customers: the history is filtered only where they are few."""
    ids = wanted["customer_id"].tolist()
    known = (history.of(ids) if len(ids) <= FEW_CUSTOMERS else history).known(as_of)
    parts = computed(known, features.parts, pd.Index(ids, name="customer_id"))
    return _shaped(features, parts, pd.MultiIndex.from_frame(wanted[["customer_id", "as_of"]]))


def _of_spine(features: FeatureSet, history: History, wanted: pd.DataFrame) -> pd.DataFrame:
    """Every row's own date in one pass, for spines with many dates."""
    pairs = wanted[["customer_id", "as_of"]].drop_duplicates()
    pairs = pairs.assign(as_of=[midnight(d) for d in pairs["as_of"]])
    dated = ibis.memtable(pa.Table.from_pandas(pairs, preserve_index=False))
    parts = computed(history.known(dated), features.parts, pd.MultiIndex.from_frame(pairs))
    days = pairs.assign(as_of=[moment.date() for moment in pairs["as_of"]])
    return _shaped(features, parts, pd.MultiIndex.from_frame(days))


def computed(known: Known, parts: Sequence[Part], index: pd.Index) -> Mapping[Part, Values]:
    """Each part's values for the rows of `index`: one query per table (and moment looked at)."""
    values: dict[Part, Values] = {part: _none(part, len(index)) for part in parts}
    ordered = sorted(parts, key=_query)
    for query, grouped in groupby(ordered, key=_query):
        if query[0] in known.tables:
            together = list(grouped)
            values.update(_queried(known, together, index))
    return values


def _query(part: Part) -> tuple[str, int]:
    """Parts with the same query are computed together."""
    return (part.table, part.days_before if isinstance(part, Standing) else -1)


def _queried(known: Known, parts: list[Part], index: pd.Index) -> Mapping[Part, Values]:
    standings = [part for part in parts if isinstance(part, Standing)]
    atoms = [part for part in parts if not isinstance(part, Standing)]
    table = (
        stood(known, standings, standings[0].days_before) if standings else aggregated(known, atoms)
    )
    rows = table.to_pyarrow().to_pandas().set_index(list(known.keys)).reindex(index)
    return {part: _values(part, rows[f"a{i}"]) for i, part in enumerate(parts)}


def _values(part: Part, column: pd.Series) -> Values:
    if pd.api.types.is_numeric_dtype(column) or column.isna().all():
        return column.astype("float64").fillna(part.empty).to_numpy()
    return column.astype(object).where(column.notna(), None).to_numpy()


def _none(part: Part, rows: int) -> Values:
    return np.full(rows, part.empty)


def _shaped(
    features: FeatureSet, parts: Mapping[Part, Values], index: pd.MultiIndex
) -> pd.DataFrame:
    columns = features.columns(parts or {p: _none(p, 0) for p in features.parts})
    return pd.DataFrame(columns, index=index)
