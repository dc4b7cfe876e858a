"""A bar on the error stream for what takes more than a few seconds, silent where nobody watches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


@contextmanager
def steps(total: int, quiet: bool = False, done: str = "") -> Iterator[Callable[[str], None]]:
    """A bar of so many steps: a call says what begins, and `done` what was done at the end."""
    with _bar(quiet, transient=not done) as bar:
        task = bar.add_task("reading the history", total=total)
        yield lambda what: bar.update(task, description=what, advance=1)
        bar.update(task, completed=total, description=done)


@contextmanager
def counted(
    what: str, quiet: bool = False
) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
    """A bar whose end is not known yet: a call to set it, and one to go on by so many."""
    with _bar(quiet, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield (lambda n: bar.update(task, total=n)), (lambda n: bar.update(task, advance=n))


def _bar(quiet: bool, transient: bool) -> "Progress":
    from rich import progress
    from rich.console import Console

    console = Console(stderr=True)
    columns = (
        progress.TextColumn("{task.description:<40}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
    )
    hidden = quiet or not console.is_terminal
    return progress.Progress(*columns, console=console, disable=hidden, transient=transient)
