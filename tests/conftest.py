"""What holds in every test: one thread for the numbers, nobody's settings, nothing sent out."""

import os

# Before anything imports numpy or lightgbm.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["BENTOML_DO_NOT_TRACK"] = "True"

import pytest


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CHURN_")]:
        monkeypatch.delenv(name)
