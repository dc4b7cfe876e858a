"""The kinds of customers that a model's quality is told apart by."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Kinds = dict[str, NDArray[Any]]
WORDS = {
    "plan": "plan",
    "segment": "segment",
    "touch": "touch model",
    "country": "region",
}
TENURES = {
    "below 90 days": -np.inf,
    "90 days to 1 year": 90,
    "1 to 2 years": 365,
    "2 years or more": 730,
}
TERMS = {
    "a month or less": -np.inf,
    "more than a month": 2,
    "a year": 12,
    "more than a year": 13,
}


def slices(rows: pd.DataFrame) -> Kinds:
    """Each row's plan, contract, tenure band, touch model, region and MRR quartile, where known."""
    told = [name for name in WORDS if name in rows and rows[name].nunique() > 1]
    found = {WORDS[name]: rows[name].fillna("unknown").to_numpy() for name in told}
    if "mrr" in rows and rows["mrr"].nunique() >= 4:
        found["MRR quartile"] = _quarters(rows["mrr"])
    if "tenure" in rows:
        found["tenure"] = _banded(rows["tenure"], TENURES)
    if "term_months" in rows and rows["term_months"].nunique() > 1:
        found["contract"] = _banded(rows["term_months"], TERMS)
    return found


def newcomers(rows: pd.DataFrame, seen: pd.DataFrame) -> Kinds:
    """Whether training saw a customer at all: the cold start, apart from those it may recognise."""
    known = np.isin(_customers(rows), np.unique(_customers(seen)))
    return {"cold start": np.where(known, "seen in training", "new since training")}


def _customers(rows: pd.DataFrame) -> NDArray[Any]:
    return rows.index.get_level_values("customer_id").to_numpy().astype(str)


def _banded(column: pd.Series, bands: dict[str, float]) -> NDArray[Any]:
    """The band of each value, by the band's lower end; a missing value is in a band of its own."""
    values = column.to_numpy(float)
    inner = list(bands.values())[1:]
    place = np.digitize(values, inner)
    names = np.array(list(bands))[np.minimum(place, len(bands) - 1)]
    return np.where(np.isnan(values), "unknown", names)


def _quarters(mrr: pd.Series) -> NDArray[Any]:
    ranks = mrr.fillna(0).rank(pct=True, method="first").to_numpy(float)
    return np.char.add(np.ceil(ranks * 4).clip(1, 4).astype(int).astype(str), " of 4")
