"""The `churn` command: lists its subcommands at once and imports the one that is called."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, NoReturn

import typer

from features import outside
from features.errors import ChurnError, ExitCode


@dataclass(frozen=True)
class Command:
    """One subcommand: the function `name` of `module`, and its line in the list."""

    name: str
    module: str
    line: str
    hidden: bool = False

    def load(self) -> Callable[..., Any]:
        """The function whose signature is the options and whose docstring is the help."""
        function: Callable[..., Any] = getattr(import_module(self.module), self.name)
        return function


COMMANDS = (
    Command(
        "check", "features.cli", "Report what is wrong with a history and what to do about it."
    ),
    Command("features", "features.cli", "Write the vectors of customers on as-of dates."),
    Command("compact", "features.cli", "Lay a history out to be read fast, month by month."),
    Command("train", "training.cli", "Train, judge and register a challenger; promote it or not."),
    Command(
        "promote", "training.cli_champion", "Make a held model champion, by a name and a reason."
    ),
    Command("rollback", "training.cli_champion", "Make the champion before champion again."),
    Command("backtest", "training.cli_backtest", "Say how a model would have done at past dates."),
    Command("tune", "training.cli_tune", "Look for better settings of the trees than the default."),
    Command(
        "report", "training.cli_report", "Write one page: scorecard, model card, backtest, drift."
    ),
    Command("score", "serving.cli", "Score the whole base as of a date into the scores' data set."),
    Command("serve", "serving.cli", "Serve the API and the page."),
    Command(
        "follow", "serving.cli", "Publish the registry's champion whenever it changes, for serve."
    ),
    Command("keys", "serving.keys_cli", "Make, list or revoke the keys that callers show."),
    Command(
        "monitor",
        "serving.monitor.cli",
        "Say what has moved, gone missing or turned out otherwise.",
    ),
    Command("push", "serving.sinks.cli", "Write the newest scores into a CRM, or into files."),
    Command("demo", "churn", "Do all of it for a made-up company."),
    Command("simulate", "features.cli", "Write a made-up company's history.", hidden=True),
)
EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"  {code.value}  {code.meaning}" for code in ExitCode)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command line; ends the process with an ExitCode."""
    said = list(sys.argv[1:] if arguments is None else arguments)
    try:
        run(said)
    except ChurnError as error:
        _end(error, said)
    except outside.faults() as fault:
        if (found := outside.worded(fault)) is None:
            raise
        _end(found, said)


def _end(error: ChurnError, said: Sequence[str]) -> NoReturn:
    print(worded(error, as_json="--json" in said), file=sys.stderr)  # noqa: T201
    sys.exit(error.exit_code)


def run(arguments: Sequence[str], standalone: bool = True) -> Any:
    """Runs one command line, importing only the module of the command it names."""
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    command = typer.main.get_command(command_line(chosen))
    return command(args=list(arguments), prog_name="churn", standalone_mode=standalone)


def command_line(chosen: str | None) -> typer.Typer:
    """All subcommands by name and line; the chosen one with its options too."""
    app = typer.Typer(
        help="From a business's history to churn scores with reasons.",
        epilog=EXIT_CODES,
        add_completion=False,
        rich_markup_mode=None,  # plain help: it is there at once, and a pipe can read it
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    for command in COMMANDS:
        if command.name == chosen:
            app.command(command.name, hidden=command.hidden)(command.load())
        else:
            app.command(command.name, help=command.line, hidden=command.hidden)(_listed)
    return app


def _listed() -> None:
    """Stands in the list for a command that was not called."""


def worded(error: ChurnError, as_json: bool) -> str:
    """An error in one line, for a person or for a machine."""
    message = " ".join(str(error).split())
    if not as_json:
        return f"churn: {message}"
    said = {"error": type(error).__name__, "message": message, "exit_code": int(error.exit_code)}
    return json.dumps(said)


def demo(
    serve: Annotated[bool, typer.Option(help="Serve the page when the scores are there.")] = True,
    customers: Annotated[int, typer.Option(min=200, help="How many customers to make up.")] = 5000,
    months: Annotated[int, typer.Option(min=12, max=60, help="How long a history.")] = 24,
    seed: Annotated[int, typer.Option(help="The same seed makes the same company.")] = 7,
    home: Annotated[Path, typer.Option(help="The folder for all of it.")] = Path("demo"),
    port: Annotated[int | None, typer.Option(help="Serve on this port.")] = None,
) -> None:
    """Make up a company, check its history, train, score everybody and serve the page.

    Everything goes into one folder: its history, its settings (churn.toml), the models, the scores.
    """
    size = ["--customers", str(customers), "--months", str(months), "--seed", str(seed)]
    _step("simulate", "--to", str(home), *size)
    os.environ["CHURN_HOME"] = str(home)
    if (home / "churn.toml").is_file():
        os.environ["CHURN_CONFIG"] = str(home / "churn.toml")
    _step("check")
    _step("train", unless=ExitCode.REFUSED)  # then the champion before it goes on, if there is one
    _step("score", "--earlier", "2")
    if serve:
        _step("serve", *(["--port", str(port)] if port else []))


def _step(*arguments: str, unless: ExitCode = ExitCode.OK) -> None:
    """One command of the demo; says how long it took, and ends the demo with it where it fails."""
    typer.echo(f"churn {' '.join(arguments)}", err=True)
    started = monotonic()
    ended = run(arguments, standalone=False)
    typer.echo(f"  {arguments[0]} took {monotonic() - started:.0f} s", err=True)
    if ended not in (None, ExitCode.OK, unless):
        raise typer.Exit(ended)


if __name__ == "__main__":
    main()
