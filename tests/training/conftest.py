"""A small world whose customers leave when they stop using the product, and a model of it."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.catalogue import CHURN
from features.history import History
from features.sources.files import in_memory
from training.below import Minimum
from training.labels import ChurnLabel
from training.money import Offer
from training.run import Business, Outcome, described, named, run
from training.snapshots import as_of_dates, split
from training.track import Registry
from training.train import Plan, Trained, train

BEGINS, NOW = date(2023, 1, 1), date(2024, 7, 1)
LABEL = ChurnLabel(horizon_days=60, gap_days=14, arrival_lag_days=0)
PLAN = Plan(now=NOW, seeds=(1, 2), cross_seeds=(1,), trees=30, least=Minimum(0, 0))


def small_world(customers: int = 300, seed: int = 3) -> dict[str, pd.DataFrame]:
    """Weekly use that halves some weeks before the end; a third of the customers leave."""
    draw = np.random.default_rng(seed)
    ids = np.array([f"c{i:04d}" for i in range(customers)])
    days = (NOW - BEGINS).days
    left = np.where(draw.random(customers) < 0.5, draw.integers(150, days, customers), days + 400)
    weeks = np.arange(0, days, 7)
    who, when = np.meshgrid(np.arange(customers), weeks, indexing="ij")
    fading = 1.0 - 0.8 * ((left[who] - when) < 70)
    active = (when < left[who]) & (draw.random(who.shape) < 0.9 * fading)
    start = pd.Timestamp(BEGINS)
    usage = pd.DataFrame(
        {
            "customer_id": ids[who[active]],
            "at": start
            + pd.to_timedelta(when[active] + draw.integers(0, 7, active.sum()), unit="D"),
            "event": draw.choice(["login", "export"], active.sum()),
            "user_id": "ann",
        }
    )
    ended = start + pd.to_timedelta(left, unit="D")
    subscriptions = pd.DataFrame(
        {
            "customer_id": ids,
            "subscription_id": ids,
            "at": start,
            "plan": draw.choice(["basic", "pro"], customers),
            "mrr": draw.uniform(50, 500, customers).round(),
            "seats": 5.0,
            "ended_at": pd.Series(ended).where(left < days),
            "end_reason": pd.Series("voluntary", range(customers)).where(left < days),
        }
    )
    created = {"customer_id": ids, "created_at": start - timedelta(days=300), "segment": "small"}
    return {"customers": pd.DataFrame(created), "subscriptions": subscriptions, "usage": usage}


@pytest.fixture(scope="session")
def history() -> History:
    return in_memory(small_world())


@pytest.fixture(scope="session")
def trained(history: History) -> Trained:
    made = train(history, CHURN, LABEL, PLAN)
    return replace(made, model=named(made.model, described(made)))


@pytest.fixture(scope="session")
def bundle(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "bundle"
    trained.model.save(folder)
    return folder


@pytest.fixture(scope="session")
def windows(history: History):
    return split(as_of_dates(history, LABEL, NOW), LABEL)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    home = tmp_path_factory.mktemp("registry")
    return Registry(f"sqlite:///{home}/mlflow.db", "churn", home / "artifacts")


@pytest.fixture(scope="session")
def outcome(history: History, registry: Registry) -> Outcome:
    business = Business(Offer(), 20, {"key_events": [], "milestones": []})
    return run(history, CHURN, LABEL, PLAN, registry, business)
