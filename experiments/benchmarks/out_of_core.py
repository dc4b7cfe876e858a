"""Train on more snapshots than memory holds: `python -m experiments.benchmarks.out_of_core`.

As many as are asked for are made up on disk, date by date, and trained on from there: binned once,
cross-fitted, fitted, calibrated, and held beside the baselines. Tells the seconds and the most
memory. Of --compare snapshots the model is made from memory too, and has to be the same.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, process_time

import numpy as np
import pandas as pd

from experiments.benchmarks.memory import peak_bytes
from experiments.benchmarks.training import CATEGORICAL, vectors
from features.catalogue import CHURN
from training.below import Minimum
from training.labels import ChurnLabel
from training.snapshots import Room, Snapshots, Split, month_starts
from training.stored import Stored, drawn, hashes_of, put
from training.train import Plan, Trained, fit

LABEL = ChurnLabel(horizon_days=90, gap_days=30)
DATES = tuple(month_starts(date(2024, 1, 1), date(2026, 2, 1)))
WINDOWS = Split(DATES[:18], DATES[-3:], DATES[18:-3])
NOW = date(2026, 7, 1)


def on_disk(snapshots: int, room: Room) -> Snapshots:
    """Made-up snapshots in the room's folder, of the same customers on every date."""
    share, files, some, hashes = room.rows / snapshots, {}, [], []
    for day, as_of in enumerate(WINDOWS.dates):
        rows = made_up(snapshots // len(WINDOWS.dates), as_of, day)
        if room.folder is not None:
            files[as_of] = put(room.folder, as_of, rows)
        some.append(rows[drawn(rows, share)])
        hashes.append(hashes_of(some[-1]))
    stored = Stored(files) if files else None
    return Snapshots(pd.concat(some), stored=stored, hashes=np.concatenate(hashes))


def made_up(customers: int, as_of: date, seed: int) -> pd.DataFrame:
    """The snapshots of one date, with outcomes as training has them."""
    draw = np.random.default_rng(seed)
    matrix, churned = vectors(draw, customers)
    rows = pd.DataFrame(matrix, columns=CHURN.names)
    for place in CATEGORICAL:
        words = np.array([f"word {i}" for i in range(10)])
        rows[CHURN.names[place]] = pd.Series(words[matrix[:, place].astype(int)], dtype="str")
    left = churned == 1
    month = np.where(left, draw.integers(1, 4, customers), 0).astype("int8")
    at = pd.Series(pd.Timestamp(as_of) + pd.to_timedelta(30 * month - 15, unit="D")).where(left)
    rows = rows.assign(churned=left.astype("int8"), churned_at=at, month=month)
    rows["cause"] = pd.Series("voluntary", rows.index, dtype="str").where(left)
    rows = rows.assign(arm="not treated", treated=False)
    names = [f"c{number:08d}" for number in range(customers)]
    index = pd.MultiIndex.from_product([names, [as_of]], names=["customer_id", "as_of"])
    return rows.set_index(index)


def trained(rows: Snapshots, plan: Plan) -> Trained:
    """Train, saying what is done and how much memory it has taken so far."""
    begun = monotonic()

    def step(what: str) -> None:
        told = f"{monotonic() - begun:7.0f} s  {peak_bytes() / 1e6:7.0f} MB so far  {what}\n"
        sys.stdout.write(told)
        sys.stdout.flush()

    made = fit(CHURN, LABEL, rows, WINDOWS, plan, step)
    step("trained")
    return made


def same(plan: Plan, snapshots: int) -> bool:
    """Whether disk and memory give the same boosters and calibrations."""
    with TemporaryDirectory() as folder:
        disk = trained(on_disk(snapshots, Room(snapshots // 10, Path(folder))), plan).model
        memory = trained(on_disk(snapshots, Room(snapshots)), plan).model
        pairs = zip(disk.boosters, memory.boosters, strict=True)
        alike = all(one.model_to_string() == other.model_to_string() for one, other in pairs)
        return alike and disk.components == memory.components


def main(arguments: Sequence[str] | None = None) -> None:
    """Make them up, train, and say what it took."""
    parser = argparse.ArgumentParser(prog="experiments.benchmarks.out_of_core", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="snapshots in all")
    parser.add_argument("--room", type=int, default=200_000, help="that may lie in memory")
    parser.add_argument("--trees", type=int, default=20, help="of each booster")
    parser.add_argument("--seeds", type=int, default=1, help="boosters to average")
    parser.add_argument("--threads", type=int, default=1, help="boosters fitted at a time")
    parser.add_argument("--compare", type=int, default=50_000, help="snapshots for both ways")
    asked = parser.parse_args(arguments)
    seeds = tuple(range(1, asked.seeds + 1))
    few = Minimum(0, 0)
    plan = Plan(NOW, seeds, seeds[:2], asked.trees, threads=asked.threads, least=few)
    with TemporaryDirectory() as folder:
        rows = on_disk(asked.rows, Room(asked.room, Path(folder)))
        sys.stdout.write(f"{asked.rows:,} snapshots of {len(CHURN.names)} features on disk\n")
        begun, used = monotonic(), process_time()
        trained(rows, replace(plan, room=Room(asked.room, Path(folder))))
        sys.stdout.write(
            f"{monotonic() - begun:.0f} s by the clock, {process_time() - used:.0f} of the "
            f"processor; at most {peak_bytes() / 1e6:.0f} MB resident\n"
        )
    if asked.compare:
        alike = "the same" if same(plan, asked.compare) else "ANOTHER"
        sys.stdout.write(f"{asked.compare:,} from disk and from memory: {alike} model\n")


if __name__ == "__main__":
    main()
