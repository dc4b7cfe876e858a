"""Guards of sameness: one model and one history give one score, whichever way it is asked for."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from features.errors import ContractError
from features.featureset import FeatureSet
from features.history import History
from features.logged import KEYS
from features.reference import planned, vector_of
from features.sources.files import in_memory
from features.vectors import spine, vectors
from training.guarded import Guarded
from training.model import ChurnModel, loaded
from training.replay import Frames

WITHIN = 1e-9
ASKED_ONLINE, ASKED_OF_LOG = 20, 500
UNHEARD_OF = "a word that nobody was trained on"
Rows = pd.DataFrame


def score_parity(model: ChurnModel, rows: Rows) -> Guarded:
    """The model written down and read again scores the same, however its columns come.

    Columns in another order and one row alone give the same scores; a word never seen counts as
    missing; a customer of whom nothing is known has a score; a column that is not there is refused.
    """
    told = model.probability(rows)
    gaps = {
        "reloaded model": _asked(lambda: _reloaded_gap(model, rows, told)),
        "shuffled columns": _gap(model.probability(rows[list(reversed(rows.columns))]), told),
        "one row alone": _gap(model.probability(rows.head(1)), told[:1]),
        "unseen category": _unseen(model, rows.head(ASKED_ONLINE)),
        "all-missing row": _nothing_known(model, rows.head(1)),
        "missing column": _without_column(model, rows.head(1)),
    }
    broken = [case for case, gap in gaps.items() if gap > WITHIN]
    rule = f"scores are within {WITHIN} in {len(gaps)} cases: {', '.join(gaps)}"
    return Guarded("score parity", ", ".join(broken), max(gaps.values()), rule, bool(broken))


def online_parity(model: ChurnModel, frames: Frames, as_of: date) -> Guarded:
    """A customer asked about alone, in plain Python, has the score that the batch gives it."""
    history = in_memory(frames)
    customers = sorted(frames["customers"]["customer_id"])[:ASKED_ONLINE]
    batch = vectors(model.features, history, spine(customers, [as_of]))
    online = _online(model.features, history, customers, as_of)
    gap = _gap(model.probability(online), model.probability(batch))
    differs = _differing(online, batch, model.features.names)
    rule = f"scores of {len(customers)} customers asked one by one are within {WITHIN}"
    return Guarded("online parity", max(differs, key=lambda n: differs[n]) if gap > WITHIN else "",
                   gap, rule, gap > WITHIN)  # fmt: skip


def logged_parity(features: FeatureSet, history: History, log: Rows) -> Guarded:
    """What was scored is what the history gives for the same customers and dates today.

    Of the log's columns those are compared that are features still, of its customers those that the
    history still has.
    """
    rows = _of_history(history, log.drop_duplicates(list(KEYS[:2]), keep="last"))
    kept = rows.tail(ASKED_OF_LOG).set_index(list(KEYS[:2]))
    names = [name for name in features.names if name in kept]
    if not len(kept) or not names:
        return Guarded("logged vectors", "", 0.0, "the log has no vector to compare", False)
    rebuilt = vectors(features, history, kept.index.to_frame(index=False))
    differs = _differing(rebuilt, kept, names)
    worst = max(differs, key=lambda name: differs[name])
    rule = f"{len(kept)} logged vectors are built again within {WITHIN} (vectors that differ)"
    fired = differs[worst] > 0
    return Guarded("logged vectors", worst if fired else "", differs[worst], rule, fired)


def _of_history(history: History, log: Rows) -> Rows:
    asked = log["customer_id"].drop_duplicates().tail(ASKED_OF_LOG).tolist()
    known = history.of(asked).tables["customers"]["customer_id"].to_pyarrow().to_pylist()
    return log[log["customer_id"].isin(known)]


def _differing(rows: Rows, others: Rows, names: list[str]) -> dict[str, float]:
    """How many rows differ in each column."""
    return {n: float((~_same(rows[n], others[n])).sum()) for n in names}


def _same(one: pd.Series, other: pd.Series) -> np.ndarray[Any, Any]:
    if pd.api.types.is_numeric_dtype(one):
        a, b = one.to_numpy(float), other.to_numpy(float)
        return np.asarray(np.isclose(a, b, rtol=WITHIN, atol=WITHIN, equal_nan=True))
    return np.array([(a == b) | (pd.isna(a) & pd.isna(b)) for a, b in zip(one, other, strict=True)])


def _online(features: FeatureSet, history: History, customers: list[str], as_of: date) -> Rows:
    plan = planned(features)
    tables = {name: _by_customer(t.to_pyarrow().to_pylist()) for name, t in history.tables.items()}
    told = [vector_of(plan, {n: t.get(c, []) for n, t in tables.items()}, as_of) for c in customers]
    return pd.DataFrame(told)


def _by_customer(rows: list[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["customer_id"], []).append(row)
    return found


def _reloaded_gap(model: ChurnModel, rows: Rows, told: Any) -> float:
    with TemporaryDirectory() as folder:
        model.save(Path(folder) / "bundle")
        return _gap(loaded(Path(folder) / "bundle").probability(rows), told)


def _unseen(model: ChurnModel, rows: Rows) -> float:
    names = [name for name in model.categories if name in rows]
    words, nothing = (rows.assign(**dict.fromkeys(names, w)) for w in (UNHEARD_OF, None))
    return _asked(lambda: _gap(model.probability(words), model.probability(nothing)))


def _nothing_known(model: ChurnModel, row: Rows) -> float:
    """Nothing, if the model has an answer for a customer of whom nothing is known."""
    words = set(model.categories)
    blank = row.assign(**{n: None if n in words else np.nan for n in model.features.names})
    return _asked(lambda: 0.0 if np.isfinite(model.probability(blank)).all() else float("inf"))


def _asked(gap: Callable[[], float]) -> float:
    """The gap; without end where the model has no answer."""
    try:
        found = gap()
    except (ContractError, KeyError, TypeError, ValueError):
        return float("inf")
    return found if np.isfinite(found) else float("inf")


def _without_column(model: ChurnModel, row: Rows) -> float:
    """Nothing, if the model refuses to score without one of its columns."""
    try:
        model.probability(row.drop(columns=model.features.names[-1]))
    except ContractError:
        return 0.0
    return float("inf")


def _gap(told: Any, other: Any) -> float:
    gap = np.abs(np.asarray(told) - np.asarray(other))
    return float(gap.max()) if np.isfinite(gap).all() else float("inf")
