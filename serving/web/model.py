"""What the model page shows a manager: how good, how true, how many to call, what it looks at."""

import json
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from features.drift import SCORE_WARNS, psi
from features.languages import Language
from features.languages import marked as _
from serving.board import Run, Scored
from serving.bundle import SCORECARD, bundle_at
from serving.curves import points_of, reliability
from serving.cut_off import best_calls, simulated, terms_of

GRADES = {
    "A": _("Yes: good enough to act on."),
    "B": _("Yes, with care: good enough to act on, but not for every kind of customer alike."),
    "C": _("Not yet: it ranks better than simple rules, but breaks a rule for acting on it."),
    "D": _("No: a simpler rule does as well."),
    "leak review": _("Do not use it yet: it is too good to be true, so look for a leak first."),
    "insufficient data": _("Nobody can say: too few customers churned to judge a model by."),
}
LETTERS = {"leak review": _("Leak review"), "insufficient data": _("Too little data")}
HOW = {
    "gate": _("by the gate"),
    "hand": _("by hand"),
    "force": _("by force"),
    "rollback": _("taken back"),
}
CHAMPIONS = "champions.json"
SHOWN_RUNS = 12
THEMES = """
SELECT t.theme AS theme, avg(abs(t.points)) AS points
FROM (SELECT unnest(themes) AS t FROM read_parquet(?, hive_partitioning = false))
GROUP BY 1 ORDER BY 2 DESC
"""
RUN = """
SELECT count(probability) AS customers, avg(probability) AS mean,
    count(*) FILTER (band IN ('high', 'critical')) AS urgent
FROM read_parquet(?, hive_partitioning = false)
"""
BINS = """
WITH edges AS (
    SELECT quantile_cont(probability, [.1, .2, .3, .4, .5, .6, .7, .8, .9]) AS cuts
    FROM read_parquet(?, hive_partitioning = false)
)
SELECT len(list_filter(cuts, lambda cut: cut <= probability)) AS bin, count(*) AS customers
FROM read_parquet(?, hive_partitioning = false), edges
WHERE probability IS NOT NULL GROUP BY 1
"""


def judgement(
    bundle: Path | None, scored: Scored | None, asked: Mapping[str, str], language: Language
) -> dict[str, Any]:
    """All that the page shows, under the names of its template."""
    card = judged(bundle)
    return {
        "card": card,
        "GRADES": GRADES,
        "LETTERS": LETTERS,
        "HOW": HOW,
        "curve": curve(card, language) if card else "",
        "sim": simulation(card, scored, asked) if card and scored else None,
        "runs": drift(scored) if scored else [],
        "crowned": champions(bundle),
        "weights": weights(scored) if scored else [],
    }


def judged(bundle: Path | None) -> Mapping[str, Any] | None:
    """The scorecard that travels with the model in force; None where it has none."""
    found = _read(bundle_at(bundle) / SCORECARD) if bundle and bundle.exists() else None
    return found if isinstance(found, dict) else None


def champions(bundle: Path | None) -> list[Mapping[str, Any]]:
    """Who was champion, the newest first; published beside the models."""
    found = _read(bundle / CHAMPIONS) if bundle else None
    return list(reversed(found)) if isinstance(found, list) else []


def curve(card: Mapping[str, Any], language: Language) -> Any:
    """The reliability curve, drawn."""
    return reliability(points_of(card["probability"]["reliability"]), language)


def simulation(card: Mapping[str, Any], scored: Scored, asked: Mapping[str, str]) -> dict[str, Any]:
    """The cut-off that is asked for, beside the one that brings the most."""
    cut_offs, terms = card["money"]["cut_offs"], terms_of(card["money"]["offer"], asked)
    [row] = scored.rows("SELECT count(probability) AS customers FROM board")
    customers = int(row["customers"])
    best = best_calls(cut_offs, customers, terms)
    given = asked.get("calls", "")
    usual = int(card["ranking"]["capacity"])
    calls = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else usual
    return {
        "terms": terms,
        "customers": customers,
        "told": simulated(cut_offs, customers, calls, terms),
        "best": simulated(cut_offs, customers, best, terms),
    }


@lru_cache(maxsize=1)
def weights(scored: Scored) -> list[dict[str, Any]]:
    """How far each theme moves scores today: the mean size in percentage points."""
    return scored.rows(THEMES, scored.runs[-1].files)


@lru_cache(maxsize=1)
def drift(scored: Scored) -> list[dict[str, Any]]:
    """The last runs, the newest first; `psi` is of the score against the run before."""
    runs = scored.runs[-SHOWN_RUNS - 1 :]
    told = [_told(scored, n) for n in range(len(runs) - 1, -1, -1)]
    return told[:SHOWN_RUNS]


def _told(scored: Scored, place: int) -> dict[str, Any]:
    runs = scored.runs[-SHOWN_RUNS - 1 :]
    [row] = scored.rows(RUN, runs[place].files)
    moved = psi(*_bins(scored, runs[place - 1], runs[place])) if place else None
    as_of: date = runs[place].as_of
    return {
        "as_of": as_of,
        **row,
        "psi": moved,
        "warns": moved is not None and moved >= SCORE_WARNS,
    }


def _bins(scored: Scored, before: Run, now: Run) -> tuple[list[float], list[float]]:
    both = []
    for run in (before, now):
        rows = scored.rows(BINS, before.files, run.files)
        counts = {row["bin"]: row["customers"] for row in rows}
        whole = sum(counts.values()) or 1
        both.append([counts.get(bin_, 0) / whole for bin_ in range(10)])
    return both[0], both[1]


def _read(file: Path) -> Any:
    return json.loads(file.read_text()) if file.is_file() else None
