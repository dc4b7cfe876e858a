"""Two runs of scores side by side: the bands' shares, and who is at the top of the list."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from features.drift import FLOOR, psi
from serving.curves import wilson
from serving.dataset import FILE
from serving.monitor.finding import Check, Checked, Finding, Severity
from serving.monitor.written import index, share
from serving.schemas import Band

BANDS = (Band.LOW, Band.MEDIUM, Band.HIGH, Band.CRITICAL)
URGENT = (Band.HIGH, Band.CRITICAL)
WARNS, CRITICAL = 0.1, 0.25  # PSI: usual in credit scoring, Siddiqi (2006), "Scorecards"
MUCH = 1.5  # times its bound, at least, of what cannot wait
CHANCE = 11.34  # chi-square of 3 degrees of freedom, one in a hundred
REPLACED, ALL_NEW = 0.4, 0.7  # of the top list; below .6 of overlap the gate asks for a person
COLUMNS = ["customer_id", "band", "rank", "probability", "model_version"]


@dataclass(frozen=True)
class ScoredRun:
    """Who was scored on a date: band and rank by customer, those without a score left out."""

    as_of: date
    model_version: str
    bands: Mapping[str, Band]
    ranks: Mapping[str, int]

    def top(self, size: int) -> set[str]:
        """The customers at the top of the list, by revenue at risk."""
        return set(sorted(self.ranks, key=lambda customer: self.ranks[customer])[:size])

    @property
    def shares(self) -> list[float]:
        """The share of customers in each of BANDS."""
        counts = Counter(self.bands.values())
        return [counts[band] / max(len(self.bands), 1) for band in BANDS]

    @property
    def urgent(self) -> float:
        """The share of customers in the high and the critical band."""
        return sum(self.shares[BANDS.index(band)] for band in URGENT)


def run_at(folder: Path, as_of: date) -> ScoredRun:
    """A run as its file says."""
    rows = pq.read_table(folder / FILE, columns=COLUMNS).to_pylist()
    told = [row for row in rows if row["probability"] is not None]
    return ScoredRun(
        as_of,
        str(rows[0]["model_version"]) if rows else "",
        {row["customer_id"]: Band(row["band"]) for row in told},
        {row["customer_id"]: row["rank"] for row in told},
    )


def bands(now: ScoredRun, before: ScoredRun) -> Checked:
    """The bands' shares in two runs, and whether they have jumped further than chance explains."""
    told = list(zip(BANDS, before.shares, now.shares, strict=True))
    rows = tuple({"band": band.value, "before": was, "now": is_} for band, was, is_ in told)
    sizes = len(before.bands), len(now.bands)
    floor = max(FLOOR, 0.5 / max(min(sizes), 1))  # an empty band counts as half a customer
    moved = psi(before.shares, now.shares, floor)
    bound = max(WARNS, CHANCE * sum(1 / max(size, 1) for size in sizes))
    if moved < bound:
        return Checked(rows)
    given = {
        "psi": index(moved),
        "bound": index(bound),
        "before": str(before.as_of),
        "now_share": share(now.urgent),
        "before_share": share(before.urgent),
        "model": _models(now, before),
    }
    severity = Severity.CRITICAL if moved >= max(CRITICAL, MUCH * bound) else Severity.WARNING
    return Checked(rows, (Finding(Check.BANDS, "bands", severity, "bands_moved", given),))


def top_list(now: ScoredRun, before: ScoredRun, size: int) -> Checked:
    """How many of the last run's top customers are no longer at the top.

    Those who are not scored any more have left the book and not the list. It is found where even
    the lower end of Wilson's interval is past the bound: four of ten new ones are no news.
    """
    still = before.top(size) & now.ranks.keys()
    gone = len(still - now.top(size))
    replaced = gone / len(still) if still else 0.0
    least = wilson(replaced, len(still))[0]
    rows = ({"size": len(still), "replaced": gone, "share": replaced, "at_least": least},)
    if least < REPLACED:
        return Checked(rows)
    given = {
        "size": f"{len(still):,}",
        "before": str(before.as_of),
        "share": share(replaced),
        "model": _models(now, before),
    }
    severity = Severity.CRITICAL if least >= ALL_NEW else Severity.WARNING
    return Checked(rows, (Finding(Check.LIST, "top list", severity, "list_replaced", given),))


def _models(now: ScoredRun, before: ScoredRun) -> str:
    versions: Sequence[str] = list(dict.fromkeys((before.model_version, now.model_version)))
    return " → ".join(versions)
