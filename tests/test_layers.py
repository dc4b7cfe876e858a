"""Who may import whom: features <- training <- serving, and third parties by one door each."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("features", "training", "serving")
OURS = (*ROOMS, "experiments", "churn", "tests")

# What of ours a room may import, by prefix; a longer prefix of the importer wins.
MAY_IMPORT = {
    "features": ["features"],
    "training": ["features", "training"],
    "serving": ["features", "serving", "training.model"],
    "serving.cli": ["features", "serving", "training.model", "training.track"],
    # The monitor's job holds what was said against what came, by training's own label.
    "serving.monitor": [
        *("features", "serving", "training.forecast", "training.labels"),
        *("training.metrics", "training.model", "training.slices"),
    ],
    "churn": ["features", "training", "serving"],
}
# Where a third party may be imported, by prefix; others may be imported anywhere.
DOORS = {
    "mlflow": ["training.track"],
    "lightgbm": ["training.binned", "training.ensemble", "training.fit"],
    "bentoml": ["serving.service"],
    "httpx": ["features.sources", "serving.sinks"],
    "requests": ["features.sources", "serving.sinks"],
    "urllib3": ["features.sources", "serving.sinks"],
    "simple_salesforce": ["serving.sinks"],
    "pyspark": ["features.spark", "serving.spark"],
}
# What the service must not load when it starts.
HEAVY = {"matplotlib", "mlflow", "pyspark", "pandas", "scipy", "sklearn"}


def _under(name: str, prefixes: list[str]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def _modules() -> dict[str, ast.Module]:
    paths = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return {_name(path): ast.parse(path.read_text()) for path in [*paths, ROOT / "churn.py"]}


MODULES = _modules()


def imported(node: ast.AST, importer: str, is_package: bool = False) -> list[str]:
    """The modules that one statement or call imports, by their absolute names."""
    match node:
        case ast.Import(names=names):
            return [name.name for name in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            parts = importer.split(".")
            above = parts[: len(parts) - level + is_package] if level else []
            base = ".".join([*above, *([module] if module else [])])
            return [f"{base}.{name.name}" for name in names]
        case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]):
            called = ast.unparse(func).rsplit(".", 1)[-1]
            return [name] if called in {"import_module", "__import__", "run_module"} else []
    return []


def all_imports(importer: str, tree: ast.Module) -> Iterator[str]:
    is_package = (ROOT / importer.replace(".", "/")).is_dir()
    for node in ast.walk(tree):
        yield from imported(node, importer, is_package)


def breaches(importer: str, tree: ast.Module) -> list[str]:
    """Every import of one module that the rule forbids, in words."""
    most_specific = max((p for p in MAY_IMPORT if _under(importer, [p])), key=len)
    found = []
    for name in all_imports(importer, tree):
        top = name.split(".")[0]
        allowed = MAY_IMPORT[most_specific] if top in OURS else DOORS.get(top)
        target, where = (name, allowed) if top in OURS else (importer, allowed)
        if where is not None and not _under(target, where):
            found.append(f"{importer} imports {name}")
    return found


@pytest.mark.parametrize("importer", MODULES)
def test_a_module_imports_only_what_its_room_may(importer: str) -> None:
    assert breaches(importer, MODULES[importer]) == []


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("features.vectors", "import training.labels"),
        ("features.vectors", "from training import labels"),
        ("features.vectors", "from ..training import labels"),
        ("features.vectors", "def late():\n    import serving"),
        ("features.vectors", "import_module('training.train')"),
        ("features.history", "import lightgbm as lgb"),
        ("features.catalogue", "import experiments"),
        ("training.train", "from serving.scorer import Scorer"),
        ("training.train", "import mlflow.pyfunc"),
        ("training.track", "import lightgbm"),
        ("training.model", "import lightgbm"),
        ("training.trackers", "import mlflow"),
        ("serving.scorer", "from training.train import train"),
        ("serving.scorer", "from training import track"),
        ("serving.web.pages", "from training import track"),
        ("serving.scorer", "from bentoml import api"),
        ("serving.web.pages", "import httpx"),
        ("serving.cli", "from training import gate"),
        ("serving.web.monitor", "from training.labels import ChurnLabel"),
        ("serving.batch", "from pyspark.sql import SparkSession"),
        ("churn", "import experiments.real_data"),
        ("training.train", "from tests import conftest"),
    ],
)
def test_the_rule_forbids(importer: str, line: str) -> None:
    assert breaches(importer, ast.parse(line)) != []


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("training.labels", "from features import vectors"),
        ("training.labels", "from . import snapshots"),
        ("training.track", "import mlflow"),
        ("training.ensemble", "from lightgbm import Booster"),
        ("serving.scorer", "from training.model import ChurnModel"),
        ("serving.scorer", "from training import model"),
        ("serving.cli", "from training.track import champion"),
        ("serving.service", "import bentoml"),
        ("serving.sinks.hubspot", "import httpx"),
        ("features.sources.zendesk", "import httpx"),
        ("features.vectors", "import pandas as pd"),
    ],
)
def test_the_rule_allows(importer: str, line: str) -> None:
    assert breaches(importer, ast.parse(line)) == []


def _at_start(importer: str) -> Iterator[str]:
    """What a module imports when it is imported itself: not inside functions or TYPE_CHECKING."""
    is_package = (ROOT / importer.replace(".", "/")).is_dir()
    for node in MODULES[importer].body:
        yield from imported(node, importer, is_package)


def _ours(name: str) -> list[str]:
    """The modules of ours that importing a dotted name runs."""
    parts = name.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts) + 1) if ".".join(parts[:n]) in MODULES]


def _reached_from(start: str) -> dict[str, set[str]]:
    """By module of ours: the top-level names it imports when `start` is imported."""
    reached: dict[str, set[str]] = {}
    waiting = [start]
    while waiting:
        module = waiting.pop()
        if module in reached:
            continue
        names = list(_at_start(module))
        reached[module] = {name.split(".")[0] for name in names}
        waiting += [ours for name in names for ours in _ours(name)]
    return reached


@pytest.mark.parametrize("start", ["serving.service", "serving.scorer", "training.model", "churn"])
def test_it_starts_without_what_only_training_needs(start: str) -> None:
    if start not in MODULES:
        pytest.skip(f"there is no {start} yet")
    reached = _reached_from(start)
    assert {module: tops & HEAVY for module, tops in reached.items() if tops & HEAVY} == {}
