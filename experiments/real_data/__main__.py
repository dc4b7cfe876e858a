"""Run the pipeline on a published data set: `python -m experiments.real_data NAME --data DIR`."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments.real_data import fightchurn_socialnet7, oulad_usage, ravenstack
from experiments.real_data.case import Case, ran, said

CASES: dict[str, Callable[[Path], Case]] = {
    "oulad_usage": oulad_usage.case,
    "fightchurn_socialnet7": fightchurn_socialnet7.case,
    "ravenstack": ravenstack.case,
}


def main(arguments: list[str] | None = None) -> None:
    """Train, judge and gate one data set; plain words, or one JSON object with --json."""
    parser = argparse.ArgumentParser(prog="python -m experiments.real_data", description=__doc__)
    parser.add_argument("name", choices=sorted(CASES))
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the sets")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of words")
    parser.add_argument("--to", type=Path, help="a folder to keep the figures in, as NAME.json")
    asked = parser.parse_args(arguments)
    case = CASES[asked.name](asked.data)
    figures = said(ran(case))
    if asked.to:
        (asked.to / f"{asked.name}.json").write_text(json.dumps(figures, indent=2) + "\n")
    text = json.dumps(figures, indent=2) if asked.json else worded(asked.name, case, figures)
    sys.stdout.write(text + "\n")


def worded(name: str, case: Case, found: dict[str, Any]) -> str:
    """The figures beside the published ones."""
    low, high = found["auc_interval"]
    single, logistic = found["best_single_feature"], found["logistic"]
    lines = [
        f"{name}: {found['rows']['train']} snapshots to train on "
        f"({found['churned_to_train_on']} churned), {found['rows']['test']} to test on "
        f"({found['positives']} churned), {case.label.horizon_days} days ahead",
        f"  AUC        {found['auc']:.3f} (90 % interval {low:.3f} to {high:.3f})",
        f"  log-loss   {found['log_loss']:.4f} (base rate {found['base_log_loss']:.4f})",
        f"  lift       {found['lift_top_decile']:.2f} in the top decile",
        f"  one feature alone: {single['name']}, AUC {single['auc']:.3f}",
        f"  logistic:  AUC {logistic['auc']:.3f}, log-loss {logistic['log_loss']:.4f}",
        f"  gate:      {found['decision']} (grade {found['grade']})",
        *(f"    - {reason}" for reason in found["reasons"]),
        "  set aside: " + (json.dumps(found["set_aside"]) if found["set_aside"] else "nothing"),
        "  published figures for this set:",
        *(f"    {who}: {what}" for who, what in case.published.items()),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
