"""Plant every fault in a small demo: `python -m experiments.planted [--customers N] [--to DIR]`."""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from experiments.planted.faults import FAULTS, Sound
from features.catalogue import CHURN
from features.demo import simulate, write
from features.sources import opened
from features.usable import usable
from training.guards import guarded
from training.labels import ChurnLabel
from training.replay import sampled
from training.train import Plan, train

PLAN = Plan(now=date(2026, 11, 1), seeds=(1,), cross_seeds=(1,), trees=60, train_dates=6)


def main(arguments: list[str] | None = None) -> None:
    """Train once without a fault, show that no guard fires, then plant each."""
    parser = argparse.ArgumentParser(prog="python -m experiments.planted", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000)
    parser.add_argument("--to", type=Path, help="a folder for figures.json")
    asked = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        write(simulate(customers=asked.customers), Path(folder) / "history")
        history, _ = usable(opened(str(Path(folder) / "history")), "keep")
        label = ChurnLabel()
        trained = train(history, CHURN, label, PLAN)
        frames = sampled(history, trained.train.index.get_level_values("customer_id"))
        clean = guarded(history, label, trained, PLAN.now)
        found = [(_words(f.__doc__), f(Sound(trained, label, frames))) for f in FAULTS]
    rows = [{"fault": fault, **asdict(seen)} for fault, seen in found]
    said = {"clean": [asdict(each) for each in clean], "planted": rows}
    if asked.to:
        asked.to.mkdir(parents=True, exist_ok=True)
        (asked.to / "figures.json").write_text(json.dumps(said, indent=2) + "\n")
    fired = [each.sentence for each in clean if each.fired]
    sys.stdout.write(f"without a fault, of {len(clean)} guards fired: {fired or 'none'}\n\n")
    sys.stdout.write(
        "| fault | guard | what it names | number | verdict |\n|---|---|---|---|---|\n"
    )
    for fault, seen in found:
        verdict = "caught" if seen.fired else "MISSED"
        sys.stdout.write(
            f"| {fault} | {seen.name} | {seen.subject} | {seen.figure:.4g} | {verdict} |\n"
        )


def _words(doc: str | None) -> str:
    return " ".join((doc or "").split()).rstrip(".")


if __name__ == "__main__":
    main()
