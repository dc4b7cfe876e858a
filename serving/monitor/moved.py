"""How far features and scores have moved from where the model was judged, and in what way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isnan, log, nan
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.drift import (
    FEATURE_WARNS,
    FLOOR,
    SCORE,
    SCORE_WARNS,
    Reference,
    Shares,
    by_chance,
    psi,
)
from serving.monitor.finding import Check, Checked, Finding, Row, Severity
from serving.monitor.written import index, number, share

FALSE_ALARMS = 0.01  # of a look at all features together, if nothing has moved
FEATURE_CRITICAL, SCORE_CRITICAL = 1.0, 0.25
MUCH = 1.5  # times its bound, at least, of what cannot wait
MOSTLY = 0.5  # of a feature's PSI
UNITS = 10.0  # a median so many times what it was is in another unit


@dataclass(frozen=True)
class Moved:
    """A column beside its reference; `bound` is what its PSI has to pass."""

    name: str
    was: Shares
    now: Shares
    bound: float

    @cached_property
    def psi(self) -> float:
        """The population stability index; an empty bin counts as half a customer.

        With the usual floor of .0001 one empty bin among few customers would look like a fault.
        """
        return psi(self.was.shares, self.now.shares, self.floor)

    @property
    def floor(self) -> float:
        """The share that an empty bin counts as."""
        return max(FLOOR, 0.5 / max(min(self.was.rows, self.now.rows), 1))

    @property
    def known_psi(self) -> float:
        """The index of those who have a value, among themselves; 0 where nobody has one now."""
        known = [np.array(each.shares[:-1]) for each in (self.was, self.now)]
        was, now = (shares / max(shares.sum(), FLOOR) for shares in known)
        return psi(was, now, self.floor) if now.any() else 0.0

    @property
    def missing(self) -> tuple[float, float]:
        """The share without a value, then and now."""
        return self.was.shares[-1], self.now.shares[-1]

    @property
    def parts(self) -> NDArray[np.float64]:
        """What each bin adds to the PSI."""
        pairs = zip(self.was.shares, self.now.shares, strict=True)
        return np.array([psi([a], [b], self.floor) for a, b in pairs])


def chance(was: Shares, rows: int, dates: int, columns: int) -> float:
    """What the PSI of one column among `columns` stays below, unless something has moved.

    A reference of many dates has the same customers on each of them: it counts as one date's rows.
    """
    size = was.rows // max(dates, 1)
    if not rows or not size:
        return inf
    unlikely = NormalDist().inv_cdf(1 - FALSE_ALARMS / columns)
    return by_chance(replace(was, rows=size), rows, unlikely)


def moved_from(
    reference: Reference, columns: Mapping[str, Any], probability: NDArray[np.float64], dates: int
) -> list[Moved]:
    """The score and then every feature; `dates` are the as-of dates of the reference."""
    names = [name for name in reference.features if name in columns]
    score = reference.score.of_same_bins(probability)
    least = chance(reference.score, score.rows, dates, 1)
    told = [Moved(SCORE, reference.score, score, reference.bound(SCORE, max(SCORE_WARNS, least)))]
    for name in names:
        was = reference.features[name]
        now = was.of_same_bins(columns[name])
        least = chance(was, now.rows, dates, len(names))
        told.append(Moved(name, was, now, reference.bound(name, max(FEATURE_WARNS, least))))
    return told


def middle_of(was: Shares) -> float:
    """The edge next above half of those with a value; nan of words, or where nobody has one."""
    known = np.cumsum(was.shares[:-1])
    place = int(np.searchsorted(known, known[-1] / 2))
    return was.edges[min(place, len(was.edges) - 1)] if was.edges else nan


@dataclass(frozen=True)
class Middles:
    """A column's middle value then and now; nan where there is none."""

    before: float
    now: float

    @property
    def times(self) -> float:
        """How many times the one before; 1 where that cannot be said."""
        if isnan(self.before) or isnan(self.now) or not self.before or not self.now:
            return 1.0
        return self.now / self.before


def drift(
    moved: Sequence[Moved], middles: Mapping[str, Middles], unactionable: frozenset[str]
) -> Checked:
    """Every column's PSI, and what is found of those past their bound and past chance.

    `unactionable` are features that tell the circumstances (tenure, plan): they move as a business
    grows, which is worth knowing and no fault.
    """
    findings = [_found(each, middles, unactionable) for each in moved]
    rows = [_row(each) for each in sorted(moved, key=lambda m: (m.name != SCORE, -m.psi))]
    return Checked(tuple(rows), tuple(each for each in findings if each))


def _row(moved: Moved) -> Row:
    before, now = moved.missing
    return {
        "column": moved.name,
        "psi": moved.psi,
        "bound": moved.bound,
        "missing_before": before,
        "missing_now": now,
        "rows": moved.now.rows,
    }


def _found(
    moved: Moved, middles: Mapping[str, Middles], unactionable: frozenset[str]
) -> Finding | None:
    if not moved.now.rows or moved.psi < moved.bound:
        return None
    given = {"psi": index(moved.psi), "bound": index(moved.bound)}
    middle = middles.get(moved.name, Middles(nan, nan))
    if moved.name == SCORE:
        told = given | {"now": share(middle.now), "before": share(middle.before)}
        severity = _severity(moved, SCORE_CRITICAL)
        return Finding(Check.DRIFT, SCORE, severity, "score_moved", told)
    code, told = _reason(moved, middle)
    severity = _severity(moved, FEATURE_CRITICAL)
    if code == "feature_moved":  # customers may change; faults of data are told apart
        severity = Severity.WARNING
    grows = code == "feature_moved" or told.get("word") in (moved.was.words or ())
    if grows and moved.name in unactionable:
        severity = Severity.INFO
    check = Check.MISSING if code == "feature_missing" else Check.DRIFT
    return Finding(check, moved.name, severity, code, {"feature": moved.name} | given | told)


def _severity(moved: Moved, critical: float) -> Severity:
    return Severity.CRITICAL if moved.psi >= max(critical, MUCH * moved.bound) else Severity.WARNING


def _reason(moved: Moved, middle: Middles) -> tuple[str, dict[str, str]]:
    """In what way a feature has moved: missing, in another unit, or simply elsewhere."""
    before, now = moved.missing
    if now > before and moved.known_psi < MOSTLY * moved.psi:
        return "feature_missing", {"now": share(now), "before": share(before)}
    if moved.was.words is not None:
        return "word_moved", _word(moved)
    values = {"now": number(middle.now), "before": number(middle.before)}
    if abs(log(abs(middle.times))) >= log(UNITS):
        return "feature_units", values | {"times": f"{number(middle.times)} times"}
    return "feature_moved", values


def _word(moved: Moved) -> dict[str, str]:
    """The word whose share has moved the most."""
    names = (*(moved.was.words or ()), "another word", "no word")
    place = int(np.argmax(moved.parts))
    before, now = moved.was.shares[place], moved.now.shares[place]
    return {"word": names[place], "now": share(now), "before": share(before)}
