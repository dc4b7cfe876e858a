"""How cost grows with the history: all features of one date for 10, 50 and 100 million events.

`python -m experiments.benchmarks growth`. Each build is a process of its own, the sizes in turn,
several rounds of them; medians of the processors' seconds count, so that other work on the
machine matters little. What is proportional is told apart from the constant by the two smaller
sizes, and the largest is held against that line. The histories are made once (build/histories, some
2 GB until `make clean`), and what was measured with the same code is kept, so that a run that was
ended goes on where it was.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import process_time

from experiments.benchmarks.goals import Goal, at_most
from experiments.benchmarks.histories import Size, kept
from experiments.benchmarks.memory import peak_bytes

SIZES = (10_000_000, 50_000_000, 100_000_000)
ROUNDS = 3
MEGABYTE = 1024**2
AT_MOST_MB = {50_000_000: 600}
HERE = Path(__file__)
PICTURE = HERE.with_name("growth.svg")
SO_FAR = Path("build/growth.jsonl")


@dataclass(frozen=True)
class Built:
    """What one build took: events, the processors' seconds, and the most memory in megabytes."""

    events: int
    seconds: float
    megabytes: float


def rows(sizes: Sequence[int] = SIZES, rounds: int = ROUNDS) -> Iterator[Goal]:
    """Whether the largest size costs what the line through the two smaller ones says; memory."""
    built = [_median(runs) for runs in _measured(sizes, rounds)]
    draw(built, PICTURE)
    first, second, last = built
    each = (second.seconds - first.seconds) / (second.events - first.events)
    expected = second.seconds + each * (last.events - second.events)
    told = ", ".join(f"{b.events // 10**6}M {b.seconds:.1f} s" for b in built)
    how = f"processor seconds of all features at one date, medians of {rounds} rounds in turn: "
    begins = first.seconds - each * first.events
    how += f"{told}; the line through the first two begins at {begins:.1f} s"
    yield at_most("cost of the largest through the line", last.seconds / expected, 1.1, how)
    for one in built:
        if bound := AT_MOST_MB.get(one.events):
            goal = f"all features at one date of {one.events:,} events: peak memory in MB"
            yield at_most(goal, one.megabytes, bound, f"resident at most, median of {rounds}")
    SO_FAR.unlink()


def draw(built: Sequence[Built], to: Path) -> None:
    """A plot of the processors' seconds and of memory by events, the same for the same figures."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = to.name
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


def _measured(sizes: Sequence[int], rounds: int) -> list[list[Built]]:
    """Every size's builds; those of a run that was ended are taken over, if by the same code."""
    found = {size: [one for one in _so_far() if one.events == size] for size in sizes}
    for number in range(rounds):
        for events, runs in found.items():
            if len(runs) <= number:
                _say(f"round {number + 1} of {rounds}: {events:,} events")
                runs.append(_in_a_process(Size(events)))
                _keep(runs[-1])
    return list(found.values())


def _in_a_process(size: Size) -> Built:
    command = [sys.executable, "-m", __spec__.name, str(kept(size)), str(size.events)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Built(*json.loads(told.stdout))


def _median(runs: Sequence[Built]) -> Built:
    seconds, megabytes = ([getattr(one, name) for one in runs] for name in ("seconds", "megabytes"))
    return Built(runs[0].events, median(seconds), median(megabytes))


def _so_far() -> list[Built]:
    if not SO_FAR.exists():
        return []
    lines = [json.loads(line) for line in SO_FAR.read_text().splitlines()]
    return [Built(**line["built"]) for line in lines if line["code"] == _code()]


def _keep(one: Built) -> None:
    with SO_FAR.open("a") as lines:
        lines.write(json.dumps({"code": _code(), "built": asdict(one)}) + "\n")


def _code() -> str:
    """A digest of the code that is measured."""
    files = sorted((HERE.parents[2] / "features").rglob("*.py"))
    return sha256(b"".join(file.read_bytes() for file in (*files, HERE))).hexdigest()[:16]


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    one = build(Path(sys.argv[1]), Size(int(sys.argv[2])))
    sys.stdout.write(json.dumps([one.events, one.seconds, one.megabytes]))
