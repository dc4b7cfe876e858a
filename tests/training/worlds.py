"""Made-up scored rows whose truth is known, for the tests of the scorecard and the gate."""

import numpy as np

from training.blocks import About
from training.calibrate import sigmoid
from training.judged import Judged

ABOUT = About(trained_churned=400, horizon_days=90, best_feature="days_since_last_use_180d")
DATES = np.array(["2026-01-01", "2026-02-01"], dtype="datetime64[us]")


def world(rows=3_000, *, base=-2.0, strength=1.2, seed=0):
    """Rows of `rows` / 2 customers on two dates, and the log-odds they truly churn by."""
    random = np.random.default_rng(seed)
    logit = np.tile(base + strength * random.normal(size=rows // 2), 2)
    churned = (random.random(len(logit)) < sigmoid(logit)).astype(int)
    return logit, churned


def judged(logit, churned, *, said=None, slices=None):
    """A model that says `said` log-odds (the true ones if nothing else is given)."""
    said = logit if said is None else said
    half = len(logit) // 2
    return Judged(
        customer=np.tile(np.arange(half), 2),
        as_of=np.repeat(DATES, half),
        churned=churned,
        margin=said,
        probability=sigmoid(said),
        mrr=np.tile(np.linspace(10, 500, half), 2),
        slices=slices or {},
    )


def baselines(logit, churned, *, feature=2.0, logistic=0.9):
    """The base rate, and two predictions that see the truth through noise."""
    random = np.random.default_rng(99)
    blurred = {
        name: sigmoid(
            logit.mean()
            + 0.6 * (logit - logit.mean())
            + noise * 0.5 * random.normal(size=len(logit))
        )
        for name, noise in (("best single feature", feature), ("logistic", logistic))
    }
    return {"base rate": np.full(len(logit), churned.mean()), **blurred}
