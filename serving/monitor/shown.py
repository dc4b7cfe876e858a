"""A look as JSON and for a terminal: the worst first, then what was measured."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from serving.monitor.chronicle import Chronicle, Standing
from serving.monitor.finding import Check, Finding, Row, Severity
from serving.monitor.look import Look
from serving.monitor.written import index, number, share

STYLES = {
    Severity.CRITICAL: ("Critical", "cannot wait", "bold red"),
    Severity.WARNING: ("Warnings", "ask for a look", "bold yellow"),
    Severity.INFO: ("Information", "nothing to do at once", "bold cyan"),
}
SHOWN_COLUMNS = 8  # of those that have moved the most


def said(looked: Look, chronicle: Chronicle) -> dict[str, Any]:
    """A look as JSON: the findings with the day since when, and every figure measured."""
    since = {each.finding.key: str(each.since) for each in chronicle.standing}
    findings = [each.said() | {"since": since[each.key]} for each in looked.findings]
    return {
        "at": looked.at.isoformat(timespec="seconds"),
        "today": str(looked.today),
        "as_of": str(looked.as_of),
        "model_version": looked.model_version,
        "customers": looked.customers,
        "worst": looked.worst,
        "findings": findings,
        "measured": {check.value: plain(rows) for check, rows in looked.rows.items()},
    }


def plain(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as JSON has them: what is no number is null."""
    return [{name: _finite(value) for name, value in row.items()} for row in rows]


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value


def shown(looked: Look, chronicle: Chronicle) -> RenderableType:
    """The whole look, for a rich console."""
    standing = {each.finding.key: each for each in chronicle.standing}
    parts: list[RenderableType] = [_about(looked)]
    for severity in STYLES:
        some = [f for f in looked.findings if f.severity is severity]
        parts += _section(severity, some, standing)
    parts += [_measured(check, rows) for check, rows in looked.rows.items() if rows]
    return Group(*parts, _verdict(looked))


def _about(looked: Look) -> Text:
    return Text(
        f"{looked.customers:,} customers as of {looked.as_of}, model {looked.model_version}; "
        f"looked at on {looked.today}."
    )


def _section(
    severity: Severity, findings: Sequence[Finding], standing: Mapping[str, Standing]
) -> Iterator[RenderableType]:
    if not findings:
        return
    title, meaning, style = STYLES[severity]
    yield Text.assemble("\n", (title, style), f" ({len(findings)}): {meaning}")
    for finding in findings:
        since = f" since {standing[finding.key].since}"
        yield _indented(2, (f"{finding.check}: {finding.subject}", style), since)
        yield _indented(4, finding.what)
        yield _indented(4, ("-> ", "bold"), finding.do)


def _indented(by: int, *parts: str | tuple[str, str]) -> RenderableType:
    return Padding(Text.assemble(*parts), (0, 0, 0, by), expand=False)


def _measured(check: Check, rows: Sequence[Row]) -> RenderableType:
    table = Table(
        *_headings(check), box=None, padding=(0, 2, 0, 0), title=f"\n{check}", title_justify="left"
    )
    for row in list(rows)[: SHOWN_COLUMNS if check is Check.DRIFT else None]:
        if check is not Check.MISSING or row["now"] - row["before"] > 0.01:
            table.add_row(*_cells(check, row))
    return table


def _headings(check: Check) -> tuple[str, ...]:
    return {
        Check.FRESHNESS: ("table", "last row, days ago", "longest silence", "limit"),
        Check.MISSING: ("column that lacks more", "rows", "missing now", "before"),
        Check.DRIFT: ("column that moved most", "PSI", "bound", "missing now", "before"),
        Check.BANDS: ("band", "now", "before"),
        Check.LIST: ("top customers still scored", "no longer at the top", "share", "at least"),
        Check.FORECAST: ("a forecast of", "now", "95 % from", "to", "expected of the test"),
        Check.OUTCOMES: ("of", "customers", "expected", "left", "ratio", "95 % from", "to"),
    }[check]


def _cells(check: Check, row: Row) -> tuple[str, ...]:
    return CELLS[check](row)


def _fresh(row: Row) -> tuple[str, ...]:
    return tuple(_or_dash(row[name]) for name in ("table", "days", "silence", "limit"))


def _missing(row: Row) -> tuple[str, ...]:
    return (row["column"], f"{row['rows']:,}", share(row["now"]), share(row["before"]))


def _drift(row: Row) -> tuple[str, ...]:
    shares = share(row["missing_now"]), share(row["missing_before"])
    return (row["column"], index(row["psi"]), index(row["bound"]), *shares)


def _bands(row: Row) -> tuple[str, ...]:
    return (row["band"], share(row["now"]), share(row["before"]))


def _list(row: Row) -> tuple[str, ...]:
    shares = share(row["share"]), share(row["at_least"])
    return (f"{row['size']:,}", f"{row['replaced']:,}", *shares)


def _forecast(row: Row) -> tuple[str, ...]:
    before = number(row["auc_before"]) if "auc_before" in row else "-"
    return ("AUC", *(number(row[name]) for name in ("auc", "low", "high")), before)


def _outcomes(row: Row) -> tuple[str, ...]:
    counts = f"{row['customers']:,}", number(row["expected"]), f"{row['observed']:,}"
    ratio = (number(row[name]) for name in ("ratio", "low", "high"))
    return (f"{row['column']} {row['value']}".strip(), *counts, *ratio)


CELLS: Mapping[Check, Callable[[Row], tuple[str, ...]]] = {
    Check.FRESHNESS: _fresh,
    Check.MISSING: _missing,
    Check.DRIFT: _drift,
    Check.BANDS: _bands,
    Check.LIST: _list,
    Check.FORECAST: _forecast,
    Check.OUTCOMES: _outcomes,
}


def _or_dash(value: Any) -> str:
    return "-" if value is None else str(value)


def _verdict(looked: Look) -> Text:
    counts = {s: sum(f.severity is s for f in looked.findings) for s in STYLES}
    told = ", ".join(f"{count} {STYLES[s][0].lower()}" for s, count in counts.items())
    style = STYLES[looked.worst][2] if looked.worst else "bold green"
    return Text(f"\n{told}.", style)
