"""The scores as pages need them: the newest run beside the one before, ready to sort and filter.

The night's job writes `as_of=YYYY-MM-DD` folders of Parquet; the newest is read once into a table
in memory, and again when a folder appears or changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa

from serving.dataset import PREFIX, SCHEMA

Cursor: TypeAlias = duckdb.DuckDBPyConnection
Stamp: TypeAlias = tuple[tuple[str, int], ...]

RECENT_DAYS = 7  # what is worse is worse than so many days ago, however often runs are made
PERSISTENT_DAYS = 28
PERSISTENT_RUNS = 3  # at least: a customer scored twice is not yet persistently at risk
WORSE = 0.02  # less than two percentage points is nothing to call anybody about
SHOWN_RUNS = 40
BOARD = """
CREATE TABLE board AS
WITH latest AS ({latest}), before AS ({before}), week AS ({week}), steady AS ({steady})
SELECT
    row_number() OVER (
        ORDER BY l.revenue_at_risk DESC NULLS LAST, l.days_to_renewal NULLS LAST,
                 l.probability DESC NULLS LAST, l.customer_id
    ) AS place,
    l.customer_id, coalesce(nullif(l.name, ''), l.customer_id) AS name, l.band,
    list_position(['low', 'medium', 'high', 'critical'], l.band) AS severity,
    l.probability, b.probability AS previous, b.band AS previous_band,
    l.probability - b.probability AS change,
    coalesce(l.probability - w.probability >= $worse OR severity
        > list_position(['low', 'medium', 'high', 'critical'], w.band), false) AS worsened,
    coalesce(s.persistent, false) AS persistent,
    l.revenue_at_risk, l.mrr, l.days_to_renewal,
    l.owner, strip_accents(lower(l.owner)) AS owner_order, l.segment, l.plan, l.insufficient,
    l.insufficient_code, l.horizon_days,
    l.advice.play AS play, coalesce(l.held_out, false) AS held_out,
    [r.theme for r in l.reasons] AS themes, l.reasons[:3] AS reasons,
    strip_accents(lower(concat_ws(' ', l.name, l.customer_id))) AS searched
FROM latest l
LEFT JOIN before b ON b.customer_id = l.customer_id AND b.horizon_days = l.horizon_days
LEFT JOIN week w ON w.customer_id = l.customer_id AND w.horizon_days = l.horizon_days
LEFT JOIN steady s ON s.customer_id = l.customer_id
ORDER BY place
"""
STEADY = """
SELECT customer_id, count(*) = $runs AND $runs >= $least
    AND bool_and(band IN ('high', 'critical')) AS persistent
FROM read_parquet($steady, hive_partitioning = false) GROUP BY customer_id
"""
# An older run may have fewer columns, which are then empty.
READ = """
SELECT * FROM read_parquet({files}, hive_partitioning = false, union_by_name = true)
UNION ALL BY NAME FROM blank
"""
GIVEN = READ.format(files="?")
ABOUT = """
SELECT max(model_version), max(horizon_days), max(scored_at)::TIMESTAMP, max(data_until), count(*)
FROM read_parquet(?, hive_partitioning = false, union_by_name = true)
"""


# A moment with a time zone would need a package of its own to be read.
TOLD = """
SELECT * REPLACE (scored_at::TIMESTAMP AS scored_at) FROM ({runs})
WHERE customer_id = ?
"""
COURSE = """
SELECT as_of, probability FROM ({runs})
WHERE customer_id = ? AND horizon_days = ? AND probability IS NOT NULL ORDER BY as_of
"""


@dataclass(frozen=True)
class Run:
    """One scoring of the base: its as-of date and the folder that keeps it."""

    as_of: date
    folder: Path

    @property
    def files(self) -> list[str]:
        """The run's Parquet files."""
        return sorted(str(file) for file in self.folder.glob("*.parquet"))


@dataclass(frozen=True)
class About:
    """What a run says of itself."""

    as_of: date
    model_version: str
    horizon_days: int
    scored_at: datetime
    data_until: date | None
    customers: int


@dataclass(frozen=True, eq=False)
class Scored:
    """The newest run, joined to the one before, in a table `board` of its own database."""

    stamp: Stamp
    runs: tuple[Run, ...]
    latest: About
    previous: About | None
    week: date | None  # the run that what has worsened is compared with
    database: Cursor
    listed: pa.Table  # the board's rows by place: to look them up in columns would read all

    def at(self, places: Sequence[int]) -> tuple[Mapping[str, Any], ...]:
        """The board's rows of places, which count from one, in their order."""
        rows = pa.array([place - 1 for place in places], pa.int64())
        return tuple(self.listed.take(rows).to_pylist())

    def rows(self, sql: str, *given: object) -> list[dict[str, Any]]:
        """The rows a query gives, by column name; safe to call from several threads."""
        found = self.database.cursor().execute(sql, list(given))
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


class Board:
    """The scores data set as the pages read it; notices new runs by itself."""

    def __init__(self, scores: Path) -> None:
        self._scores = scores
        self._lock = Lock()
        self._scored: Scored | None = None

    def scored(self) -> Scored | None:
        """The newest run; None where nobody has been scored yet."""
        runs = scoring_runs(self._scores)
        stamp = _stamp(runs)
        with self._lock:
            if self._scored is None or self._scored.stamp != stamp:
                self._scored = _scored(runs, stamp) if runs else None
            return self._scored


def scoring_runs(scores: Path) -> tuple[Run, ...]:
    """Every finished run in the data set, oldest first."""
    folders = {folder: _day(folder.name) for folder in scores.glob(f"{PREFIX}*")}
    runs = (Run(day, folder) for folder, day in folders.items() if day)
    return tuple(sorted((run for run in runs if run.files), key=lambda run: run.as_of))


def told(scored: Scored, run: Run, customer_id: str) -> Mapping[str, Any] | None:
    """Everything one run says of one customer, reasons included; None if it did not score it."""
    rows = scored.rows(TOLD.format(runs=GIVEN), run.files, customer_id)
    return rows[0] if rows else None


def scores_of(scored: Scored, customer_id: str) -> list[tuple[date, float]]:
    """A customer's probability in the runs of the last year, oldest first."""
    since = scored.latest.as_of - timedelta(days=366)
    recent = _thinned([run for run in scored.runs if run.as_of >= since])
    found = scored.rows(
        COURSE.format(runs=GIVEN), files_of(recent), customer_id, scored.latest.horizon_days
    )
    return [(row["as_of"], row["probability"]) for row in found]


def _scored(runs: tuple[Run, ...], stamp: Stamp) -> Scored:
    database = duckdb.connect(
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
    database.execute("SET TimeZone = 'UTC'")
    database.register("every_column", SCHEMA.empty_table())
    database.execute("CREATE TABLE blank AS FROM every_column")
    latest, before, week = runs[-1], runs[-2:-1], _a_week_before(runs)
    _fill(database, latest, before, week, _lately(runs))
    previous = _about(database, before[0]) if before else None
    since = week[0].as_of if week else None
    listed = database.execute("FROM board ORDER BY place").to_arrow_table()
    return Scored(stamp, runs, _about(database, latest), previous, since, database, listed)


def _a_week_before(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """The newest run that is RECENT_DAYS older than the last, else the oldest; none of one run."""
    cut = runs[-1].as_of - timedelta(days=RECENT_DAYS)
    return tuple(run for run in runs if run.as_of <= cut)[-1:] or runs[:-1][:1]


def _lately(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """The runs in which somebody persistently at risk was at risk."""
    lately = [run for run in runs if (runs[-1].as_of - run.as_of).days < PERSISTENT_DAYS]
    return runs[-PERSISTENT_RUNS:] if len(lately) < PERSISTENT_RUNS else tuple(lately)


def _fill(
    database: Cursor,
    latest: Run,
    before: tuple[Run, ...],
    week: tuple[Run, ...],
    steady: tuple[Run, ...],
) -> None:
    """Puts the table `board` there; a comparison without a run compares with nobody."""
    read = {"latest": (latest,), "before": before, "week": week}
    sources = {n: READ.format(files=f"${n}") if r else "FROM blank" for n, r in read.items()}
    files = {name: files_of(runs) for name, runs in {**read, "steady": steady}.items() if runs}
    limits = {"runs": len(steady), "least": PERSISTENT_RUNS, "worse": WORSE}
    database.execute(BOARD.format(**sources, steady=STEADY), {**files, **limits})


def _about(database: Cursor, run: Run) -> About:
    row = database.execute(ABOUT, [run.files]).fetchone()
    model_version, horizon_days, scored_at, data_until, customers = row or (None,) * 5
    return About(run.as_of, model_version, horizon_days, scored_at, data_until, customers)


def files_of(runs: Sequence[Run]) -> list[str]:
    """The runs' files, in the runs' order."""
    return [file for run in runs for file in run.files]


def _thinned(runs: list[Run]) -> list[Run]:
    """At most SHOWN_RUNS of them, evenly spread, the newest among them."""
    step = -(-len(runs) // SHOWN_RUNS)
    return runs[::-1][:: step or 1][::-1]


def _stamp(runs: tuple[Run, ...]) -> Stamp:
    return tuple((run.folder.name, run.folder.stat().st_mtime_ns) for run in runs)


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name.removeprefix(PREFIX))
    except ValueError:
        return None
