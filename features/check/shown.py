"""The report as a person reads it in a terminal: the account of the rows, then the worst first."""

from collections.abc import Iterator
from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from features.check.aside import TableRows
from features.check.finding import Finding, Severity
from features.check.report import Report

HEADS = {
    Severity.ERROR: ("Errors", "the history cannot be used; training stops", "bold red"),
    Severity.WARNING: ("Warnings", "rows or trust are lost", "bold yellow"),
    Severity.ADVICE: ("Advice", "worth a look", "bold cyan"),
}


def shown(told: Report) -> RenderableType:
    """The whole report, for a rich console."""
    parts: list[RenderableType] = [_book(told), _accounts(told)] if told.tables else []
    for severity in Severity:
        parts += _section(severity, told.of(severity))
    return Group(*parts, _verdict(told))


def _book(told: Report) -> Text:
    return Text(
        f"{told.customers:,} customers, {told.churned:,} of them left; "
        f"{told.months:.1f} months of history as of {told.now:%Y-%m-%d}."
    )


def _accounts(told: Report) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("table")
    for name in ("rows", "used", "set aside"):
        table.add_column(name, justify="right")
    table.add_column("first")
    table.add_column("last")
    for name, rows in told.tables.items():
        table.add_row(name, *_counts(rows), _day(rows.first), _day(rows.last))
    return table


def _counts(rows: TableRows) -> tuple[str, str, str]:
    account = rows.account
    return f"{account.rows:,}", f"{account.used:,}", f"{account.rows - account.used:,}"


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "-"


def _section(severity: Severity, findings: tuple[Finding, ...]) -> Iterator[RenderableType]:
    if not findings:
        return
    title, meaning, style = HEADS[severity]
    yield Text.assemble("\n", (title, style), f" ({len(findings)}): {meaning}")
    for finding in findings:
        yield from _finding(finding, style)


def _finding(finding: Finding, style: str) -> Iterator[RenderableType]:
    where = f" {finding.table}" * bool(finding.table)
    yield _indented(2, (finding.name, style), where)
    yield _indented(4, finding.what)
    if finding.examples and not any(example in finding.what for example in finding.examples):
        yield _indented(4, (f"Such as {' and '.join(finding.examples)}.", "dim"))
    yield _indented(4, ("-> ", "bold"), finding.do)


def _indented(by: int, *parts: str | tuple[str, str]) -> RenderableType:
    return Padding(Text.assemble(*parts), (0, 0, 0, by), expand=False)


def _verdict(told: Report) -> Text:
    counts = ", ".join(f"{len(told.of(s))} {HEADS[s][0].lower()}" for s in Severity)
    if told.errors:
        return Text(f"\n{counts}. Correct the errors before training.", "bold red")
    return Text(f"\n{counts}. The history can be used.", "bold green")
