"""The portfolio as a CSV file that opens in a spreadsheet as it is meant."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from io import StringIO
from typing import Any

MARK = "\N{BYTE ORDER MARK}"  # without it, Excel reads names as Latin-1
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "place", "customer_id", "name", "band", "probability", "horizon_days", "probability_previous",
    "change", "revenue_at_risk", "mrr", "renewal_date", "days_to_renewal", "owner", "segment",
    "plan", "reason_1", "reason_2", "reason_3", "as_of", "model_version",
)  # fmt: skip


def lines(rows: Iterable[Mapping[str, Any]], as_of: date, model_version: str) -> Iterator[str]:
    """The file's lines, headings first; what a spreadsheet would run as a formula is quoted."""
    yield MARK + _line(COLUMNS)
    for row in rows:
        said = _flat(row, as_of) | {"as_of": as_of, "model_version": model_version}
        yield _line([_cell(said[name]) for name in COLUMNS])


def _flat(row: Mapping[str, Any], as_of: date) -> dict[str, Any]:
    reasons = [*(row["reasons"] or []), None, None, None]
    return {
        **row,
        "probability_previous": row["previous"],
        "renewal_date": renewal_date(as_of, row["days_to_renewal"]),
        **{f"reason_{n + 1}": reasons[n] for n in range(3)},
    }


def renewal_date(as_of: date, days: int | None) -> date | None:
    """The day of the next renewal."""
    return None if days is None else as_of + timedelta(days=days)


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, str) and value.startswith(FORMULAS):
        return f"'{value}"
    return value


def _line(cells: Iterable[Any]) -> str:
    line = StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
