"""A forecast of how well a model does, from its own probabilities and without outcomes.

If a customer of probability p leaves with probability p, the expected AUC, log-loss and Brier score
follow from the probabilities alone: confidence-based performance estimation, "CBPE" in NannyML's
documentation. It sees customers who are harder to tell apart. It does not see a world in which the
same customers leave more often: only outcomes do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.bootstrap import Interval, interval, weights
from training.metrics import SMALLEST, Array, Floats, Ranking, auc_of

RESAMPLES = 300
LEVEL = 0.95


@dataclass(frozen=True)
class Forecast:
    """What is expected of some probabilities, if they are true; `leaving` counts customers."""

    auc: float
    log_loss: float
    brier: float
    leaving: float
    mean: float

    def said(self) -> dict[str, float]:
        """As JSON."""
        return dict(vars(self))

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Forecast":
        """From JSON."""
        return cls(**{name: float(said[name]) for name in cls.__dataclass_fields__})


def forecast(probability: Array) -> Forecast:
    """The expected figures of probabilities (rows,), of one customer or more.

    A customer is counted as a pair with itself, which one among hundreds does not show.
    """
    p = _inside(probability)
    entropy = -(p * np.log(p) + (1 - p) * np.log(1 - p))
    places = Ranking.of(p)
    return Forecast(
        auc=float(auc_of(places.sums(p), places.sums(1 - p))),
        log_loss=float(entropy.mean()),
        brier=float((p * (1 - p)).mean()),
        leaving=float(p.sum()),
        mean=float(p.mean()),
    )


def auc_forecast(probability: Array, resamples: int = RESAMPLES) -> Interval:
    """The expected AUC with its 95 % interval over resamples of customers."""
    p = _inside(probability)
    places = Ranking.of(p)
    drawn = weights(np.arange(len(p)), resamples, seed=0)
    draws = [auc_of(places.sums(w * p), places.sums(w * (1 - p))) for w in drawn]
    return interval(forecast(p).auc, np.concatenate(draws), LEVEL)


def _inside(probability: Array) -> Floats:
    return np.asarray(np.clip(probability, SMALLEST, 1 - SMALLEST), dtype=float)
