"""The last scoring run as a CRM needs it: each customer beside the run before, ranked in its book.

The previous score is that of the previous scoring RUN, whenever that was, not of the night before.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow.parquet as pq

from features.errors import ContractError, SourceError
from features.languages import ENGLISH, Language
from serving.dataset import FILE, PREFIX, SUCCESS

Row: TypeAlias = Mapping[str, Any]

MOVED = 0.02  # less than two percentage points is no trend
RUNS = 13  # how far back a trend is followed: a quarter of weekly runs
RISING, FALLING, STEADY, NEW = "rising", "falling", "steady", "new"


@dataclass(frozen=True)
class Told:
    """One customer as scored, beside its row of the run before; `rank` is inside the owner's book.

    `since` is the as-of date from which the score has moved as it does now.
    """

    row: Row
    before: Row | None
    rank: int | None
    trend: str | None
    since: date | None
    language: Language = ENGLISH

    @property
    def previous(self) -> float | None:
        """The probability of the run before, where it was of the same horizon."""
        return self.before["probability"] if self.before else None


def finished(scores: Path) -> list[Path]:
    """The folders of finished scoring runs, oldest first."""
    return sorted(folder for folder in scores.glob(f"{PREFIX}*") if (folder / SUCCESS).is_file())


def told(scores: Path, as_of: date | None = None) -> list[Told]:
    """Everybody of the newest run, or of a date's, by revenue at risk, most first.

    Raises:
        SourceError: There is no such run.
        ContractError: A customer is in the run twice.
    """
    runs = _runs(scores, as_of)
    latest = _rows(runs[-1])
    _require_unique(latest, runs[-1])
    before = {row["customer_id"]: row for row in _rows(runs[-2])} if runs[1:] else {}
    paths = _paths(runs, latest[0]["horizon_days"] if latest else None)
    ranks = _ranks(latest)
    return [_told(row, before, ranks, paths) for row in sorted(latest, key=_urgency)]


def said_of(scores: Path, as_of: date | None = None) -> dict[str, Any]:
    """What the run says of itself: its date and its model."""
    folder = _runs(scores, as_of)[-1]
    manifest = folder / "_manifest.json"
    said = json.loads(manifest.read_text()) if manifest.is_file() else {}
    return {**said, "as_of": folder.name.removeprefix(PREFIX)}


def _runs(scores: Path, as_of: date | None) -> list[Path]:
    until = f"{PREFIX}{as_of or date.max}"
    runs = [folder for folder in finished(scores) if folder.name <= until][-RUNS:]
    if not runs or (as_of and runs[-1].name != until):
        when = f"as of {as_of} " if as_of else ""
        raise SourceError(f"There is no scoring run {when}in {scores}: run churn score first.")
    return runs


def _rows(folder: Path) -> list[Row]:
    rows: list[Row] = pq.read_table(folder / FILE).to_pylist()
    return rows


def _require_unique(rows: Sequence[Row], folder: Path) -> None:
    counted = Counter(row["customer_id"] for row in rows)
    if twice := [customer for customer, count in counted.items() if count > 1]:
        raise ContractError(
            f"{folder} has {', '.join(sorted(twice)[:5])} more than once: nothing was sent, since "
            "one record would overwrite the other. Score that date again."
        )


def _urgency(row: Row) -> tuple[float, float, float, str]:
    """By revenue at risk, then days to renewal, then probability."""
    days = row["days_to_renewal"]
    return (
        -(row["revenue_at_risk"] if row["revenue_at_risk"] is not None else -inf),
        inf if days is None else days,
        -(row["probability"] if row["probability"] is not None else -inf),
        row["customer_id"],
    )


def _ranks(rows: Sequence[Row]) -> dict[str, int]:
    books: dict[str | None, list[Row]] = defaultdict(list)
    for row in rows:
        if row["revenue_at_risk"] is not None:
            books[row["owner"]].append(row)
    ranked = (enumerate(sorted(book, key=_urgency), 1) for book in books.values())
    return {row["customer_id"]: place for book in ranked for place, row in book}


def _paths(runs: Sequence[Path], horizon: int | None) -> dict[str, list[tuple[date, float]]]:
    """Each customer's probabilities of one horizon, newest run first, up to the first gap."""
    found: dict[str, list[tuple[date, float]]] = defaultdict(list)
    for back, folder in enumerate(reversed(runs)):
        day = date.fromisoformat(folder.name.removeprefix(PREFIX))
        for customer, chance in _chances(folder, horizon):
            if len(found[customer]) == back:
                found[customer].append((day, chance))
    return found


def _chances(folder: Path, horizon: int | None) -> Iterator[tuple[str, float]]:
    names = ["customer_id", "probability", "horizon_days"]
    columns = pq.read_table(folder / FILE, columns=names).to_pydict()
    for customer, chance, days in zip(*(columns[name] for name in names), strict=True):
        if chance is not None and days == horizon:
            yield customer, chance


def _told(
    row: Row,
    before: Mapping[str, Row],
    ranks: Mapping[str, int],
    paths: Mapping[str, list[tuple[date, float]]],
) -> Told:
    customer = row["customer_id"]
    earlier = before.get(customer)
    same = earlier if earlier and earlier["horizon_days"] == row["horizon_days"] else None
    return Told(row, same, ranks.get(customer), *trend(paths.get(customer, ())))


def trend(path: Sequence[tuple[date, float]]) -> tuple[str | None, date | None]:
    """How a score moves and since when; `path` is its probabilities, newest first."""
    if not path:
        return None, None
    moves = [_move(new, old) for (_, new), (_, old) in pairwise(path)]
    lasting = next((n for n, move in enumerate(moves) if move != moves[0]), len(moves))
    return (moves[0] if moves else NEW), path[lasting][0]


def _move(now: float, before: float) -> str:
    if abs(now - before) < MOVED:
        return STEADY
    return RISING if now > before else FALLING
