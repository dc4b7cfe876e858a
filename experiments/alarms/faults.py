"""Faults planted into a clean company, each of which has to sound its alarm."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

import ibis
import numpy as np

from features.history import History
from serving.monitor.finding import Checked
from serving.monitor.look import Usual, _active, drifted
from serving.monitor.scored import ScoredRun, bands, top_list
from serving.schemas import Band
from serving.scorer import Scorer

Planted = tuple[str, str, Callable[[], Checked]]


def without(history: History, table: str, since: datetime) -> History:
    """The history of a load that stopped: a table ends on a day."""
    rows = history.tables[table]
    return replace(history, tables={**history.tables, table: rows.filter(rows["at"] < since)})


def emptied(history: History, table: str, column: str, at: str, since: datetime) -> History:
    """The history of a source that renamed a field: a column is null from a day on."""
    rows = history.tables[table]
    gone = (rows[at] >= since).ifelse(ibis.null(rows[column].type()), rows[column])
    return replace(history, tables={**history.tables, table: rows.mutate(**{column: gone})})


def times(history: History, table: str, column: str, factor: float) -> History:
    """The history of a source that changed a unit: a column times a factor."""
    rows = history.tables[table]
    changed = rows.mutate(**{column: rows[column] * factor})
    return replace(history, tables={**history.tables, table: changed})


def drifting(scorer: Scorer, usual: Usual, as_of: date, shift: float = 0.0) -> Checked:
    """Drift of a history's customers; `shift` is added to the log-odds of their scores."""
    cases = _active(scorer, as_of)
    chance = scorer.model.probability(cases.columns)
    odds = np.log(chance / (1 - chance)) + shift
    return drifted(scorer.model, usual, cases.columns, 1 / (1 + np.exp(-odds)))


def shifted(scorer: Scorer, usual: Usual, as_of: date, name: str) -> Checked:
    """Drift where one feature of every customer is a standard deviation more."""
    columns = dict(_active(scorer, as_of).columns)
    values = np.asarray(columns[name], np.float64)
    columns[name] = values + np.nanstd(values)
    return drifted(scorer.model, usual, columns, scorer.model.probability(columns))


def jumped(run: ScoredRun) -> Checked:
    """Bands whose limits were halved: many of the low are medium, of the medium high."""
    rising = [Band.LOW, Band.MEDIUM, Band.HIGH, Band.CRITICAL]
    random = np.random.default_rng(1)
    up = {
        name: rising[min(rising.index(band) + int(random.random() < 0.3), 3)]
        for name, band in run.bands.items()
    }
    return bands(replace(run, bands=up), run)


def shuffled(run: ScoredRun, size: int) -> Checked:
    """A list whose order is lost: ranks dealt out anew."""
    names = list(run.ranks)
    dealt = np.random.default_rng(1).permutation(len(names)).tolist()
    return top_list(replace(run, ranks=dict(zip(names, dealt, strict=True))), run, size)


def midnight(day: date, back: int) -> datetime:
    """Midnight so many days before a day."""
    return datetime(day.year, day.month, day.day) - timedelta(days=back)


def seen(told: Checked, subject: str) -> Mapping[str, str] | None:
    """The finding of a subject, if there is one."""
    found = [each for each in told.findings if each.subject == subject]
    return {"severity": found[0].severity, "what": found[0].what} if found else None
