"""How often the gate promotes by chance, and how often it sees a better model.

Run `python -m experiments.gate_power`: customers whose true risk is known are scored by a champion
and by challengers that are as good, truly better or truly worse, and each pair is compared as the
gate does. Answers are shares of simulations with their 90 % interval (Wilson 1927).
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from experiments.gate_power.world import World, pair, worlds
from training.bootstrap import Interval, interval, resample
from training.calibrate import sigmoid
from training.gate import Comparison
from training.judged import Judged
from training.metrics import Floats, Ranking, auc_of, inside, lift_of, log_losses, tenth

NAIVE = 0.002
TAIL = 1.645  # standard errors on either side that leave 90 % between them
FIGURES = Path(__file__).with_name("figures.json")


@dataclass(frozen=True)
class Scores:
    """What a model says of each customer, with the customer's rows and those of them that churned.

    All rows of a customer have one score, so that sums by customer hold all there is to compare.
    """

    margin: Floats
    rows: Floats
    lost: Floats

    @cached_property
    def ranking(self) -> Ranking:
        """The customers from the highest score down."""
        return Ranking.of(self.margin)

    @cached_property
    def losses(self) -> Floats:
        """The sum of the log-losses of each customer's rows."""
        chance = sigmoid(self.margin)
        left, stayed = (log_losses(np.full(len(chance), lost), chance) for lost in (1, 0))
        return self.lost * left + (self.rows - self.lost) * stayed


def main(arguments: list[str] | None = None) -> None:
    """Simulate every world, print a table and write the figures beside this module."""
    parser = argparse.ArgumentParser(prog="python -m experiments.gate_power", description=__doc__)
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--resamples", type=int, default=250)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--to", type=Path, default=FIGURES, help="the file for the figures")
    asked = parser.parse_args(arguments)
    size = (asked.simulations, asked.resamples, asked.processes)
    told = {world.words: {**asdict(world), **answered(world, *size)} for world in worlds()}
    said = {"simulations": asked.simulations, "resamples": asked.resamples, "worlds": told}
    asked.to.write_text(json.dumps(said, indent=2) + "\n")
    sys.stdout.write(table(told) + "\n")


def answered(world: World, simulations: int, resamples: int, processes: int) -> dict[str, object]:
    """The share of simulations in which each claim was made."""
    one = partial(simulated, world, resamples=resamples)
    with ProcessPoolExecutor(processes) as pool:
        told = list(pool.map(one, range(simulations), chunksize=8))
    return {claim: share([each[claim] for each in told]) for claim in told[0]}


def share(found: Sequence[bool]) -> dict[str, float]:
    """A share with its 90 % interval by Wilson (1927)."""
    size, point = len(found), float(np.mean(found))
    centre = point + TAIL**2 / (2 * size)
    reach = TAIL * np.sqrt(point * (1 - point) / size + (TAIL / (2 * size)) ** 2)
    low, high = ((centre + side * reach) / (1 + TAIL**2 / size) for side in (-1, 1))
    return {"share": round(point, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def simulated(world: World, seed: int, resamples: int) -> dict[str, bool]:
    """One test of one pair: which claims the challenger earns."""
    found, lift = compared(*pair(world, seed), resamples, seed)
    not_worse = found.auc_gain.low > -0.01 and found.log_loss_gain.low > -0.01
    return {
        "point gain of AUC above .002": found.auc_gain.point > NAIVE,
        "not worse (scheduled retrain)": not_worse,
        "better by log-loss, P >= .95": found.chance_better >= 0.95,
        "better by AUC, lower bound > 0": found.auc_gain.low > 0,
        "better by lift, lower bound > 0": lift.low > 0,
        "redesign passes (not worse and better)": not_worse and found.chance_better >= 0.95,
    }


def compared(
    champion: Judged, challenger: Judged, resamples: int, seed: int
) -> tuple[Comparison, Interval]:
    """What the gate finds of a pair, on the same resamples, and the gain of top-decile lift.

    The gate's own comparison reads rows; here a customer's rows are one, at a fifth of the time.
    """
    theirs, ours = (by_customer(each) for each in (champion, challenger))

    def gains(weight: Floats) -> dict[str, Floats]:
        (auc, loss, lift), (their_auc, their_loss, their_lift) = (
            figures(each, weight) for each in (ours, theirs)
        )
        return {"auc": auc - their_auc, "loss": 1 - loss / their_loss, "lift": lift - their_lift}

    points = gains(np.ones((1, len(ours.rows))))
    draws = resample(gains, np.arange(len(ours.rows)), resamples, seed)
    found = {name: interval(float(points[name][0]), draws[name]) for name in draws}
    better = float(np.mean(draws["loss"] > 0))
    return Comparison(found["auc"], found["loss"], better), found["lift"]


def by_customer(rows: Judged) -> Scores:
    """Sums of a customer's rows; everybody is there on the first date."""
    first = np.unique(rows.customer, return_index=True)[1]
    lost = np.asarray(np.bincount(rows.customer, rows.lost), float)
    return Scores(np.asarray(rows.margin[first]), np.bincount(rows.customer).astype(float), lost)


def figures(scores: Scores, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """AUC, mean log-loss and top-decile lift of each resample (resamples, customers)."""
    ordered = scores.ranking.ordered(weight)
    size, lost = (ordered * scores.ranking.ordered(x) for x in (scores.rows, scores.lost))
    lift = lift_of(lost, size, inside(size, tenth(size)))
    return auc_of(lost, size - lost), weight @ scores.losses / (weight @ scores.rows), lift


def table(told: Mapping[str, Mapping[str, object]]) -> str:
    """The shares as lines of a markdown table, a world in each."""
    claims = [name for name, value in next(iter(told.values())).items() if isinstance(value, dict)]
    lines = ["| customers, challenger, true AUC gain | " + " | ".join(claims) + " |"]
    lines.append("|---" * (len(claims) + 1) + "|")
    for words, world in told.items():
        cells = [world[claim] for claim in claims]
        shown = [f"{c['share']:.3f} ({c['low']:.3f}-{c['high']:.3f})" for c in cells]  # type: ignore[index]
        lines.append(f"| {words} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
