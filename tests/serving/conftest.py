"""The made-up company's history, a model trained on it, and a Scorer: made once for all tests."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from features.catalogue import CHURN
from features.history import History
from features.sources import opened
from serving.bands import limits_of
from serving.bundle import bundle_at, published
from serving.scorer import Scorer
from tests.serving.company import AS_OF, NOW, made_up
from tests.serving.fuzzing import Tried
from tests.serving.server import Server, free_port, served
from training.below import Minimum
from training.labels import ChurnLabel
from training.model import loaded
from training.run import described, named
from training.train import Plan, train

TRIED = pytest.StashKey[Tried]()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Says what was thrown at the service."""
    if TRIED in config.stash:
        terminalreporter.write_line(str(config.stash[TRIED]))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a history and the bundle of a model trained on it."""
    place = tmp_path_factory.mktemp("home")
    (place / "history").mkdir()
    for name, rows in made_up().items():
        rows.to_parquet(place / "history" / f"{name}.parquet", index=False)
    plan = Plan(
        now=AS_OF,
        seeds=(1, 2),
        cross_seeds=(1,),
        trees=30,
        test_dates=1,
        train_dates=3,
        least=Minimum(0, 0),
    )
    label = ChurnLabel(horizon_days=60, gap_days=7)
    trained = train(opened(str(place / "history")), CHURN, label, plan)
    named(trained.model, described(trained)).save(place / "made")
    published(place / "made", place / "bundle")
    return place


@pytest.fixture(scope="session")
def history(home: Path) -> History:
    """The company's history."""
    return opened(str(home / "history"))


@pytest.fixture(scope="session")
def scorer(home: Path, history: History) -> Scorer:
    """The model beside the history, three weeks after the data ends."""
    model = loaded(bundle_at(home / "bundle"))
    return Scorer(model, history, limits_of(model.about), lambda: NOW)


@pytest.fixture(scope="session")
def server(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`churn serve` on the company, without MLflow, pandas and scikit-learn."""
    port, folder = free_port(), tmp_path_factory.mktemp("served")
    settings = {"CHURN_HOME": str(home), "CHURN_SCORES": str(folder / "scores")}
    with served(["churn", "serve", "--port", str(port)], port, folder, settings) as server:
        yield server


@pytest.fixture(scope="session")
def client(server: Server) -> httpx.Client:
    """Asks that service."""
    return server.client
