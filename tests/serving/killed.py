"""A job in a process of its own that is killed (-9) somewhere on its way, and how it ended.

It is killed by itself before the Nth thing that it does to the disk or the data base, or from
outside when some time has passed, whatever it does then. A server that has imported everything
forks these processes: one is there in milliseconds.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import psycopg
import pyarrow.parquet as pq

Job = Callable[..., object]
PATIENCE = 300  # seconds
CHANGES = (
    (Path, "mkdir"), (Path, "rename"), (Path, "replace"), (Path, "touch"), (Path, "unlink"),
    (Path, "write_text"), (os, "fsync"), (pq, "write_table"), (pq.ParquetWriter, "write_table"),
    (psycopg.Connection, "execute"), (psycopg.Connection, "commit"), (psycopg.Copy, "write_row"),
)  # fmt: skip
FORKING = get_context("forkserver")
FORKING.set_forkserver_preload(["__main__", "ibis.backends.duckdb", "tests.serving.night"])


@dataclass(frozen=True)
class Kill:
    """Where a process is killed: before its Nth change, or so many seconds after its first."""

    before: int = 0
    after: float = inf


@dataclass(frozen=True)
class Ended:
    """How a process ended, and how many changes and seconds it took, where it was left alone."""

    code: int
    changes: int = 0
    seconds: float = 0.0

    @property
    def killed(self) -> bool:
        """Whether it was killed, and had not ended before."""
        return self.code == -signal.SIGKILL


def ran(job: Job, *given: object, kill: Kill = Kill()) -> Ended:
    """Runs a job, and kills it where that is asked for."""
    here, there = FORKING.Pipe(duplex=False)
    process = FORKING.Process(target=_counting, args=(there, kill.before, job, given))
    process.start()
    there.close()
    first = _heard(here)
    begun = monotonic()
    process.join(min(kill.after, PATIENCE))
    if kill.after < inf:
        process.kill()
    process.join()
    changes = _heard(here) if first and process.exitcode == 0 else 0
    return Ended(process.exitcode or 0, changes, monotonic() - begun)


def drawn(alone: Ended, random: Random) -> Kill:
    """Somewhere in a run that takes as long, and changes as much, as one that was left alone."""
    if random.random() < 0.5:
        return Kill(before=random.randint(1, alone.changes))
    return Kill(after=random.uniform(0, alone.seconds))


def _heard(pipe: Connection) -> int:
    """What the process says next; 0 if it was gone before."""
    try:
        return int(pipe.recv()) if pipe.poll(PATIENCE) else 0
    except EOFError:
        return 0


def _counting(told: Connection, last: int, job: Job, given: tuple[object, ...]) -> None:
    """In the process: the job, with its changes counted; says so at the first and at the end."""
    done = [0]

    def counted(change: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **how: Any) -> Any:
            done[0] += 1
            if done[0] == 1:
                told.send(1)
            if done[0] == last:
                os.kill(os.getpid(), signal.SIGKILL)
            return change(*args, **how)

        return counting

    for owner, name in CHANGES:
        setattr(owner, name, counted(getattr(owner, name)))
    job(*given)
    told.send(done[0])
