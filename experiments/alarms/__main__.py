"""How often the monitor's alarms are false, and whether each sounds on its fault.

`CHURN_HOME=... python -m experiments.alarms [--looks N] [--to FOLDER]`, over a home that `churn
demo` made and scored on several dates (`churn score --earlier 8`). Writes figures.json.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.alarms import clean, missing
from experiments.alarms.faults import (
    drifting,
    emptied,
    jumped,
    midnight,
    seen,
    shifted,
    shuffled,
    times,
    without,
)
from features.settings import read_settings
from serving.board import scoring_runs
from serving.bundle import bundle_at
from serving.monitor.columns import nulls
from serving.monitor.finding import Checked, Severity
from serving.monitor.fresh import freshness
from serving.monitor.look import Usual, _active, drifted, usual_at
from serving.monitor.outcomes import Window, followed, held_against, matured, windows
from serving.monitor.scored import ScoredRun, run_at
from serving.opening import history_of, scorer_of
from serving.scorer import Scorer
from training.labels import Label, label_of

SIZES = (100, 1_000)
SHARES = (0.9, 0.5, 0.2, 0.1)
WEEKS = 5
PARTS = ("bootstraps", "forecasts", "missing", "silences", "weeks", "faults")


def main() -> None:
    """Measure, write figures.json, and say it as a table."""
    parser = argparse.ArgumentParser(prog="python -m experiments.alarms", description=__doc__)
    parser.add_argument("--looks", type=int, default=200)
    parser.add_argument("--to", type=Path, default=Path(__file__).parent)
    parser.add_argument("--only", choices=PARTS, help="measure one part, keep the others' figures")
    asked = parser.parse_args()
    settings = read_settings()
    history, place = history_of(settings), bundle_at(settings.bundle)
    scorer = scorer_of(settings, history, lambda: datetime.now(UTC), place)
    runs = [run_at(run.folder, run.as_of) for run in scoring_runs(settings.scores)]
    label, last = label_of(settings), runs[-1].as_of
    folders = [(run.as_of, run.folder) for run in scoring_runs(settings.scores)]
    ready = matured(windows(folders, label), label, last)
    usual, top = usual_at(place), settings.capacity
    measured: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
        "bootstraps": lambda: _bootstraps(scorer, runs, ready, label, top, asked.looks),
        "forecasts": lambda: _forecasts(scorer, last, asked.looks),
        "missing": lambda: (
            rate.said() for rate in missing.rates(history, last, SIZES, asked.looks)
        ),
        "silences": lambda: (clean.silences(share, 2_000) for share in SHARES),
        "weeks": lambda: _weeks(scorer, usual, last),
        "faults": lambda: _faults(scorer, usual, runs[-1], ready, label),
    }
    file = asked.to / "figures.json"
    said = json.loads(file.read_text()) if asked.only and file.is_file() else {}
    said |= {part: list(measured[part]()) for part in PARTS if asked.only in (None, part)}
    said["customers"] = len(runs[-1].bands)
    file.write_text(json.dumps(said, indent=1, default=str) + "\n")
    sys.stdout.write("\n".join(_told(said)) + "\n")


def _bootstraps(
    scorer: Scorer,
    runs: list[ScoredRun],
    ready: list[Window],
    label: Label,
    top: int,
    looks: int,
) -> Iterator[dict[str, Any]]:
    """Worlds drawn from the company's own customers, in which nothing has moved."""
    cases, model = _active(scorer, runs[-1].as_of), scorer.model
    chance = model.probability(cases.columns)
    columns = {name: cases.columns[name] for name in model.features.names}
    became = pd.concat([followed(window, scorer.history, label) for window in ready])
    pairs = list(pairwise(runs))
    for size in SIZES:
        rates = clean.drifting(columns, chance, model.features.categorical, size, looks)
        rates += clean.resampled(pairs, size, looks, top)
        rates.append(clean.outcomes(became, size, looks))
        yield from (rate.said() for rate in rates)


def _forecasts(scorer: Scorer, last: date, looks: int) -> Iterator[dict[str, Any]]:
    chance = scorer.model.probability(_active(scorer, last).columns)
    yield from (clean.forecasts(chance, size, looks).said() for size in SIZES)


def _weeks(scorer: Scorer, usual: Usual, last: date) -> Iterator[dict[str, Any]]:
    """The company itself, week by week: what was found though nothing was planted."""
    for back in range(WEEKS):
        day = last - timedelta(days=9 * back)  # each on another weekday
        cases = _active(scorer, day)
        moved = drifted(scorer.model, usual, cases.columns, scorer.model.probability(cases.columns))
        told = (moved, freshness(scorer.history, day, {}), nulls(scorer.history, day))
        found = [f for each in told for f in each.findings if f.severity is not Severity.INFO]
        yield {"day": str(day), "found": [each.what for each in found]}


def _faults(
    scorer: Scorer, usual: Usual, run: ScoredRun, ready: list[Window], label: Label
) -> Iterator[dict[str, Any]]:
    """Each fault with what is found of it, and of the same without the fault."""
    history, day = scorer.history, run.as_of
    cut = midnight(day, 14)
    stopped = without(history, "usage", cut)
    empty = emptied(history, "tickets", "priority", "opened_at", midnight(day, 28))
    uncounted = emptied(history, "usage", "quantity", "at", midnight(day, 28))
    cents = scorer.beside(times(history, "subscriptions", "mrr", 100.0))
    whole = drifting(scorer, usual, day)
    rows = pd.concat([followed(window, history, label) for window in ready])
    planted: list[tuple[str, str, Callable[[], Checked], Callable[[], Checked]]] = [
        ("usage stopped 14 days ago", "usage", lambda: freshness(stopped, day, {}),
         lambda: freshness(history, day, {})),
        ("tickets.priority null for 28 days", "tickets.priority", lambda: nulls(empty, day),
         lambda: nulls(history, day)),
        ("usage.quantity null for 28 days", "usage.quantity", lambda: nulls(uncounted, day),
         lambda: nulls(history, day)),
        ("MRR in cents", "mrr", lambda: drifting(cents, usual, day),
         lambda: whole),
        ("active_days_28d a standard deviation more", "active_days_28d",
         lambda: shifted(scorer, usual, day, "active_days_28d"),
         lambda: whole),
        ("scores .5 more in log-odds", "score", lambda: drifting(scorer, usual, day, 0.5),
         lambda: whole),
        ("three customers in ten a band higher", "bands", lambda: jumped(run),
         Checked),
        ("ranks dealt out anew", "top list", lambda: shuffled(run, 50), Checked),
        ("half as many again leave", "all customers", lambda: _leaving(rows, 1.5),
         lambda: _leaving(rows, 1.0)),
    ]  # fmt: skip
    for fault, subject, broken, sound in planted:
        yield {"fault": fault, "found": seen(broken(), subject), "without": seen(sound(), subject)}
        sys.stderr.write(f"{fault}\n")


def _leaving(rows: pd.DataFrame, times_as_many: float) -> Checked:
    """Outcomes in which customers leave so many times as likely as was said."""
    drawn = np.random.default_rng(2).random(len(rows))
    return held_against(
        rows.assign(left=(drawn < rows["expected"] * times_as_many).astype(int)), "planted"
    )


def _told(said: dict[str, Any]) -> Iterator[str]:
    yield "| check | customers | looks | false alarms | rate (95 %) | by usual bounds alone |"
    yield "|---|---|---|---|---|---|"
    for row in (row for part in PARTS[:3] for row in said.get(part, ())):
        rate = f"{row['rate']:.1%} ({row['low']:.1%} to {row['high']:.1%})"
        naive = "" if row["naive"] is None else f"{row['naive'] / row['looks']:.1%}"
        counts = f"{row['size']} | {row['looks']} | {row['alarms']} ({row['critical']} critical)"
        yield f"| {row['check']} | {counts} | {rate} | {naive} |"
    for row in said.get("silences", ()):
        yield f"freshness, rows on {row['days_with_rows']:.0%} of days: {row['rate']:.2%} of nights"
    for row in said.get("weeks", ()):
        yield f"{row['day']}: {'; '.join(row['found']) or 'nothing'}"
    for row in said.get("faults", ()):
        found = row["found"]["severity"] if row["found"] else "MISSED"
        yield f"{row['fault']}: {found}; without it: {row['without'] or 'nothing'}"


if __name__ == "__main__":
    main()
