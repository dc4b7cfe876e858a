"""Which date format values look like, so that a person is told what to set instead of to look."""

from collections.abc import Sequence
from datetime import datetime

from features.sources.canonical import formats

LOOKS = {
    "yyyy-mm-dd": "%Y-%m-%d",
    "dd-mm-yyyy": "%d-%m-%Y",
    "mm-dd-yyyy": "%m-%d-%Y",
    "dd/mm/yyyy": "%d/%m/%Y",
    "mm/dd/yyyy": "%m/%d/%Y",
    "dd.mm.yyyy": "%d.%m.%Y",
    "yyyy/mm/dd": "%Y/%m/%d",
    "yyyymmdd": "%Y%m%d",
    "dd/mm/yy": "%d/%m/%y",
    "mm/dd/yy": "%m/%d/%y",
    "dd-Mon-yyyy": "%d-%b-%Y",
    "Mon dd, yyyy": "%b %d, %Y",
}
ISO_LOOK = "yyyy-mm-dd"
EPOCH_DIGITS = {10: "seconds", 13: "milliseconds", 16: "microseconds"}
MOST = 0.8


def advice(values: Sequence[str], date_format: str) -> str:
    """What to do about dates that `date_format` does not read, from some of them."""
    if unit := _epoch(values):
        return f"These are {unit} since 1970: hand over timestamps instead."
    looks = looks_like(values)
    if not looks:
        return "Write dates as yyyy-mm-dd, or as text in one format named by date_format."
    if len(looks) > 1:
        told = " or ".join(f'{look} (date_format = "{LOOKS[look]}")' for look in looks)
        return f"They look like {told}: find a date after the 12th to tell which."
    [look] = looks
    if date_format and look == ISO_LOOK:
        return f"They look like {look}: drop date_format, or write every table's dates as it says."
    both = " One format holds for all tables: rewrite the others." if date_format else ""
    return f'They look like {look}; set date_format = "{LOOKS[look]}".{both}'


def looks_like(values: Sequence[str]) -> list[str]:
    """The looks that read most of the values, the best only; more than one where none can tell."""
    read = {look: _read(values, LOOKS[look]) for look in LOOKS}
    best = max(read.values(), default=0)
    return [n for n, count in read.items() if count == best] if best >= MOST * len(values) else []


def _read(values: Sequence[str], date_format: str) -> int:
    return sum(any(_fits(v, f) for f in formats(date_format)) for v in values) if values else 0


def _fits(value: str, date_format: str) -> bool:
    try:
        datetime.strptime(value.strip(), date_format)
    except ValueError:
        return False
    return True


def _epoch(values: Sequence[str]) -> str:
    lengths = {len(v.strip()) if v.strip().isdigit() else 0 for v in values}
    return EPOCH_DIGITS.get(lengths.pop(), "") if len(lengths) == 1 else ""
