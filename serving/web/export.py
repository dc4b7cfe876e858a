"""The portfolio as a CSV file that opens in a spreadsheet as it is meant."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from io import BytesIO

import pyarrow as pa
from pyarrow import csv

from features.languages import ENGLISH, Language
from features.languages import marked as _
from serving.board import Scored
from serving.retold import Words
from serving.web.asked import Asked
from serving.web.portfolio import chosen

MARK = b"\xef\xbb\xbf"  # without it, Excel reads names as Latin-1
PIECE = 10_000  # customers
FORMULA = "'^[=+@\\t\\r-]'"
REASONS = ("reason_1", "reason_2", "reason_3")
HEADINGS: Mapping[str, str] = {
    "place": _("Rank"),
    "customer_id": _("Customer id"),
    "name": _("Customer"),
    "band": _("Band"),
    "probability": _("Probability"),
    "horizon_days": _("Within days"),
    "probability_previous": _("Probability before"),
    "change": _("Change"),
    "revenue_at_risk": _("Revenue at risk"),
    "mrr": _("MRR"),
    "renewal_date": _("Renewal"),
    "days_to_renewal": _("Days to renewal"),
    "owner": _("Owner"),
    "segment": _("Segment"),
    "plan": _("Plan"),
    "reason_1": _("Reason 1"),
    "reason_2": _("Reason 2"),
    "reason_3": _("Reason 3"),
    "confidence": _("Confidence"),
    "as_of": _("As of"),
}
DANGEROUS = ("=", "+", "@", "\t", "\r", "-")


def pieces(scored: Scored, asked: Asked, words: Words) -> Iterator[bytes]:
    """The file of everybody who is asked for, in their order, headings first.

    Reasons and headings are in the language; English headings are the names that programs read.
    """
    tests, order, given = chosen(asked)
    sql = f"SELECT {_columns(scored)} FROM board WHERE {tests} ORDER BY {order}"  # noqa: S608
    found = scored.database.cursor().execute(sql, given).to_arrow_reader(PIECE)
    yield MARK + _headed(found.schema.names, words.language)
    for batch in found:
        yield _written(_worded(pa.Table.from_batches([batch]), words))


def plain(value: object) -> object:
    """A value that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else value


def renewal_date(as_of: date, days: int | None) -> date | None:
    """The day of the next renewal."""
    return None if days is None else as_of + timedelta(days=days)


def _columns(scored: Scored) -> str:
    as_of = f"DATE '{scored.latest.as_of}'"
    columns = {
        "place": "place",
        "customer_id": _text("customer_id"),
        "name": _text("name"),
        "band": "band",
        "probability": "round(probability, 6)",
        "horizon_days": "horizon_days",
        "probability_previous": "round(previous, 6)",
        "change": "round(change, 6)",
        "revenue_at_risk": "round(revenue_at_risk, 2)",
        "mrr": "round(mrr, 2)",
        "renewal_date": f"{as_of} + days_to_renewal",
        "days_to_renewal": "days_to_renewal",
        "owner": _text("owner"),
        "segment": _text("segment"),
        "plan": _text("plan"),
        "reason_1": "reasons[1]",
        "reason_2": "reasons[2]",
        "reason_3": "reasons[3]",
        "as_of": as_of,
    }
    return ", ".join(f"{sql} AS {name}" for name, sql in columns.items())


def _text(sql: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"CASE WHEN regexp_matches({sql}, {FORMULA}) THEN '''' || {sql} ELSE {sql} END"


def _worded(rows: pa.Table, words: Words) -> pa.Table:
    for name in REASONS:
        told = [plain(words.reason(one)) if one else None for one in rows[name].to_pylist()]
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, name, pa.array(told, pa.string()))
    return rows


def _headed(names: Sequence[str], language: Language) -> bytes:
    english = language is ENGLISH
    said = [name if english else language.say(HEADINGS[name]) for name in names]
    return _written(pa.table({name: pa.array([name]) for name in said}))


def _written(rows: pa.Table) -> bytes:
    lines = BytesIO()
    csv.write_csv(rows, lines, csv.WriteOptions(include_header=False))
    return lines.getvalue()
