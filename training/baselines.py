"""What a model has to beat: base rate, best single feature, health score and a logistic model.

All are fitted on the training window and judged on the same out-of-time rows as the model.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from features.featureset import FeatureSet
from training.calibrate import fit_platt, sigmoid
from training.metrics import auc

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Baselines:
    """Probabilities of the baselines for the rows to be judged on."""

    base_rate: Numbers
    best_single: Numbers
    best_single_name: str
    logistic: Numbers
    health: Numbers

    @property
    def rivals(self) -> dict[str, Numbers]:
        """Each by the name that a scorecard gives it."""
        return {
            "base rate": self.base_rate,
            "best single feature": self.best_single,
            "logistic": self.logistic,
            "health score": self.health,
        }


def baselines(
    features: FeatureSet, train: pd.DataFrame, churned: Numbers, test: pd.DataFrame
) -> Baselines:
    """Fit them on `train` and `churned`, and apply them to `test`."""
    name, single = best_single(features, train, churned, test)
    return Baselines(
        base_rate=np.full(len(test), churned.mean()),
        best_single=single,
        best_single_name=name,
        logistic=logistic(features, train, churned, test),
        health=health(features, train, churned, test),
    )


def best_single(
    features: FeatureSet, train: pd.DataFrame, churned: Numbers, test: pd.DataFrame
) -> tuple[str, Numbers]:
    """The numeric feature that ranks the training window best, as probabilities for `test`."""
    strengths = single_aucs(features, train, churned)
    name = max(strengths, key=lambda n: abs(strengths[n] - 0.5))
    sign = 1.0 if strengths[name] >= 0.5 else -1.0
    blank = blank_of(train[name].to_numpy(float), churned)
    seen, asked = (sign * known_as(rows[name].to_numpy(float), blank) for rows in (train, test))
    return name, _lined(seen, asked, churned)


def health(
    features: FeatureSet, train: pd.DataFrame, churned: Numbers, test: pd.DataFrame
) -> Numbers:
    """A rule health score: what teams add up by hand, as probabilities for `test`.

    Nothing is learnt but the line from score to probability. Each feature with a declared direction
    gives the share of the training rows that it is worse than; features count alike within their
    theme, and themes alike.
    """
    seen, asked = (unhealthy(features, train, rows) for rows in (train, test))
    return _lined(seen, asked, churned)


def unhealthy(features: FeatureSet, train: pd.DataFrame, rows: pd.DataFrame) -> Numbers:
    """The health score turned round: from 0, the best there is, to 1."""
    themes: dict[str, list[Numbers]] = {}
    for each in features:
        if each.risk:
            worse = _worse_than(train[each.name].to_numpy(float), rows[each.name].to_numpy(float))
            themes.setdefault(each.theme, []).append(worse if each.risk > 0 else 1 - worse)
    told = [np.mean(worse, axis=0) for worse in themes.values()]
    return np.asarray(np.mean(told, axis=0)) if told else np.full(len(rows), 0.5)


def _worse_than(train: Numbers, values: Numbers) -> Numbers:
    """The share of the known training values below each; half where nothing is known."""
    known = np.sort(train[~np.isnan(train)])
    low, high = (np.searchsorted(known, values, side=side) for side in ("left", "right"))
    return np.where(np.isnan(values), 0.5, (low + high) / max(2 * len(known), 1))


def _lined(seen: Numbers, asked: Numbers, churned: Numbers) -> Numbers:
    """Scores as probabilities, by a line fitted on the training window."""
    centre, width = seen.mean(), max(seen.std(), 1e-9)
    line = fit_platt((seen - centre) / width, churned)
    return line.probability((asked - centre) / width)


def single_aucs(features: FeatureSet, train: pd.DataFrame, churned: Numbers) -> dict[str, float]:
    """AUC of each numeric feature alone, with what is missing placed where it ranks best."""
    columns = {n: train[n].to_numpy(float) for n in features.names if n not in features.categorical}
    return {n: auc(churned, known_as(c, blank_of(c, churned))) for n, c in columns.items()}


def blank_of(values: Numbers, churned: Numbers) -> float:
    """The value to give to what is missing: below all, in the middle or above all."""
    known = values[~np.isnan(values)]
    if not len(known):
        return 0.0
    if len(known) == len(values):
        return float(np.median(known))
    places = (known.min() - 1, float(np.median(known)), known.max() + 1)
    return float(max(places, key=lambda p: abs(auc(churned, np.nan_to_num(values, nan=p)) - 0.5)))


def known_as(values: Numbers, blank: float) -> Numbers:
    """The values, with `blank` where they are missing."""
    return np.nan_to_num(values, nan=blank)


def logistic(
    features: FeatureSet, train: pd.DataFrame, churned: Numbers, test: pd.DataFrame
) -> Numbers:
    """A ridge-regularised logistic model on standardised features, their logs and missing flags."""
    seen, asked = _design(features, train, train), _design(features, train, test)
    model = LogisticRegression(C=0.01, max_iter=500)
    with warnings.catch_warnings():
        # A baseline that stops a little early is still a baseline.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(seen, churned)
    return sigmoid(asked @ model.coef_[0] + model.intercept_[0])


def _design(features: FeatureSet, train: pd.DataFrame, rows: pd.DataFrame) -> Numbers:
    """Standardised by the training window; words become one column each."""
    columns = []
    for name in features.names:
        if name in features.categorical:
            columns += [np.asarray(rows[name] == word, float) for word in train[name].unique()]
        else:
            columns += _standard(train[name], rows[name])
    return np.column_stack(columns)


def _standard(train: pd.Series, rows: pd.Series) -> list[Numbers]:
    middle = train.median()
    middle = 0.0 if np.isnan(middle) else float(middle)
    squeezed = _squeezed(train.fillna(middle))
    centre, width = squeezed.mean(), max(squeezed.std(), 1e-9)
    values = (_squeezed(rows.fillna(middle)) - centre) / width
    return [values, np.asarray(rows.isna(), float)] if train.isna().any() else [values]


def _squeezed(values: pd.Series) -> Numbers:
    """Signed logs: counts and money spread over many sizes."""
    numbers = values.to_numpy(float)
    return np.asarray(np.sign(numbers) * np.log1p(np.abs(numbers)))
