"""What travels with a model so that it can be watched: what was usual where it was judged."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from features.drift import SCORE, Reference, psi, reference_of
from training.forecast import forecast
from training.train import Trained

RECENT_DATES = 6  # half a year: most weekdays, two quarters


def watched(trained: Trained) -> dict[str, Any]:
    """The reference of drift, and the forecast of the test, as JSON."""
    expected = forecast(trained.model.probability(trained.test))
    return judged_on(trained).said() | {"forecast": expected.said()}


def judged_on(trained: Trained) -> Reference:
    """How features and scores were spread where the model was judged, the dates of its test.

    The dates it learnt from reach far back, to a smaller business and a shorter history: of clean
    data, half of the features would have moved since.
    """
    known, model = trained.model.features, trained.model
    scores = model.probability(trained.test)
    made = reference_of(trained.test, known.categorical, known.names, scores)
    split = trained.split
    recent = [trained.snapshots.on([day]) for day in recent_dates(split.partly, split.test)]
    usual = usual_of(made, recent)
    usual[SCORE] = max(
        psi(made.score.shares, made.score.of_same_bins(model.probability(rows)).shares)
        for rows in (trained.snapshots.on([day]) for day in split.test)
    )
    return replace(made, usual=usual)


def recent_dates(partly: Sequence[date], test: Sequence[date]) -> list[date]:
    """The newest of the dates whose vectors are there, those of the test among them."""
    return [*partly, *test][-RECENT_DATES:]


def usual_of(reference: Reference, by_date: Sequence[pd.DataFrame]) -> dict[str, float]:
    """By feature, the largest PSI of one date's customers against those of the test."""
    return {
        name: max(psi(was.shares, was.of_same_bins(rows[name]).shares) for rows in by_date)
        for name, was in reference.features.items()
    }
