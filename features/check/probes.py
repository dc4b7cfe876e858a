"""Questions to the values of a table, all answered by one scan of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from features.check.finding import few
from features.rules import ENDS, RANGES, before
from features.sources.canonical import ISO, cast, is_convertible
from features.tables import SUBSCRIPTIONS, Kind, Table, arrival_of

MAY_BE_NEGATIVE = {"invoices": "amount", "payments": "amount"}
AS_FOUND = "as_found_"


@dataclass(frozen=True)
class Probe:
    """A question about each row, and the value shown as an example where the answer is yes."""

    check: str
    column: str
    test: ir.BooleanValue
    shown: ir.Value | None = None


@dataclass(frozen=True)
class Answer:
    """How many rows answered yes, of how many, with examples."""

    check: str
    column: str
    rows: int
    of: int
    examples: tuple[str, ...]


def wide(table: Table, found: ir.Table, date_format: str = ISO) -> ir.Table:
    """The columns that were found, as read; those read from text also as found (`as_found_*`)."""
    there = [name for name in table.names if name in found.columns]
    names = [name for name in there if is_convertible(found[name].type(), table[name].kind)]
    texts = [n for n in names if found[n].type().is_string() and table[n].kind is not Kind.TEXT]
    as_found = {AS_FOUND + name: found[name].strip().nullif("") for name in texts}
    return found.select(**{n: cast(found, table[n], date_format) for n in names}, **as_found)


def answers(rows: ir.Table, probes: Sequence[Probe]) -> list[Answer]:
    """Every probe's answer, from one aggregate."""
    asked = {"rows": rows.count()}
    for i, probe in enumerate(probes):
        asked[f"n{i}"] = rows.count(where=probe.test)
        if probe.shown is not None:
            asked[f"low{i}"] = probe.shown.min(where=probe.test)
            asked[f"high{i}"] = probe.shown.max(where=probe.test)
    [told] = rows.aggregate(**asked).to_pyarrow().to_pylist()
    return [_answer(probe, told, i) for i, probe in enumerate(probes)]


def _answer(probe: Probe, told: Mapping[str, Any], place: int) -> Answer:
    examples = few([told.get(f"low{place}"), told.get(f"high{place}")])
    return Answer(probe.check, probe.column, told[f"n{place}"], told["rows"], examples)


def probes(table: Table, rows: ir.Table, currency: str) -> list[Probe]:
    """All questions that this table's declaration asks; `rows` come from `wide`."""
    asked = [*_readable(table, rows), *_allowed(table, rows), *_ranges(table, rows)]
    asked += _revealed(table, rows)
    asked += [*_order_of_times(table, rows), *_of_one_table(table, rows, currency)]
    return asked


def _readable(table: Table, rows: ir.Table) -> Iterator[Probe]:
    for name in _present(table, rows):
        value = rows[name]
        if AS_FOUND + name in rows.columns:
            text = rows[AS_FOUND + name]
            yield Probe("missing", name, text.isnull())
            yield Probe("unreadable", name, value.isnull() & text.notnull(), text)
        elif table[name].kind is Kind.TEXT:
            yield Probe("missing", name, value.isnull() | (value == ""))
        else:
            yield Probe("missing", name, value.isnull())


def _allowed(table: Table, rows: ir.Table) -> Iterator[Probe]:
    for name in (name for name in _present(table, rows) if table[name].allowed):
        value = rows[name]
        yield Probe("not_allowed", name, value.notnull() & ~value.isin(table[name].allowed), value)


def _ranges(table: Table, rows: ir.Table) -> Iterator[Probe]:
    present = _present(table, rows)
    for (name, column), (least, most) in RANGES.items():
        if name == table.name and column in present:
            value = rows[column]
            yield Probe("beyond_range", column, (value < least) | (value > most), value)
    amount = MAY_BE_NEGATIVE.get(table.name, "")
    if amount in present:
        yield Probe("negative_amount", amount, rows[amount] < 0, rows[amount])


def _revealed(table: Table, rows: ir.Table) -> Iterator[Probe]:
    """Values that nothing reveals: without the time of their reveal they are never known."""
    present = _present(table, rows)
    for time, hidden in table.reveals.items():
        unknown = rows[time].isnull() if time in present else ibis.literal(True)
        for name in (name for name in hidden if name in present and name != time):
            yield Probe("never_revealed", name, rows[name].notnull() & unknown, rows[name])


def _order_of_times(table: Table, rows: ir.Table) -> Iterator[Probe]:
    if _all_there(table, rows, table.at, "known_at"):
        early = before(rows["known_at"], rows[table.at])
        yield Probe("arrived_before", "known_at", early, _shown(table, rows))
    for end in ENDS.get(table.name, ()):
        if _all_there(table, rows, end, arrival_of(end)):
            early = before(rows[arrival_of(end)], rows[end])
            yield Probe("arrived_before", arrival_of(end), early, _shown(table, rows))
    if _all_there(table, rows, "issued_at", "due_at"):
        early = before(rows["due_at"], rows["issued_at"])
        yield Probe("due_before_issued", "due_at", early, _shown(table, rows))


def _of_one_table(table: Table, rows: ir.Table, currency: str) -> Iterator[Probe]:
    present = _present(table, rows)
    if table is not SUBSCRIPTIONS:
        return
    if "currency" in present:
        yield Probe("other_currency", "currency", rows["currency"] != currency, rows["currency"])
    if "ended_at" in present:
        reason = rows["end_reason"] if "end_reason" in present else ibis.null("string")
        without = rows["ended_at"].notnull() & reason.isnull()
        yield Probe("end_without_reason", "end_reason", without, _shown(table, rows))


def _present(table: Table, rows: ir.Table) -> tuple[str, ...]:
    return tuple(name for name in table.names if name in rows.columns)


def _all_there(table: Table, rows: ir.Table, *names: str) -> bool:
    return set(names) <= set(_present(table, rows))


def _shown(table: Table, rows: ir.Table) -> ir.Value:
    """The id that a person finds a row by."""
    name = table.key[0] if table.key else "customer_id"
    return rows[name] if name in rows.columns else rows[table.at]
