"""The command line: its list is there at once, its errors are one line and a documented code."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
import typer

import churn
from features import errors
from features.errors import ExitCode

Ran = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str]) -> Ran:
    """Runs a command line: its exit code, what it said on stdout and on stderr."""

    def _ran(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            churn.main(arguments)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return _ran


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Puts a function in the place of `churn check`."""

    def _command(function: Callable[..., Any]) -> None:
        module = ModuleType("checks_for_this_test")
        module.__dict__["check"] = function
        monkeypatch.setitem(sys.modules, module.__name__, module)
        line = churn.Command("check", module.__name__, "Check.")
        monkeypatch.setattr(churn, "COMMANDS", (line, *churn.COMMANDS[1:]))

    return _command


def test_help_lists_every_command_and_every_exit_code(ran: Ran) -> None:
    code, out, _ = ran("--help")
    assert code == ExitCode.OK
    for listed in ["check", "features", "train", "score", "serve", "demo"]:
        assert f"\n  {listed} " in out
    for exit_code in ExitCode:
        assert f"{exit_code.value}  {exit_code.meaning}" in out


def test_help_imports_no_command_and_nothing_heavy() -> None:
    script = (
        "import sys, churn\n"
        "try: churn.main(['--help'])\n"
        "except SystemExit: print('LOADED', *sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in said.stdout.split("LOADED")[1].split()}
    heavy = {
        "pydantic",
        "numpy",
        "pandas",
        "ibis",
        "duckdb",
        "bentoml",
        "mlflow",
        "lightgbm",
        "rich",
    }
    assert loaded & heavy == set()
    assert "training" not in loaded
    assert "serving" not in loaded


def test_a_command_is_imported_when_it_is_called_and_shows_its_own_options(
    ran: Ran, command: Callable[[Callable[..., Any]], None]
) -> None:
    def check(days: Annotated[int, typer.Option(help="How far back to look.")] = 28) -> None:
        """Look at the history from its first day."""

    command(check)
    code, out, _ = ran("check", "--help")
    assert code == ExitCode.OK
    assert "Look at the history from its first day." in out
    assert "--days" in out
    assert "How far back to look." in out


ERRORS = [error for error in vars(errors).values() if isinstance(error, type)]
OURS = [error for error in ERRORS if issubclass(error, errors.ChurnError)]


@pytest.mark.parametrize("error", OURS)
def test_an_error_of_ours_is_one_line_and_its_exit_code(
    error: type[errors.ChurnError], ran: Ran, command: Callable[[Callable[..., Any]], None]
) -> None:
    def check() -> None:
        raise error("usage has no column at:\n add it to the view")

    command(check)
    assert ran("check") == (
        int(error.exit_code),
        "",
        "churn: usage has no column at: add it to the view\n",
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.SettingsError, 2),
        (errors.UnknownCustomer, 2),
        (errors.ContractError, 3),
        (errors.SourceError, 3),
        (errors.InsufficientData, 3),
        (errors.StaleData, 4),
        (errors.ModelMissing, 6),
    ],
)
def test_the_exit_codes_that_schedulers_know_do_not_change(
    error: type[errors.ChurnError], code: int
) -> None:
    assert error.exit_code == code


def test_with_json_the_error_is_json_too(
    ran: Ran, command: Callable[[Callable[..., Any]], None]
) -> None:
    def check(json: bool = False) -> None:
        raise errors.StaleData("usage ends 9 days ago, its limit is 2: load it first")

    command(check)
    code, _, err = ran("check", "--json")
    assert (code, json.loads(err)) == (
        4,
        {
            "error": "StaleData",
            "message": "usage ends 9 days ago, its limit is 2: load it first",
            "exit_code": 4,
        },
    )


def test_a_command_ends_with_the_code_that_it_names(
    ran: Ran, command: Callable[[Callable[..., Any]], None]
) -> None:
    def check() -> None:
        raise typer.Exit(ExitCode.REFUSED)

    command(check)
    assert ran("check")[0] == ExitCode.REFUSED


def test_a_misspelt_command_is_a_bad_argument_and_meets_a_suggestion(ran: Ran) -> None:
    code, _, err = ran("chekc")
    assert code == ExitCode.ARGUMENTS
    assert "Did you mean 'check'?" in err


def test_a_fault_of_ours_keeps_its_traceback(
    command: Callable[[Callable[..., Any]], None],
) -> None:
    def check() -> None:
        raise ZeroDivisionError

    command(check)
    with pytest.raises(ZeroDivisionError):
        churn.main(["check"])


Ended = dict[str, int]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Callable[[Ended], list[str]]:
    """Puts commands that end with given codes in the place of the demo's; tells which it called."""

    def _steps(ended: Ended) -> list[str]:
        called: list[str] = []
        module = ModuleType("steps_for_this_test")

        def step(name: str) -> Callable[..., None]:
            def _run(
                to: str = "", customers: int = 0, months: int = 0, seed: int = 0, earlier: int = 0
            ) -> None:
                called.append(name)
                raise typer.Exit(ended[name])

            return _run

        module.__dict__.update({name: step(name) for name in ended})
        monkeypatch.setitem(sys.modules, module.__name__, module)
        lines = [churn.Command(name, module.__name__, name) for name in ended]
        monkeypatch.setattr(churn, "COMMANDS", (*lines, churn.Command("demo", "churn", "Demo.")))
        monkeypatch.setenv("CHURN_HOME", "restored after this test")
        return called

    return _steps


def test_the_demo_goes_through_the_commands_in_order_and_stops_at_the_first_that_fails(
    steps: Callable[[Ended], list[str]],
) -> None:
    called = steps({"simulate": 0, "check": 3, "train": 0, "score": 0})
    with pytest.raises(SystemExit) as end:
        churn.main(["demo", "--no-serve"])
    assert (end.value.code, called) == (3, ["simulate", "check"])


def test_the_demo_goes_on_with_the_champion_where_a_challenger_is_refused(
    steps: Callable[[Ended], list[str]], tmp_path: Path
) -> None:
    called = steps({"simulate": 0, "check": 0, "train": 7, "score": 0})
    with pytest.raises(SystemExit) as end:
        churn.main(["demo", "--no-serve", "--home", str(tmp_path)])
    assert (end.value.code, called) == (0, ["simulate", "check", "train", "score"])
