"""The demo's days: counted from the first observed one, with months and renewals on real dates."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from features.demo.arrays import NEVER, Days, Floats, Ints, Moments

WEEK = 7
LAST_DAY = 28  # nobody signs up later in a month, so that every month has everybody's day
# Latent life goes on after the last observed day, so that open notices end and outcomes are known.
AFTERLIFE_DAYS = 126


@dataclass(frozen=True)
class Calendar:
    """Day 0 is `start`; days before `days` are observed, those after it only lived."""

    start: np.datetime64
    days: int

    @classmethod
    def ending(cls, ends: date, months: int) -> "Calendar":
        """The months before `ends`, which is the first day nobody has seen."""
        last = np.datetime64(ends, "D")
        first = (last.astype("M8[M]") - months).astype("M8[D]") + min(ends.day, LAST_DAY) - 1
        return cls(first, int((last - first).astype(int)))

    @property
    def weeks(self) -> int:
        """Weeks of latent life, the unseen ones included."""
        return -(-(self.days + AFTERLIFE_DAYS) // WEEK)

    @property
    def lived(self) -> int:
        """Days of latent life."""
        return self.weeks * WEEK

    def month(self, day: Ints) -> Ints:
        """Months since 1970 in which a day lies."""
        return (self.start + day).astype("M8[M]").astype(np.int64)

    def first(self, month: Ints) -> Ints:
        """The first day of a month."""
        return (month.astype("M8[M]").astype("M8[D]") - self.start).astype(np.int64)

    def day_of_month(self, day: Ints) -> Ints:
        """0 for the first."""
        return day - self.first(self.month(day))

    def weekday(self, day: Ints) -> Ints:
        """0 for Monday; 1970 began on a Thursday."""
        return (day + int(self.start.astype(int)) + 3) % WEEK

    def early(self, day: Ints) -> Ints:
        """The day itself, or the last one in its month that every month has."""
        return day - np.maximum(self.day_of_month(day) - LAST_DAY + 1, 0)

    def anniversary(self, since: Ints, months: Ints) -> Ints:
        """The day so many months after `since`."""
        return self.first(self.month(since) + months) + self.day_of_month(since)

    def full_months(self, since: Ints, day: Ints | int) -> Ints:
        """Whole months that have passed between two days."""
        days = np.broadcast_to(np.asarray(day, dtype=np.int64), since.shape)
        short = self.day_of_month(days) < self.day_of_month(since)
        return self.month(days) - self.month(since) - short

    def next_renewal(self, since: Ints, term: Ints, day: Ints | int) -> Ints:
        """The first renewal after a day, of terms of so many months that began with `since`."""
        terms = self.full_months(since, day) // term + 1
        return self.anniversary(since, np.maximum(terms, 1) * term)

    def as_of_days(self) -> Ints:
        """The monthly as-of days, the last of them the end of the observed time."""
        last = np.array([self.days])
        count = int(self.full_months(np.array([0]), last)[0])
        return self.anniversary(self.early(last), np.arange(1 - count, 1))

    def moment(self, days: Days) -> Moments:
        """Moments from days and their fractions, to the second; NEVER is not a time."""
        seconds = np.round(np.minimum(days, NEVER) * 86_400).astype(np.int64).astype("m8[s]")
        moments = (self.start.astype("M8[s]") + seconds).astype("M8[us]")
        return np.where(days >= NEVER, np.datetime64("NaT"), moments)

    def week(self, day: Ints) -> Ints:
        """The week in which a day lies, kept inside the lived ones."""
        return np.clip(day // WEEK, 0, self.weeks - 1)


def at(weekly: Floats, day: Ints, rows: Ints) -> Floats:
    """A value of weeks x people, for some people on some days."""
    return np.asarray(weekly[np.clip(day // WEEK, 0, len(weekly) - 1), rows])
