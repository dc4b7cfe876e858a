"""False alarms: looks at made-up worlds in which nothing has happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.drift import FEATURE_WARNS, SCORE_WARNS, Shares, psi, reference_of
from serving.monitor.finding import Checked, Severity
from serving.monitor.foreseen import foreseen
from serving.monitor.fresh import LEAST_LIMIT, longest_silence
from serving.monitor.moved import Moved, drift, moved_from
from serving.monitor.outcomes import held_against
from serving.monitor.scored import ScoredRun, bands, top_list
from training.forecast import forecast

Columns = Mapping[str, NDArray[Any]]
Z = 1.96


@dataclass(frozen=True)
class Rate:
    """Looks with a warning or worse, of so many; `naive` by the usual bounds alone."""

    check: str
    size: int
    looks: int
    alarms: int
    critical: int
    naive: int | None = None

    def said(self) -> dict[str, Any]:
        """As JSON, with Wilson's 95 % interval of the rate."""
        low, high = wilson(self.alarms, self.looks)
        return vars(self) | {"rate": self.alarms / self.looks, "low": low, "high": high}


def wilson(count: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    share, scale = count / of, 1 + Z * Z / of
    middle = share + Z * Z / (2 * of)
    spread = Z * sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def counted(check: str, size: int, looks: Sequence[Checked], naive: int | None = None) -> Rate:
    """How many of the looks found anything."""
    worst = [max((f.severity.weight for f in each.findings), default=0) for each in looks]
    alarms = sum(weight >= Severity.WARNING.weight for weight in worst)
    grave = sum(weight >= Severity.CRITICAL.weight for weight in worst)
    return Rate(check, size, len(looks), alarms, grave, naive)


def drifting(
    columns: Columns, chance: NDArray[Any], worded: Sequence[str], size: int, looks: int
) -> list[Rate]:
    """Features and the score of customers drawn from those of the reference."""
    random = np.random.default_rng(size)
    features, scores, naive = [], [], [0, 0]
    for _ in range(looks):
        first, second = (random.integers(0, len(chance), size) for _ in range(2))
        was = {name: values[first] for name, values in columns.items()}
        now = {name: values[second] for name, values in columns.items()}
        made = reference_of(was, worded, list(columns), chance[first])
        moved = moved_from(made, now, chance[second], 1)
        features.append(drift(moved[1:], {}, frozenset()))
        scores.append(drift(moved[:1], {}, frozenset()))
        naive[0] += any(_naive(each) >= FEATURE_WARNS for each in moved[1:])
        naive[1] += _naive(moved[0]) >= SCORE_WARNS
    return [
        counted("drift of any feature", size, features, naive[0]),
        counted("drift of the score", size, scores, naive[1]),
    ]


def forecasts(chance: NDArray[Any], size: int, looks: int) -> Rate:
    """Forecasts of customers drawn as those of the test were, and as many."""
    random = np.random.default_rng(size)
    told = []
    for _ in range(looks):
        first, second = (random.integers(0, len(chance), size) for _ in range(2))
        told.append(foreseen(chance[second], forecast(chance[first])))
    return counted("forecast", size, told)


def _naive(moved: Moved) -> float:
    was: Shares = moved.was
    return psi(was.shares, moved.now.shares)


def outcomes(rows: pd.DataFrame, size: int, looks: int) -> Rate:
    """Three months in which customers leave exactly as likely as was said."""
    random = np.random.default_rng(size)
    told = []
    for _ in range(looks):
        drawn = rows.iloc[random.integers(0, len(rows), 3 * size)]
        drawn = drawn.assign(
            as_of=np.repeat([date(2026, month, 1) for month in (6, 7, 8)], size),
            left=(random.random(len(drawn)) < drawn["expected"]).astype(int),
        )
        told.append(held_against(drawn, "in the simulation"))
    return counted("outcomes", size, told)


def resampled(
    pairs: Sequence[tuple[ScoredRun, ScoredRun]], size: int, looks: int, top: int
) -> list[Rate]:
    """Bands and the list of customers drawn from pairs of clean runs four weeks apart."""
    random = np.random.default_rng(size)
    banded, listed = [], []
    for place in range(looks):
        before, now = pairs[place % len(pairs)]
        both = sorted(before.ranks.keys() & now.ranks.keys())
        drawn = set(random.choice(both, size=min(size, len(both)), replace=False).tolist())
        first, second = (_only(run, drawn) for run in (before, now))
        banded.append(bands(second, first))
        listed.append(top_list(second, first, min(top, size // 10)))
    return [counted("bands", size, banded), counted("top of the list", size, listed)]


def _only(run: ScoredRun, drawn: set[str]) -> ScoredRun:
    ranks = {name: rank for name, rank in run.ranks.items() if name in drawn}
    held = {name: band for name, band in run.bands.items() if name in drawn}
    return ScoredRun(run.as_of, run.model_version, held, ranks)


def silences(share: float, nights: int) -> dict[str, Any]:
    """Nights on which a table that gets rows on a `share` of days, at random, is called stale."""
    random = np.random.default_rng(int(100 * share))
    days = np.flatnonzero(random.random(nights + 400) < share)
    stale, told = 0, 0
    for night in range(400, nights + 400):
        recent = days[(days < night) & (days >= night - 400)]
        ago = (night - recent[::-1]).tolist()
        silence = longest_silence(ago)
        if silence is not None:
            told += 1
            stale += ago[0] > max(LEAST_LIMIT, 2 * silence + 1)
    low, high = wilson(stale, max(told, 1))
    rate = stale / max(told, 1)
    given = {"check": "freshness", "days_with_rows": share, "nights": told, "alarms": stale}
    return given | {"rate": rate, "low": low, "high": high}
