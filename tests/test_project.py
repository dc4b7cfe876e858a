"""The pins: exact, hashed, without addresses, and covering what pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PINS = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _pinned(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[.*?\])?==(\S+)", text, re.MULTILINE))


def _asked(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9._-]", line)[0] for line in requirements}


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.name)
def test_pins_name_no_address_and_no_path(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert [line for line in lines if re.search(r"://|--(?!hash=)|(^|\s)-e|file:| /", line)] == []


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.name)
def test_every_pin_has_hashes(path: Path) -> None:
    pins = re.split(r"^(?=[a-z0-9])", path.read_text(), flags=re.MULTILINE)[1:]
    assert pins
    assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_the_serving_pins_hold_what_serving_needs_and_nothing_of_training() -> None:
    pinned = _pinned("serving.txt").keys()
    assert _asked(PROJECT["dependencies"]) <= pinned
    assert pinned & {"pandas", "mlflow", "mlflow-skinny", "scikit-learn", "pyspark"} == set()


def test_the_pins_of_development_are_of_every_group_but_the_bench() -> None:
    groups = PROJECT["optional-dependencies"]
    asked = _asked([line for name, group in groups.items() if name != "bench" for line in group])
    assert asked <= _pinned("dev.txt").keys()


@pytest.mark.parametrize("other", ["serving.txt", "jobs.txt", "bench.txt"])
def test_what_is_served_is_what_was_tested(other: str) -> None:
    tested = _pinned("dev.txt")
    differs = {n: v for n, v in _pinned(other).items() if n in tested and tested[n] != v}
    assert differs == {}
