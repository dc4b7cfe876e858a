"""How near the champion comes to one who knows the process that made the demo.

Run `python -m experiments.oracle --home DIR` after `churn demo` or `experiments.next_month` has
trained there. The oracle knows each customer's latent state on the day and the hazards by which the
simulator draws, but no future: nobody can rank better for long. Differences are on the same
customers, their 90 % intervals from resamples of customers.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from features.history import History
from features.settings import read_settings
from training import track
from training.bootstrap import Interval, Statistics, measure
from training.calibrate import log_odds
from training.cli import read_history, registry_of
from training.judged import Judged, probability_statistics, ranking_statistics
from training.labels import Label, label_of
from training.metrics import Floats
from training.model import ChurnModel, loaded
from training.reliability import recalibrations
from training.snapshots import snapshots
from training.verdict import judged

LARGEST_GAP = 0.04
WITHIN = (0.8, 1.25)
MOSTLY = 0.99  # of the snapshots are in the truth
FIGURES = Path(__file__).with_suffix(".json")


def main(arguments: list[str] | None = None) -> None:
    """Judge the champion of a home beside the oracle, on the as-of dates it was tested on."""
    parser = argparse.ArgumentParser(prog="python -m experiments.oracle", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="where the demo was made")
    parser.add_argument("--to", type=Path, default=FIGURES, help="the file for the figures")
    asked = parser.parse_args(arguments)
    os.environ["CHURN_CONFIG"] = str(asked.home / "churn.toml")
    settings = read_settings()
    with TemporaryDirectory() as folder:
        model = loaded(track.champion(registry_of(settings), Path(folder)))
    history = read_history(settings, lambda _: None)
    truth = pd.read_parquet(asked.home / "truth" / "truth.parquet")
    found = beside_the_oracle(model, history, label_of(settings), truth)
    asked.to.write_text(json.dumps(found, indent=2) + "\n")
    sys.stdout.write(worded(found) + "\n")


def beside_the_oracle(
    model: ChurnModel, history: History, label: Label, truth: pd.DataFrame
) -> dict[str, Any]:
    """Model and oracle on the model's own test dates."""
    dates = [date.fromisoformat(day) for day in model.about["tested_on"]]
    all_of_them = judged(model, snapshots(history, model.features, label, dates).rows)
    ours, theirs = both_know(all_of_them, truth)
    found = measure(statistics(ours, theirs), ours.customer)
    return {
        "model": model.version,
        "as_of": model.about["tested_on"],
        "rows": len(ours),
        "rows_without_truth": len(all_of_them) - len(ours),
        "churned_customers": ours.churned_customers,
        **{name: asdict(value) for name, value in found.items()},
        "kept": kept(found),
    }


def both_know(rows: Judged, truth: pd.DataFrame) -> tuple[Judged, Judged]:
    """The rows as the model and as the oracle score them, without those that had no future left.

    A few had given notice or had ended, which is recorded late: they are not in the truth. More
    than one in a hundred is a ValueError: the truth is of another company.
    """
    known = truth.assign(as_of=truth["month"].dt.date.astype(str))
    hazard = known.groupby(["customer_id", "as_of"])["hazard_90d"].max()
    asked = pd.MultiIndex.from_arrays([rows.customer, np.array(rows.dates)])
    chance = hazard.reindex(asked).to_numpy()
    there = ~np.isnan(chance)
    if there.mean() < MOSTLY:
        raise ValueError(f"The truth does not know {(~there).sum()} of {len(rows)} snapshots.")
    columns = ("customer", "as_of", "churned", "margin", "probability", "mrr")
    ours = Judged(**{name: getattr(rows, name)[there] for name in columns})
    return ours, replace(ours, margin=log_odds(chance[there]), probability=chance[there])


def statistics(ours: Judged, theirs: Judged) -> Statistics:
    """The figures of both, and by how much the oracle ranks better."""
    parts = {name: _of(rows) for name, rows in (("model", ours), ("oracle", theirs))}

    def both(weight: Floats) -> dict[str, Floats]:
        found = {f"{n}_{k}": column for n, of in parts.items() for k, column in of(weight).items()}
        return found | {"gap": found["oracle_auc"] - found["model_auc"]}

    return both


def _of(rows: Judged) -> Statistics:
    ranks, chances = ranking_statistics(rows), probability_statistics(rows, rows.probability)
    lines = recalibrations(rows.churned, rows.probability)

    def figures(weight: Floats) -> dict[str, Floats]:
        chance = chances(weight)
        return {
            "auc": ranks(weight)["auc"],
            "log_loss": chance["log_loss"],
            "observed_expected": chance["observed_expected"],
            "slope": lines(weight)["slope"],
        }

    return figures


def kept(found: dict[str, Interval]) -> dict[str, bool]:
    """Whether the model is as near, and as true, as it is meant to be."""
    low, high = WITHIN
    return {
        f"gap is at most {LARGEST_GAP}": found["gap"].point <= LARGEST_GAP,
        f"O/E is within {low} to {high}": low <= found["model_observed_expected"].point <= high,
        f"slope is within {low} to {high}": low <= found["model_slope"].point <= high,
    }


def worded(found: dict[str, Any]) -> str:
    """The figures in lines."""
    names = {
        "model_auc": "AUC of the model",
        "oracle_auc": "AUC of the oracle",
        "gap": "oracle - model",
        "model_observed_expected": "observed / expected",
        "model_slope": "calibration slope",
    }
    head = f"{found['model']} on {', '.join(found['as_of'])}: {found['rows']:,} snapshots"
    lines = [f"  {words:<20} {Interval(**found[name])}" for name, words in names.items()]
    verdicts = [f"  {rule}: {'yes' if so else 'NO'}" for rule, so in found["kept"].items()]
    return "\n".join([head, *lines, *verdicts])


if __name__ == "__main__":
    main()
