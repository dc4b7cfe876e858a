"""A night that is killed again and again on its way to a target, and the rows it leaves there."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import psycopg
import pyarrow.parquet as pq

from features.sources import opened
from serving import predictions, resumable
from serving.bands import limits_of
from serving.batch import score_everyone
from serving.bundle import bundle_at
from serving.dataset import FILE, MANIFEST, PREFIX, SUCCESS
from serving.scorer import Scorer
from serving.sql_scores import copied
from tests.serving.company import NOW
from tests.serving.killed import Ended, Job, Kill, drawn, ran
from training.model import loaded

Row: TypeAlias = Mapping[str, Any]
IN_A_ROW = (2, 1, 3)  # kills before a run is left alone


@dataclass(frozen=True)
class Target:
    """A job that writes rows somewhere, what a reader finds there, and what nobody should find.

    `afresh` makes a place for the next runs, and gives what the job is to be called with.
    """

    job: Job
    afresh: Callable[[int], tuple[object, ...]]
    rows: Callable[[], list[Row]]
    unfinished: Callable[[], list[str]]


@dataclass(frozen=True)
class Survived:
    """Runs that were killed, and then one left alone: its rows beside those of one never killed.

    `torn` is how often a reader found something else than the rows of before or of after.
    """

    kills: tuple[Kill, ...]
    compared: int
    lost: int
    doubled: int
    others: int
    torn: int
    left: tuple[str, ...]


def survived(target: Target, kills: int, random: Random) -> Iterator[Survived]:
    """Kills until there have been so many, a few in a row, each time on the way to a new place."""
    alone = ran(target.job, *target.afresh(0))
    assert alone.code == 0
    wanted, done = target.rows(), 0
    for place, often in enumerate(cycle(IN_A_ROW), 1):
        given = target.afresh(place)
        told = _survived(target, given, alone, wanted, min(often, kills - done), random)
        done += len(told.kills)
        yield told
        if done >= kills:
            return


def _survived(
    target: Target,
    given: tuple[object, ...],
    alone: Ended,
    wanted: list[Row],
    often: int,
    random: Random,
) -> Survived:
    before, killed, torn = target.rows(), [], 0
    for kill in (drawn(alone, random) for _ in range(often)):
        ended = ran(target.job, *given, kill=kill)
        assert ended.killed or ended.code == 0
        killed += [kill] if ended.killed else []
        torn += target.rows() not in (before, wanted)
    assert ran(target.job, *given).code == 0
    found = target.rows()
    counts = Counter(row["customer_id"] for row in found)
    right = {row["customer_id"]: row for row in wanted}
    return Survived(
        tuple(killed),
        compared=len(found),
        lost=len(right.keys() - counts.keys()),
        doubled=sum(count - 1 for count in counts.values()),
        others=sum(row != right.get(row["customer_id"]) for row in found),
        torn=torn,
        left=tuple(target.unfinished()),
    )


def data_set(bundle: Path, history: str, as_of: date, place: Path, block: int) -> Target:
    """The night's Parquet files, each time in a folder of its own."""
    last = [place]

    def afresh(number: int) -> tuple[object, ...]:
        last[0] = place / str(number)
        return bundle, history, as_of, last[0], block

    def rows() -> list[Row]:
        folder = last[0] / f"{PREFIX}{as_of}"
        if not folder.exists():
            return []
        if sorted(file.name for file in folder.iterdir()) != sorted([FILE, MANIFEST, SUCCESS]):
            return [{"customer_id": "half a folder"}]
        return list(pq.read_table(folder / FILE).to_pylist())

    return Target(scored, afresh, rows, lambda: [f.name for f in last[0].glob(f".{PREFIX}*")])


def scored(bundle: Path, history: str, as_of: date, scores: Path, block: int) -> None:
    """Everybody of a history, in blocks."""
    model = loaded(bundle_at(bundle))
    scorer = Scorer(model, opened(history), limits_of(model.about), lambda: NOW)
    resumable.AT_ONCE = predictions.AT_ONCE = block
    score_everyone(scorer, as_of, scores)


def tables(before: Path, after: Path, as_of: date, url: str) -> Target:
    """The copy in PostgreSQL: each time a run takes the place of another one."""

    def afresh(_: int) -> tuple[object, ...]:
        copied(before, as_of, url)
        return after, as_of, url

    def rows() -> list[Row]:
        columns = "customer_id, said, (SELECT manifest FROM churn_runs) AS of"
        with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as connection:
            return list(connection.execute(f"SELECT {columns} FROM churn_scores ORDER BY 1"))

    return Target(copied, afresh, rows, list)
