"""Executors that are killed in the middle: by the rows that they read, or from outside."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pyarrow as pa

EXECUTOR = "CoarseGrainedExecutorBackend"

Passed = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def killed_once(mark: str) -> Passed:
    """Passes rows on; the first executor to do so is killed (-9) before it has passed any."""

    def passed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        # Executors have not this module, but what the function names.
        import os
        import signal
        from pathlib import Path

        daemon = os.getppid()  # this process's; its own parent is the executor
        executor = int(Path(f"/proc/{daemon}/stat").read_text().rsplit(")")[1].split()[1])
        try:
            file = os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            yield from batches
            return
        os.write(file, Path(f"/proc/{executor}/cmdline").read_bytes())
        os.kill(executor, signal.SIGKILL)
        raise RuntimeError("the executor is gone")

    return passed


@contextmanager
def killed_while(there: Callable[[], bool]) -> Iterator[list[str]]:
    """Kills (-9) one of this process's executors as soon as something is there.

    What is given holds its place in /proc, once it was killed.
    """
    killed: list[str] = []
    over = Event()

    def watch() -> None:
        while not over.wait(0.005):
            if there():
                executor = _executors()[0]
                os.kill(int(executor.name), signal.SIGKILL)
                killed.append(str(executor))
                return

    watching = Thread(target=watch)
    watching.start()
    try:
        yield killed
    finally:
        over.set()
        watching.join()


def _executors() -> list[Path]:
    """The executors that the session of this process has started, by their folders in /proc."""
    return [
        place
        for place in Path("/proc").glob("[0-9]*")
        if EXECUTOR in _read(place / "cmdline") and os.getpid() in _parents(place)
    ]


def _parents(place: Path) -> Iterator[int]:
    while said := _read(place / "stat"):
        parent = int(said.rsplit(")")[1].split()[1])
        yield parent
        place = Path(f"/proc/{parent}")


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # it has ended meanwhile
        return ""
