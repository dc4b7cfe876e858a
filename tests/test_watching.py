"""The alarms and the dashboard ask for what is measured; each alarm fires when it should."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

import serving.metrics

ROOT = Path(__file__).parent.parent
PROMETHEUS = ROOT / "deploy" / "prometheus"
BOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/dashboards/churn.json").read_text())
RULES = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"][0]["rules"]
ASKED = [rule["expr"] for rule in RULES] + [
    target["expr"] for panel in BOARD["panels"] for target in panel["targets"]
]


def promtool(*arguments: str) -> None:
    found = shutil.which("promtool")
    if not found:
        pytest.skip("there is no promtool: make services")
    ran = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_prometheus_takes_the_rules():
    promtool("check", "rules", str(PROMETHEUS / "alerts.yml"))


def test_each_alarm_fires_on_its_fault_and_none_without():
    promtool("test", "rules", str(PROMETHEUS / "alerts_test.yml"))


@pytest.mark.parametrize("alarm", [rule["alert"] for rule in RULES])
def test_each_alarm_has_a_test_and_a_place_in_the_runbook(alarm: str):
    assert alarm in (PROMETHEUS / "alerts_test.yml").read_text()
    assert f"### {alarm}" in (ROOT / "docs" / "runbook.md").read_text()


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_asked_for_is_measured(asked: str):
    assert serving.metrics.REQUESTS is not None
    measured = {family.name for family in REGISTRY.collect()}
    names = set(re.findall(r"\bchurn_\w+", asked))
    plain = {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in names}
    assert plain <= measured, asked


def test_the_dashboard_has_no_two_panels_in_one_place():
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in BOARD["panels"]]
    assert len(set(places)) == len(places)
    assert len({p["id"] for p in BOARD["panels"]}) == len(places)
