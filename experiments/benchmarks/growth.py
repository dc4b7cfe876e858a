"""How cost grows with the history: all features of one date for 10, 50 and 100 million events.

Each size is built by a process of its own, twice; the quicker one counts. What is proportional is
told apart from the constant by the two smaller sizes, and the largest is held against that line.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from experiments.benchmarks.goals import Goal, at_most
from experiments.benchmarks.histories import Size, make
from experiments.benchmarks.memory import peak_bytes

SIZES = (10_000_000, 50_000_000, 100_000_000)
MEGABYTE = 1024**2
PICTURE = Path(__file__).with_name("growth.svg")


@dataclass(frozen=True)
class Built:
    """What one build took: events, the processor's seconds, and the most memory in megabytes."""

    events: int
    seconds: float
    megabytes: float


def rows(sizes: Sequence[int] = SIZES) -> Iterator[Goal]:
    """Whether the largest size costs what the line through the two smaller ones says."""
    built = [_measured(Size(events)) for events in sizes]
    draw(built, PICTURE)
    first, second, last = built
    each = (second.seconds - first.seconds) / (second.events - first.events)
    expected = second.seconds + each * (last.events - second.events)
    told = ", ".join(f"{b.events // 10**6}M {b.seconds:.1f} s" for b in built)
    how = f"processor seconds of all features at one date: {told}; the line through the first two"
    yield at_most("cost of the largest through the line", last.seconds / expected, 1.1, how)


def draw(built: Sequence[Built], to: Path) -> None:
    """A plot of seconds and memory by events."""
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    events = [each.events / 1e6 for each in built]
    for axes, name, values in (
        (left, "processor seconds", [each.seconds for each in built]),
        (right, "peak memory, MB", [each.megabytes for each in built]),
    ):
        axes.plot(events, values, marker="o")
        axes.set(xlabel="million events", ylabel=name, ylim=(0, None), xlim=(0, None))
    figure.savefig(to, metadata={"Date": None})
    plt.close(figure)


def build(folder: Path, size: Size) -> Built:
    """All features of everybody at the history's end, in this process."""
    from features.catalogue import CHURN
    from features.columns import columns
    from features.sources import opened

    begun = process_time()
    everyone = [f"C{number:07}" for number in range(size.people)]
    columns(CHURN, opened(str(folder)), size.as_of, everyone)
    memory = peak_bytes() / MEGABYTE
    return Built(size.events, process_time() - begun, memory)


def _measured(size: Size) -> Built:
    with TemporaryDirectory() as made:
        folder = make(Path(made) / "history", size)
        command = [sys.executable, "-m", __spec__.name, str(folder), str(size.events)]
        runs = [
            subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(2)
        ]
    return min((Built(*json.loads(run.stdout)) for run in runs), key=lambda built: built.seconds)


if __name__ == "__main__":
    one = build(Path(sys.argv[1]), Size(int(sys.argv[2])))
    sys.stdout.write(json.dumps([one.events, one.seconds, one.megabytes]))
