"""How often the gate promotes by chance, and how often it sees a better model.

Run `python -m experiments.gate_power`: customers whose true risk is known are scored by a champion
and by challengers that are as good or truly better; the gate's own comparison judges each pair.
Answers are shares of simulations with their Monte-Carlo standard errors.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.bootstrap import Interval, interval, resample
from training.calibrate import fit_line, sigmoid
from training.gate import compare
from training.judged import Judged
from training.metrics import Floats, Ranking, auc, inside, lift_of, tenth

BASE, SPREAD = -3.2, 1.15  # log-odds: some 6 % churn in a quarter
DATES = np.array(["2026-01-01", "2026-02-01", "2026-03-01"], dtype="datetime64[us]")
CHAMPION_NOISE = 0.9
OWN = 0.25  # of a model's noise, what another seed or month draws anew
MONTHS = 3  # to a horizon
NAIVE = 0.002


@dataclass(frozen=True)
class World:
    """How many customers, and what is true of the challenger: its noise, and its AUC gain."""

    customers: int
    noise: float
    gain: float


@dataclass(frozen=True)
class Rows:
    """Snapshots: whose, of when, and whether they churned."""

    customer: NDArray[np.int64]
    as_of: NDArray[np.datetime64]
    churned: NDArray[np.int64]


@dataclass(frozen=True)
class Share:
    """A share of simulations and its Monte-Carlo standard error."""

    share: float
    error: float


def main(arguments: list[str] | None = None) -> None:
    """Simulate every world, print a table and write the result beside this module."""
    parser = argparse.ArgumentParser(prog="python -m experiments.gate_power", description=__doc__)
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--resamples", type=int, default=300)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--day", default=date.today().isoformat(), help="names the folder")
    asked = parser.parse_args(arguments)
    worlds = [World(n, *kind) for n in (1_000, 3_000) for kind in (same(), better())]
    told = [
        {**asdict(w), **answered(w, asked.simulations, asked.resamples, asked.processes)}
        for w in worlds
    ]
    folder = Path(__file__).parent / f"{asked.day}-gate-power"
    folder.mkdir(exist_ok=True)
    said = {"simulations": asked.simulations, "resamples": asked.resamples, "worlds": told}
    (folder / "figures.json").write_text(json.dumps(said, indent=2) + "\n")
    sys.stdout.write(table(told) + "\n")


def same() -> tuple[float, float]:
    """A challenger of the champion's own noise: identical but for its seed."""
    return CHAMPION_NOISE, 0.0


def better(gain: float = 0.02) -> tuple[float, float]:
    """The noise at which a challenger's true AUC is above the champion's by so much."""
    bar = true_auc(CHAMPION_NOISE) + gain
    low, high = 0.0, CHAMPION_NOISE
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (middle, high) if true_auc(middle) > bar else (low, middle)
    return low, gain


def true_auc(noise: float, rows: int = 400_000) -> float:
    """AUC of a model of so much noise, from more customers than any business has."""
    draw = np.random.default_rng(1)
    truth = BASE + SPREAD * draw.normal(size=rows)
    churned = draw.random(rows) < sigmoid(truth)
    return auc(churned.astype(float), truth + noise * SPREAD * draw.normal(size=rows))


def answered(world: World, simulations: int, resamples: int, processes: int) -> dict[str, object]:
    """The share of simulations in which each claim was made."""
    one = partial(simulated, world, resamples=resamples)
    with ProcessPoolExecutor(processes) as pool:
        told = list(pool.map(one, range(simulations), chunksize=8))
    return {claim: asdict(share([each[claim] for each in told])) for claim in told[0]}


def share(found: Sequence[bool]) -> Share:
    """A share with its standard error."""
    mean = float(np.mean(found))
    return Share(round(mean, 4), round(float(np.sqrt(mean * (1 - mean) / len(found))), 4))


def simulated(world: World, seed: int, resamples: int) -> dict[str, bool]:
    """One test of one pair: which claims the challenger earns."""
    champion, challenger = pair(world, seed)
    found = compare(challenger, champion, resamples, seed)
    lift = lift_gain(challenger, champion, resamples, seed)
    not_worse = found.auc_gain.low > -0.01 and found.log_loss_gain.low > -0.01
    return {
        "point gain of AUC above .002": found.auc_gain.point > NAIVE,
        "not worse (scheduled retrain)": not_worse,
        "better by log-loss, P >= .95": found.chance_better >= 0.95,
        "better by AUC, lower bound > 0": found.auc_gain.low > 0,
        "better by lift, lower bound > 0": lift.low > 0,
        "redesign passes (not worse and better)": not_worse and found.chance_better >= 0.95,
    }


def pair(world: World, seed: int) -> tuple[Judged, Judged]:
    """Champion and challenger on the same customers, each calibrated as if on its training."""
    draw = np.random.default_rng([seed, world.customers])
    truth = BASE + SPREAD * draw.normal(size=world.customers)
    rows = followed(truth, draw)
    shared = draw.normal(size=world.customers)
    noises = (CHAMPION_NOISE, world.noise)
    champion, challenger = (scored(truth, rows, shared, noise, draw) for noise in noises)
    return champion, challenger


def followed(truth: Floats, draw: np.random.Generator) -> Rows:
    """Three monthly as-of dates, each with a horizon of three months and those still there.

    The chance of leaving within a horizon is the truth's; every month has its third of the hazard.
    """
    monthly = 1 - (1 - sigmoid(truth)) ** (1 / MONTHS)
    leaves = draw.geometric(monthly)  # in the first month, the second, ...
    there = [np.flatnonzero(leaves > date) for date in range(len(DATES))]
    churned = [leaves[who] <= date + MONTHS for date, who in enumerate(there)]
    sizes = [len(who) for who in there]
    return Rows(np.concatenate(there), np.repeat(DATES, sizes), np.concatenate(churned).astype(int))


def scored(
    truth: Floats, rows: Rows, shared: Floats, noise: float, draw: np.random.Generator
) -> Judged:
    """A model that sees the truth through noise: most of it common to all models of the data."""
    blur = np.sqrt(1 - OWN) * shared + np.sqrt(OWN) * draw.normal(size=len(truth))
    slope, intercept = line(noise)
    logit = (slope * (truth + noise * SPREAD * blur) + intercept)[rows.customer]
    return Judged(
        customer=rows.customer,
        as_of=rows.as_of,
        churned=rows.churned,
        margin=logit,
        probability=sigmoid(logit),
        mrr=np.ones(len(logit)),
    )


_LINES: dict[float, tuple[float, float]] = {}


def line(noise: float) -> tuple[float, float]:
    """Platt's line of a model of so much noise, from very many customers."""
    if noise not in _LINES:
        draw = np.random.default_rng(2)
        truth = BASE + SPREAD * draw.normal(size=200_000)
        said = truth + noise * SPREAD * draw.normal(size=len(truth))
        _LINES[noise] = fit_line(said, sigmoid(truth))
    return _LINES[noise]


def lift_gain(challenger: Judged, champion: Judged, resamples: int, seed: int) -> Interval:
    """The paired gain of top-decile lift."""
    rankings = [Ranking.of(each.margin) for each in (challenger, champion)]

    def gains(weight: Floats) -> dict[str, Floats]:
        lifts = []
        for ranking in rankings:
            size, lost = ranking.sums(weight), ranking.sums(weight * challenger.lost)
            lifts.append(lift_of(lost, size, inside(size, tenth(size))))
        return {"lift": lifts[0] - lifts[1]}

    point = float(gains(np.ones((1, len(challenger))))["lift"][0])
    return interval(point, resample(gains, challenger.customer, resamples, seed)["lift"])


def table(told: Sequence[dict[str, object]]) -> str:
    """The shares as lines of a markdown table."""
    claims = [name for name, value in told[0].items() if isinstance(value, dict)]
    heads = [f"{w['customers']:,} customers, {w['gain']:+.2f} AUC" for w in told]
    lines = ["| claim | " + " | ".join(heads) + " |", "|---" * (len(told) + 1) + "|"]
    for claim in claims:
        cells = [w[claim] for w in told]
        shown = [f"{c['share']:.3f} ± {c['error']:.3f}" for c in cells if isinstance(c, dict)]
        lines.append(f"| {claim} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
