"""A night's run that kills itself (-9) before the Nth thing that it does to the disk.

Usage: python -m tests.serving.killed HOME SCORES N      0: it is left alone; prints how many.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from features.sources import opened
from serving import predictions, resumable
from serving.bands import limits_of
from serving.batch import score_everyone
from serving.bundle import bundle_at
from serving.scorer import Scorer
from tests.serving.company import AS_OF, NOW
from training.model import loaded

BLOCK = 40
DONE_TO_THE_DISK = (
    (Path, "mkdir"), (Path, "rename"), (Path, "replace"), (Path, "touch"), (Path, "unlink"),
    (Path, "write_text"), (os, "fsync"), (pq, "write_table"), (pq.ParquetWriter, "write_table"),
)  # fmt: skip


def main(home: Path, scores: Path, last: int) -> None:
    """One run, killed before the change that is named."""
    model = loaded(bundle_at(home / "bundle"))
    scorer = Scorer(model, opened(str(home / "history")), limits_of(model.about), lambda: NOW)
    resumable.AT_ONCE = predictions.AT_ONCE = BLOCK
    done = [0]
    for owner, name in DONE_TO_THE_DISK:
        setattr(owner, name, _counted(getattr(owner, name), done, last))
    score_everyone(scorer, AS_OF, scores)
    sys.stdout.write(str(done[0]))


def _counted(change: Callable[..., Any], done: list[int], last: int) -> Callable[..., Any]:
    def counted(*args: Any, **how: Any) -> Any:
        done[0] += 1
        if done[0] == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return change(*args, **how)

    return counted


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
