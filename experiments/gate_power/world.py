"""Customers whose true risk is known, and models that see it through noise."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from training.calibrate import fit_line, sigmoid
from training.judged import Judged
from training.metrics import Floats, auc

BASE, SPREAD = -3.2, 1.15  # log-odds: some 6 % churn in a quarter
DATES = np.array(["2026-01-01", "2026-02-01", "2026-03-01"], dtype="datetime64[us]")
CHAMPION_NOISE = 0.9
ANOTHER, AGAIN = 0.25, 0.03  # of a model's noise: its own, where it is made otherwise, or retrained
TOO_SURE = 1.25  # a champion whose calibration slope is .8, the least that the gate lets pass
MONTHS = 3  # to a horizon
SIZES = (1_000, 3_000)


@dataclass(frozen=True)
class World:
    """How many customers, and what is true of the challenger.

    `gain` is its true AUC above the champion's, `own` the share of its noise that is not the
    champion's too, `stretch` what the champion's log-odds are too large by.
    """

    customers: int
    gain: float
    own: float = ANOTHER
    stretch: float = 1.0

    @property
    def words(self) -> str:
        """A column's head."""
        kind = "retrained" if self.own == AGAIN else "redesigned"
        sure = ", champion too sure" if self.stretch > 1 else ""
        return f"{self.customers:,}, {kind}, {self.gain:+.2f}{sure}"


def worlds() -> list[World]:
    """The same recipe again, another one, and another one against a champion that is too sure."""
    kinds = [(0.0, AGAIN, 1.0), (-0.02, AGAIN, 1.0), (0.0, ANOTHER, 1.0), (-0.02, ANOTHER, 1.0)]
    kinds += [(0.02, ANOTHER, 1.0), (0.02, ANOTHER, TOO_SURE)]
    return [World(size, *kind) for size in SIZES for kind in kinds]


@dataclass(frozen=True)
class Rows:
    """Snapshots: whose, of when, and whether they churned."""

    customer: NDArray[np.int64]
    as_of: NDArray[np.datetime64]
    churned: NDArray[np.int64]


@dataclass(frozen=True)
class Make:
    """How a model is made: its noise, its own share of that, and by how much it overstates."""

    noise: float
    own: float
    stretch: float = 1.0


def pair(world: World, seed: int) -> tuple[Judged, Judged]:
    """Champion and challenger on the same customers, each calibrated as if on its training."""
    draw = np.random.default_rng([seed, world.customers])
    truth = BASE + SPREAD * draw.normal(size=world.customers)
    rows = followed(truth, draw)
    shared = draw.normal(size=world.customers)
    makes = (Make(CHAMPION_NOISE, world.own, world.stretch), Make(noise_of(world.gain), world.own))
    champion, challenger = (scored(truth, rows, shared, make, draw) for make in makes)
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
    truth: Floats, rows: Rows, shared: Floats, make: Make, draw: np.random.Generator
) -> Judged:
    """A model that sees the truth through noise: most of it common to all models of the data."""
    blur = np.sqrt(1 - make.own) * shared + np.sqrt(make.own) * draw.normal(size=len(truth))
    slope, intercept = line(make.noise)
    logit = slope * (truth + make.noise * SPREAD * blur) + intercept
    logit = (BASE + make.stretch * (logit - BASE))[rows.customer]
    return Judged(
        customer=rows.customer,
        as_of=rows.as_of,
        churned=rows.churned,
        margin=logit,
        probability=sigmoid(logit),
        mrr=np.ones(len(logit)),
    )


@cache
def line(noise: float) -> tuple[float, float]:
    """Platt's line of a model of so much noise, from very many customers."""
    draw = np.random.default_rng(2)
    truth = BASE + SPREAD * draw.normal(size=200_000)
    said = truth + noise * SPREAD * draw.normal(size=len(truth))
    return fit_line(said, sigmoid(truth))


@cache
def noise_of(gain: float) -> float:
    """The noise at which a challenger's true AUC differs from the champion's by so much."""
    if gain == 0.0:
        return CHAMPION_NOISE
    wanted = true_auc(CHAMPION_NOISE) + gain
    low, high = 0.0, 3 * CHAMPION_NOISE
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (middle, high) if true_auc(middle) > wanted else (low, middle)
    return low


def true_auc(noise: float, rows: int = 400_000) -> float:
    """AUC of a model of so much noise, from more customers than any business has."""
    draw = np.random.default_rng(1)
    truth = BASE + SPREAD * draw.normal(size=rows)
    churned = draw.random(rows) < sigmoid(truth)
    return auc(churned.astype(float), truth + noise * SPREAD * draw.normal(size=rows))
