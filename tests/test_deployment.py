"""What is deployed is what its tools take, runs as nobody and calls commands that there are."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from churn import COMMANDS
from features.errors import ExitCode
from features.settings import Settings
from serving.monitor.words import WORDS

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
SECRETS = ("CHURN_API_KEY", "CHURN_API_KEY_FILE", "CHURN_DB_PASSWORD", "CHURN_GRAFANA_PASSWORD")
OURS = ("churn-jobs", "churn-service")


def resources() -> list[dict[str, Any]]:
    """Every resource of every manifest."""
    return [told for file in MANIFESTS for told in yaml.safe_load_all(file.read_text())]


def pods() -> list[dict[str, Any]]:
    """The specification of every pod, however deep it stands."""
    return [found for told in resources() for found in _pods(told)]


def _pods(told: Any) -> list[dict[str, Any]]:
    if isinstance(told, list):
        return [found for each in told for found in _pods(each)]
    if not isinstance(told, dict):
        return []
    here = [told] if "containers" in told else []
    return here + [found for each in told.values() for found in _pods(each)]


def services() -> dict[str, dict[str, Any]]:
    """The services of the compose file."""
    told: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return dict(told["services"])


@pytest.mark.parametrize("told", resources(), ids=lambda r: f"{r['kind']}-{r['metadata']['name']}")
def test_a_manifest_keeps_the_schema_of_kubernetes(told: dict[str, Any]) -> None:
    kubernetes_validate.validate(told, "1.37", strict=True)


def test_a_misspelt_manifest_would_be_refused() -> None:
    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "specs": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.37", strict=True)


def test_every_pod_runs_as_nobody_on_a_root_that_it_cannot_write() -> None:
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"]
        for container in pod["containers"]:
            locked = container["securityContext"]
            assert locked["readOnlyRootFilesystem"]
            assert not locked["allowPrivilegeEscalation"]
            assert locked["capabilities"] == {"drop": ["ALL"]}


def test_the_service_is_probed_for_life_and_for_readiness() -> None:
    [service] = [p for p in pods() if p["containers"][0]["image"] == "churn-service"]
    probes = service["containers"][0]
    assert probes["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert probes["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_the_service_is_given_the_time_that_it_takes_to_end() -> None:
    longest = 2 * Settings.model_fields["grace_seconds"].default
    [pod] = [p for p in pods() if p["containers"][0]["image"] == "churn-service"]
    before = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] >= before + longest + 5
    assert int(services()["service"]["stop_grace_period"].removesuffix("s")) >= longest + 5


def test_every_job_calls_a_command_that_there_is() -> None:
    called = [c["args"][0] for p in pods() for c in p["containers"] if c.get("args")]
    called += [
        s["command"][0] for n, s in services().items() if n in ("follower", "nightly", "monitor")
    ]
    assert set(called) <= {command.name for command in COMMANDS}


def test_a_night_is_not_tried_again_where_that_mends_nothing() -> None:
    night = cron_job("churn-nightly")
    [rule] = night["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    final = {
        ExitCode.ARGUMENTS,
        ExitCode.CONTRACT,
        ExitCode.STALE,
        ExitCode.MODEL,
        ExitCode.UNLIKELY,
    }
    assert set(rule["onExitCodes"]["values"]) == {int(code) for code in final}


def cron_job(name: str) -> dict[str, Any]:
    """A job that is run by the clock."""
    jobs = [told for told in resources() if told["kind"] == "CronJob"]
    return next(told for told in jobs if told["metadata"]["name"] == name)


def test_the_monitor_looks_after_the_night_and_its_findings_are_no_fault_to_try_again() -> None:
    night, after = cron_job("churn-nightly"), cron_job("churn-monitor")
    minutes = [[int(n) for n in job["spec"]["schedule"].split()[:2]] for job in (night, after)]
    assert minutes[0][::-1] < minutes[1][::-1]
    [rule] = after["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    assert int(ExitCode.FINDINGS) in rule["onExitCodes"]["values"]
    assert int(ExitCode.UNTOLD) not in rule["onExitCodes"]["values"]


def test_the_compose_file_keeps_the_schema_of_compose() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    told = subprocess.run(
        [*check, DEPLOY / "compose.yaml"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.skipif(not shutil.which("docker-compose"), reason="docker-compose is not installed")
def test_compose_reads_its_file_and_asks_for_every_secret() -> None:
    compose = ["docker-compose", "-f", str(DEPLOY / "compose.yaml"), "config", "--quiet"]
    given = dict.fromkeys(SECRETS, "x" * 32) | {"CHURN_HISTORY_FOLDER": "/history"}
    whole = subprocess.run(
        compose, env=os.environ | given, capture_output=True, text=True, check=False
    )
    assert whole.returncode == 0, whole.stderr
    for secret in SECRETS:
        without = {**os.environ, **given}
        del without[secret]
        short = subprocess.run(compose, env=without, capture_output=True, text=True, check=False)
        assert short.returncode != 0
        assert secret in short.stderr


def test_our_containers_are_hardened_and_open_to_this_machine_alone() -> None:
    for told in services().values():
        assert all(port.startswith("127.0.0.1:") for port in told.get("ports", ()))
        if told["image"] in OURS:
            assert told["read_only"]
            assert told["cap_drop"] == ["ALL"]


def test_every_exit_code_has_a_place_in_the_runbook() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    assert [int(code) for code in ExitCode if f"\n### Exit code {int(code)}" not in runbook] == []


def test_every_finding_has_a_place_in_the_runbook() -> None:
    lines = (ROOT / "docs" / "runbook.md").read_text().splitlines()
    told = {code for line in lines if line.startswith("### ") for code in line[4:].split(", ")}
    assert set(WORDS) - told == set()
