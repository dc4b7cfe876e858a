"""The portfolio as a CSV file that opens in a spreadsheet as it is meant."""

from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO

import pyarrow as pa
from pyarrow import csv

from serving.board import Scored
from serving.web.asked import Asked
from serving.web.portfolio import chosen

MARK = b"\xef\xbb\xbf"  # without it, Excel reads names as Latin-1
PIECE = 10_000  # customers
FORMULA = "'^[=+@\\t\\r-]'"
DANGEROUS = ("=", "+", "@", "\t", "\r", "-")


def pieces(scored: Scored, asked: Asked) -> Iterator[bytes]:
    """The file of everybody who is asked for, in their order, headings first."""
    tests, order, given = chosen(asked)
    sql = f"SELECT {_columns(scored)} FROM board WHERE {tests} ORDER BY {order}"  # noqa: S608
    found = scored.database.cursor().execute(sql, given).to_arrow_reader(PIECE)
    yield MARK + _written(found.schema.empty_table(), headings=True)
    for batch in found:
        yield _written(pa.Table.from_batches([batch]), headings=False)


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
        "reason_1": _text("reasons[1]"),
        "reason_2": _text("reasons[2]"),
        "reason_3": _text("reasons[3]"),
        "as_of": as_of,
    }
    return ", ".join(f"{sql} AS {name}" for name, sql in columns.items())


def _text(sql: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"CASE WHEN regexp_matches({sql}, {FORMULA}) THEN '''' || {sql} ELSE {sql} END"


def _written(rows: pa.Table, headings: bool) -> bytes:
    lines = BytesIO()
    csv.write_csv(rows, lines, csv.WriteOptions(include_header=headings))
    return lines.getvalue()
