"""What the page Watch shows: what stands since when, what is over, and what was measured."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from features.errors import ContractError
from features.languages import marked as _
from serving.monitor.chronicle import Chronicle, read
from serving.monitor.finding import Check, Severity
from serving.monitor.words import WORDS

SHOWN_OVER = 12
SHOWN_DRIFT = 12  # of the columns that have moved the most, beside the score
SILENT = timedelta(hours=36)  # a night without a look
GAINED = 0.01  # of the rows of a column, without a value
SEVERITIES = {
    Severity.CRITICAL: _("Cannot wait"),
    Severity.WARNING: _("Ask for a look"),
    Severity.INFO: _("Worth knowing"),
}
CHECKS = {
    Check.FRESHNESS: _("Freshness"),
    Check.MISSING: _("Missing values"),
    Check.DRIFT: _("Drift"),
    Check.BANDS: _("Bands"),
    Check.LIST: _("Top of the list"),
    Check.FORECAST: _("Forecast"),
    Check.OUTCOMES: _("Outcomes"),
}


def watched(folder: Path | None, now: datetime) -> dict[str, Any]:
    """All that the page shows, under the names of its template."""
    chronicle, broken = _read(folder)
    last = chronicle.last
    at = datetime.fromisoformat(str(last["at"])) if last else None
    return {
        "last": last,
        "at": at,
        "silent": at is not None and now - at > SILENT,
        "broken": broken,
        "standing": {
            severity: [each for each in chronicle.standing if each.finding.severity is severity]
            for severity in SEVERITIES
        },
        "over": chronicle.over[:SHOWN_OVER],
        "rows": measured(last.get("rows", {})),
        "SEVERITIES": SEVERITIES,
        "CHECKS": CHECKS,
        "WORDS": WORDS,
    }


def _read(folder: Path | None) -> tuple[Chronicle, bool]:
    """The chronicle, and whether there is one that cannot be read."""
    try:
        return (read(folder) if folder else Chronicle()), False
    except ContractError:
        return Chronicle(), True


def measured(rows: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """By check, the rows that are worth a line."""
    told = {check.value: list(rows.get(check.value, ())) for check in Check}
    told["missing"] = [row for row in told["missing"] if row["now"] - row["before"] >= GAINED]
    told["drift"] = told["drift"][: SHOWN_DRIFT + 1]
    return told
