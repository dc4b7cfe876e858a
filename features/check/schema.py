"""What the tables and columns themselves show, before any row is read."""

from collections.abc import Iterator
from difflib import get_close_matches

import ibis.expr.types as ir

from features.check.finding import Finding, Severity
from features.sources.canonical import absent, is_convertible
from features.sources.found import Found
from features.tables import TABLES, Column, Kind, Table

CONTRACT = "docs/data-contract.md says what each table and column is"
OVERWRITTEN = {
    *("active", "churn", "churned", "current", "engagement", "health", "last", "lifecycle", "risk"),
    *(
        "arr",
        "mrr",
        "plan",
        "score",
        "seats",
        "stage",
        "status",
        "tier",
        "total",
        "trial",
        "updated",
    ),
}
ALIKE = 0.85
BEHAVIOUR = ("usage", "tickets", "invoices", "payments", "surveys", "milestones")


def schema(found: Found, contracts: bool) -> Iterator[Finding]:
    """Findings on the names and types of tables and columns."""
    yield from _missing_tables(found, contracts)
    yield from _other_tables(found)
    for name, rows in found.tables.items():
        yield from _columns(TABLES[name], rows)
    if not any("known_at" in rows.columns for rows in found.tables.values()):
        what = "No table says when its rows arrived: they count as known when they happened."
        do = "Add known_at where rows arrive late, or past scores will look better than they were."
        yield Finding("no_arrival_times", Severity.ADVICE, what, do)


def _missing_tables(found: Found, contracts: bool) -> Iterator[Finding]:
    needed = {"customers": "nobody is known", "subscriptions": "nobody can be seen to leave"}
    for name, means in needed.items():
        if name not in found.tables and (name != "subscriptions" or contracts):
            yield _no_table(name, means, contracts)
    if not set(BEHAVIOUR) & set(found.tables):
        what = f"There is no table about what customers do ({', '.join(BEHAVIOUR)})."
        yield Finding("missing_table", Severity.ERROR, what, "Provide at least usage.")
    elif without := [name for name in BEHAVIOUR if name not in found.tables]:
        what = f"There is no table {', '.join(without)}: features about it will be empty."
        yield Finding("no_such_table", Severity.ADVICE, what, "Add them where they exist.")


def _no_table(name: str, means: str, contracts: bool) -> Finding:
    required = ", ".join(TABLES[name].required)
    instead = ", or set label = 'inactivity' where there are no contracts"
    do = (
        f"Provide {name} with {required}{instead if name == 'subscriptions' and contracts else ''}."
    )
    what = f"There is no table {name}, without which {means}."
    return Finding("missing_table", Severity.ERROR, what, do, name)


def _other_tables(found: Found) -> Iterator[Finding]:
    for name in found.others:
        meant = get_close_matches(name.split(".")[0], TABLES, n=1)
        do = f"Call it {meant[0]}, if that is what it is." if meant else "Nothing, if so intended."
        what = f"{name} is not a table of the contract, and is not read."
        yield Finding("unknown_table", Severity.ADVICE, what, do, name)


def _columns(table: Table, rows: ir.Table) -> Iterator[Finding]:
    for name in absent(table, rows):
        yield _no_column(table, table[name], rows)
    others = [name for name in rows.columns if name not in table.names]
    changing = [name for name in others if table.static and is_overwritten(name)]
    yield from _overwritten(table, changing)
    yield from _ignored(table, [name for name in others if name not in changing], rows)
    for name in (name for name in rows.columns if name in table.names):
        if not is_convertible(rows[name].type(), table[name].kind):
            yield _wrong_type(table, table[name], str(rows[name].type()))


def is_overwritten(name: str) -> bool:
    """Whether a column's name says that it is written anew in place: health_score, status."""
    return bool(OVERWRITTEN & set(name.lower().split("_")))


def _no_column(table: Table, column: Column, rows: ir.Table) -> Finding:
    others = [name for name in rows.columns if name not in table.names]
    meant = get_close_matches(column.name, others, n=1)
    rename = f"Rename {meant[0]} to {column.name}" if meant else f"Add it: {column.meaning}"
    what = f"{table.name} has no column {column.name}; it has {', '.join(rows.columns)}."
    do = f"{rename.removesuffix('.')}. {CONTRACT}."
    return Finding("missing_column", Severity.ERROR, what, do, table.name, column.name)


def _overwritten(table: Table, names: list[str]) -> Iterator[Finding]:
    if names:
        said = ", ".join(names)
        what = f"{table.name} has fields that look overwritten in place, and are refused: {said}."
        do = "What changes belongs into a table with the time of each change; leave it out here."
        yield Finding("overwritten_column", Severity.WARNING, what, do, table.name, said)


def _ignored(table: Table, names: list[str], rows: ir.Table) -> Iterator[Finding]:
    if names:
        free = [name for name in table.names if name not in rows.columns]
        meant = {name: get_close_matches(name, free, n=1, cutoff=ALIKE) for name in names}
        renames = [f"{name} to {close[0]}" for name, close in meant.items() if close]
        do = f"Rename {', '.join(renames)}, if so meant." if renames else "Nothing, if so intended."
        said = ", ".join(names)
        what = f"{table.name} has columns that are not in the contract, and are ignored: {said}."
        yield Finding("unknown_column", Severity.ADVICE, what, do, table.name, said)


def _wrong_type(table: Table, column: Column, found: str) -> Finding:
    severity = Severity.ERROR if column.required else Severity.WARNING
    wanted = "a timestamp or a date" if column.kind is Kind.TIME else f"a {column.kind}"
    what = f"{table.name}.{column.name} is {found}, which is not {wanted}: no value is read."
    do = f"Hand over {wanted}, or text that says one."
    return Finding("wrong_type", severity, what, do, table.name, column.name)
