"""What the values of a table show: types, date formats, empty columns, values that cannot be."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

import ibis.expr.types as ir

from features.check.finding import Finding, Severity, share
from features.check.formats import advice
from features.check.probes import AS_FOUND, Answer, answers, probes, wide
from features.rules import RANGES
from features.tables import Column, Kind, Table

KINDS = {Kind.TIME: "a date or time", Kind.NUMBER: "a number", Kind.FLAG: "true or false"}
MOSTLY = 0.5
SAMPLE = 200


@dataclass(frozen=True)
class Fault:
    """The words of a check: {share} of the rows, {at} (table and column), {examples}, {more}."""

    severity: Severity
    what: str
    do: str


FAULTS = {
    "unreadable": Fault(
        Severity.WARNING,
        "{at} cannot be read as {more} in {share}, such as {examples}.",
        "Write it as {more}.",
    ),
    "not_allowed": Fault(
        Severity.WARNING,
        "{at} is none of {more} in {share}, such as {examples}.",
        "Map the values in the source: features count only those of the contract.",
    ),
    "beyond_range": Fault(
        Severity.WARNING,
        "{at} is not {more} in {share}, such as {examples}. The value is left out, the row used.",
        "Correct it, or bring it to that scale.",
    ),
    "never_revealed": Fault(
        Severity.WARNING,
        "{at} is filled but {more} is not in {share}, such as {examples}. Nobody can tell since "
        "when it was known, so it is never used.",
        "Fill {more}.",
    ),
    "negative_amount": Fault(
        Severity.ADVICE,
        "{at} is negative in {share}, such as {examples}. They are used.",
        "Nothing, if they are credit notes or refunds.",
    ),
    "arrived_before": Fault(
        Severity.WARNING,
        "{at} lies before the moment it is about in {share}, such as {examples}. They count as "
        "known when they happened.",
        "Correct it: nothing arrives before it happens.",
    ),
    "due_before_issued": Fault(
        Severity.WARNING,
        "{at} lies before issued_at in {share}, such as {examples}. They are used.",
        "Correct the two dates: days overdue are counted from due_at.",
    ),
    "other_currency": Fault(
        Severity.WARNING,
        "{at} is not {more} in {share}, such as {examples}. Amounts are added up as they are.",
        "Convert mrr to one currency, and name it in the setting currency.",
    ),
    "end_without_reason": Fault(
        Severity.ADVICE,
        "{at} is missing where a subscription ended, in {share}, such as {examples}.",
        "Say voluntary, involuntary or other: what was not paid is not what was cancelled.",
    ),
}


def values(table: Table, found: ir.Table, date_format: str, currency: str) -> Iterator[Finding]:
    """Findings on the values of one table, from one scan; dates that are not read take another."""
    rows = wide(table, found, date_format)
    told = answers(rows, probes(table, rows, currency))
    for answer in told:
        if answer.check == "missing":
            yield from _missing(table, answer)
        elif answer.check == "unreadable":
            yield from _unreadable(table, rows, answer, date_format)
        elif answer.check == "other_currency" and answer.rows == answer.of > 0:
            yield _unnamed_currency(table, answer, currency)
        elif answer.rows:
            yield _worded(table, answer, more=_more(table, answer, currency))


def _missing(table: Table, answer: Answer) -> Iterator[Finding]:
    """Columns without values; what is not revealed yet is empty by nature."""
    column = table[answer.column]
    if answer.rows < max(MOSTLY * answer.of, 1) or _may_be_empty(column):
        return
    at = (table.name, column.name, answer.rows)
    if answer.rows == answer.of:
        severity = Severity.ERROR if column.required else Severity.ADVICE
        what = f"{table.name}.{column.name} is empty in every row."
        do = (
            "Fill it: the table cannot be used without."
            if column.required
            else "Fill it, or drop it."
        )
        yield Finding("empty_column", severity, what, do, *at)
    elif not (column.required or column.revealed_by):
        what = f"{table.name}.{column.name} is missing in {share(answer.rows, answer.of)}."
        yield Finding("mostly_empty", Severity.ADVICE, what, "Fill it where it is known.", *at)


def _may_be_empty(column: Column) -> bool:
    """Whether an empty value says something: nothing late, one of a kind, the usual scale."""
    return column.name.endswith("known_at") or column.name == "scale" or column.if_empty is not None


def _unreadable(table: Table, rows: ir.Table, answer: Answer, given: str) -> Iterator[Finding]:
    if not answer.rows:
        return
    column = table[answer.column]
    whole = column.required and answer.rows == answer.of
    severity = Severity.ERROR if whole else Severity.WARNING
    finding = _worded(table, answer, more=_kind(column.kind, given), severity=severity)
    if column.kind is not Kind.TIME:
        yield finding
        return
    do = advice(_unread(rows, column.name), given)
    yield Finding(**{**vars(finding), "do": do})


def _unnamed_currency(table: Table, answer: Answer, currency: str) -> Finding:
    """The whole history in one other currency only wants to be named."""
    finding = _worded(table, answer, more=currency)
    [*others] = answer.examples
    same = len(others) == 1
    do = f"Set currency = '{others[0]}', if that is what you report in." if same else finding.do
    return Finding(**{**vars(finding), "do": do})


def _unread(rows: ir.Table, column: str) -> list[str]:
    text = rows[AS_FOUND + column]
    unread = rows.filter(rows[column].isnull(), text.notnull())
    texts = unread.select(text=text).distinct()
    # By hash, not by text: the first of text dates would all be of the first days of a month.
    taken = texts.order_by(texts["text"].hash()).limit(SAMPLE)
    return [str(value) for value in taken.to_pyarrow()["text"].to_pylist()]


def _worded(table: Table, answer: Answer, more: str, severity: Severity | None = None) -> Finding:
    fault = FAULTS[answer.check]
    words = {
        "share": share(answer.rows, answer.of),
        "at": f"{table.name}.{answer.column}",
        "examples": " and ".join(repr(e) for e in answer.examples),
        "more": more,
    }
    return Finding(
        answer.check,
        severity or fault.severity,
        fault.what.format(**words),
        fault.do.format(**words),
        table.name,
        answer.column,
        answer.rows,
        answer.examples,
    )


def _kind(kind: Kind, date_format: str) -> str:
    given = f' ("{date_format}")' if date_format else " (ISO 8601)"
    return KINDS[kind] + (given if kind is Kind.TIME else "")


def _more(table: Table, answer: Answer, currency: str) -> str:
    """What a value should have been."""
    if answer.check == "other_currency":
        return currency
    if answer.check == "never_revealed":
        return table[answer.column].revealed_by
    if answer.check == "beyond_range":
        least, most = RANGES[table.name, answer.column]
        return f"{least:g} or more" if most == float("inf") else f"{least:g} to {most:g}"
    allowed = table[answer.column].allowed
    close = [get_close_matches(e.lower(), allowed, n=1) for e in answer.examples]
    return ", ".join(allowed) + (" (letter case counts)" if any(close) else "")
