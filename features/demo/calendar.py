"""The demo's days: counted from the first observed one, with months and renewals on real dates."""

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Texts: TypeAlias = NDArray[np.str_]

WEEK = 7
# Latent life goes on after the last observed day, so that open notices end and outcomes are known.
AFTERLIFE_DAYS = 126
NEVER = 10**6


@dataclass(frozen=True)
class Calendar:
    """Day 0 is `start`; days before `days` are observed, those after it only lived."""

    start: np.datetime64
    days: int

    @classmethod
    def ending(cls, ends: date, months: int) -> "Calendar":
        """The months before `ends`, which is the first day nobody has seen."""
        last = np.datetime64(ends, "D")
        day = min(ends.day, 28) - 1
        start = (last.astype("M8[M]") - months).astype("M8[D]") + day
        return cls(start, int((last - start).astype(int)))

    @property
    def weeks(self) -> int:
        """Weeks of latent life, the unseen ones included."""
        return -(-(self.days + AFTERLIFE_DAYS) // WEEK)

    def month(self, day: Ints) -> Ints:
        """Months since 1970 in which a day lies."""
        return (self.start + day).astype("M8[M]").astype(np.int64)

    def first(self, month: Ints) -> Ints:
        """The first day of a month."""
        return (month.astype("M8[M]").astype("M8[D]") - self.start).astype(np.int64)

    def day_of_month(self, day: Ints) -> Ints:
        """0 for the first."""
        return day - self.first(self.month(day))

    def anniversary(self, since: Ints, months: Ints) -> Ints:
        """The day so many months after `since`, whose day of the month is at most the 28th."""
        return self.first(self.month(since) + months) + self.day_of_month(since)

    def full_months(self, since: Ints, day: Ints) -> Ints:
        """Whole months that have passed between two days."""
        short = self.day_of_month(day) < self.day_of_month(since)
        return self.month(day) - self.month(since) - short

    def next_renewal(self, since: Ints, term: Ints, day: Ints) -> Ints:
        """The first renewal after a day, of terms of so many months that began with `since`."""
        terms = self.full_months(since, day) // term + 1
        return self.anniversary(since, np.maximum(terms, 1) * term)

    def as_of_days(self) -> Ints:
        """The monthly as-of days of the observed time, its end included."""
        months = np.arange(self.month(np.array(0)) + 1, self.month(np.array(self.days)) + 1)
        return self.first(months) + int(self.day_of_month(np.array(self.days)))

    def moment(self, days: NDArray[np.float64] | Ints) -> NDArray[np.datetime64]:
        """Moments from days and their fractions, to the second; NEVER and NaN are not a time."""
        real = np.nan_to_num(days, nan=NEVER)
        seconds = np.round(real * 86_400).astype(np.int64).astype("m8[s]")
        moments = (self.start.astype("M8[s]") + seconds).astype("M8[us]")
        return np.where(real >= NEVER, np.datetime64("NaT"), moments)


def week_of(day: Ints, weeks: int) -> Ints:
    """The week in which a day lies, kept inside the simulated ones."""
    return np.clip(day // WEEK, 0, weeks - 1)


def pick(rng: np.random.Generator, shares: Floats) -> Ints:
    """The number of one option a row, drawn with the row's probabilities."""
    drawn = rng.random(len(shares))[:, None] > shares.cumsum(axis=1)[:, :-1]
    return np.asarray(drawn.sum(axis=1), dtype=np.int64)
