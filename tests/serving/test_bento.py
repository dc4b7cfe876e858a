"""The Bento: it carries its model, and serves far from the source tree, without MLflow, offline."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from serving.bundle import bundle_at
from serving.scorer import Scorer
from tests.serving.company import AS_OF
from tests.serving.server import Server, free_port, served
from tests.serving.test_service import CUSTOMER, rows

ROOT = Path(__file__).parents[2]
# An address where nobody answers: what asks outside fails.
NOWHERE = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
PARTS = ("features", "serving", "training", "requirements")


@pytest.fixture(scope="module")
def bento(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Bento built by BentoML's own command from a copy of the project with a published model."""
    project = tmp_path_factory.mktemp("project")
    for part in PARTS:
        copytree(ROOT / part, project / part, ignore=ignore_patterns("__pycache__"))
    copytree(home / "bundle", project / "demo" / "bundle")
    for file in ("bentofile.yaml", "README.md"):
        (project / file).write_text((ROOT / file).read_text())
    kept = {n: v for n, v in os.environ.items() if not n.startswith("CHURN_")}
    environment = {**kept, **NOWHERE, "BENTOML_HOME": str(project / "bentoml")}
    command = [sys.executable, "-m", "bentoml", "build", "--output", "tag"]
    subprocess.run(command, cwd=project, env=environment, check=True, capture_output=True)
    [built] = (project / "bentoml" / "bentos" / "churn").glob("*/")
    return built


@pytest.fixture(scope="module")
def server(bento: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The Bento, served from an empty folder, with no way to the source tree or outside."""
    port, folder = free_port(), tmp_path_factory.mktemp("elsewhere")
    command = ["bentoml", "serve", str(bento), "--host", "127.0.0.1", "--port", str(port)]
    settings = {"BENTOML_HOME": str(folder / "bentoml"), "HIDDEN": str(ROOT), **NOWHERE}
    with served(command, port, folder, settings) as server:
        yield server


def test_it_holds_the_model_and_the_serving_code_and_nothing_of_training(bento: Path):
    files = {str(f.relative_to(bento / "src")) for f in (bento / "src").rglob("*") if f.is_file()}
    assert any(f.startswith("demo/bundle/") and f.endswith("model.json") for f in files)
    assert "serving/web/templates/portfolio.html" in files
    assert not {f for f in files if "track" in f or "demo/truth" in f or f.startswith("tests")}
    assert not {f for f in files if f.startswith("features/demo/")}


def test_it_asks_for_exactly_the_pinned_packages_and_names_no_registry(bento: Path):
    asked = (bento / "env" / "python" / "requirements.txt").read_text()
    pinned = (ROOT / "requirements" / "serving.txt").read_text()
    assert set(re.findall(r"^[\w.-]+==[^\s;]+", asked, re.M)) == set(
        re.findall(r"^[\w.-]+==[^\s;]+", pinned, re.M)
    )
    assert len(re.findall("--hash=sha256:", asked)) == len(re.findall("--hash=sha256:", pinned))
    assert "-url" not in asked


def test_it_serves_the_model_that_it_was_built_with(server: Server, home: Path):
    card = server.client.get("/model_card").json()
    assert card["model_version"] == bundle_at(home / "bundle").name
    assert server.client.get("/health").json()["status"] == "no_history"


def test_it_scores_rows_that_are_sent_as_the_scorer_does(
    server: Server, scorer: Scorer, home: Path
):
    body = {"tables": rows(home, CUSTOMER), "as_of": str(AS_OF)}
    answer = server.client.post("/score_tables", json=body)
    assert answer.status_code == 200, answer.text
    [told] = answer.json()["predictions"]
    expected = scorer.one(CUSTOMER, AS_OF)
    assert told["probability"] == pytest.approx(expected.probability, abs=1e-9)
    assert [reason["text"] for reason in told["reasons"]] == [r.text for r in expected.reasons]


def test_it_scores_a_ready_vector(server: Server):
    features = server.client.get("/features").json()
    vector = {"customer_id": "a", "values": {f["name"]: f["if_none"] for f in features}}
    answer = server.client.post("/score_vectors", json={"vectors": [vector]})
    assert answer.status_code == 200, answer.text
    assert 0 < answer.json()[0]["probability"] < 1


def test_without_a_history_it_says_what_can_be_sent_instead(server: Server):
    answer = server.client.post("/score", json={"customer_ids": [CUSTOMER]})
    assert (answer.status_code, answer.json()["error"]) == (422, "SourceError")
    assert "/score_tables" in answer.json()["do"]


def test_its_page_is_there_before_anybody_is_scored(server: Server):
    assert server.client.get("/").status_code == 200
