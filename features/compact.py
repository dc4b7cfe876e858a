"""A history laid out to be read fast: use in a file a month, tables sorted by customer and time.

The folder written is a history like any other. Rows of use are written once and keep their month;
rows of the other tables live on (a ticket is resolved, an invoice paid), so these are a file each.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import rmtree

import ibis
import ibis.expr.types as ir

from features.dialect import digest
from features.errors import SourceError
from features.history import History
from features.locked import only_writer
from features.outside import into
from features.tables import TABLES, USAGE, Table

MANIFEST = "manifest.json"
WHOLE = ""
UNDATED = "undated"
UNFINISHED = ".unfinished"
MONTH, HASH = "_month", "_hash"
ROWS_A_GROUP = 30_720  # of which a customer's look-up reads one a file; DuckDB's least is 2,048
HALF = 31  # bits of a hash that are summed: two thousand million rows fit into a whole number
Step = Callable[[str], None]
Lay = Callable[[Table, ir.Table, Path, Sequence[str]], None]


@dataclass(frozen=True)
class Part:
    """The rows of one file: how many, and a digest that no order of theirs changes."""

    rows: int
    digest: str


@dataclass(frozen=True)
class Compacted:
    """What a run did: files written, files that were as they should be, files removed."""

    written: tuple[str, ...]
    kept: tuple[str, ...]
    removed: tuple[str, ...]


def lay(table: Table, rows: ir.Table, to: Path, files: Sequence[str]) -> None:
    """Files of a table's rows under their unfinished names, one after the other."""
    for file in files:
        _write(table, rows, to, file)


def compact(history: History, to: Path, step: Step = lambda _: None, lay: Lay = lay) -> Compacted:
    """Writes the history's tables into a folder; only files whose rows are others than before.

    Every file is written under another name and renamed, so that whoever reads meanwhile sees whole
    months. A run that fails leaves nothing beside them; one that was killed is made good by the
    next. `step` is told one step a table.

    Raises:
        Busy: Another process is writing into the folder.
        SourceError: The folder holds something else than a compacted history, or the history is
            not in files.
        TargetError: The folder is full or cannot be written.
    """
    _require_files(history)
    _manifest(to)  # nothing is put, not even a lock, into a folder of something else
    with into(to), only_writer(to), _nothing_left(to):
        return _compacted(history, to, _manifest(to), step, lay)


@contextmanager
def _nothing_left(to: Path) -> Iterator[None]:
    """Removes unfinished files: what a killed run has left, and, whatever happens, one's own."""
    _remove_unfinished(to)
    try:
        yield
    finally:
        _remove_unfinished(to)


def _remove_unfinished(to: Path) -> None:
    for left in [*to.glob(f".*{UNFINISHED}"), *to.glob(f"*/.*{UNFINISHED}")]:
        if left.is_dir():
            rmtree(left)
        else:
            left.unlink()


def _compacted(
    history: History, to: Path, before: Mapping[str, Part], step: Step, lay: Lay
) -> Compacted:
    wanted: dict[str, Part] = {}
    written: list[str] = []
    for name, rows in history.tables.items():
        step(name)
        found = _parts(TABLES[name], rows)
        wanted |= found
        changed = [file for file, part in found.items() if _differs(to / file, before, part)]
        lay(TABLES[name], rows, to, changed)
        written += changed
    removed = _replace(to, before, wanted, written)
    kept = tuple(file for file in wanted if file not in written)
    return Compacted(tuple(written), kept, removed)


def _manifest(to: Path) -> Mapping[str, Part]:
    """The files of the run before, as it left them."""
    if not (to / MANIFEST).is_file():
        if to.exists() and (not to.is_dir() or any(to.glob("[!.]*"))):
            raise SourceError(f"{to} holds something else: name a new folder to compact into.")
        return {}
    told = json.loads((to / MANIFEST).read_text())
    return {file: Part(**part) for file, part in told["files"].items()}


def _require_files(history: History) -> None:
    if any(t.get_backend().name not in ("duckdb", "pyspark") for t in history.tables.values()):
        raise SourceError("Only files are compacted: a database keeps its tables in its own way.")


def _parts(table: Table, rows: ir.Table) -> dict[str, Part]:
    """The files that a table is kept in, with what they are to hold: one scan."""
    hashed = rows.select(
        **{MONTH: month_of(table, rows), HASH: digest([rows[name] for name in table.names])}
    )
    low = (hashed[HASH] & (2**HALF - 1)).sum()
    high = ((hashed[HASH] >> HALF) & (2**HALF - 1)).sum()
    found = hashed.group_by(MONTH).aggregate(rows=hashed.count(), low=low, high=high)
    told = found.order_by(MONTH).to_pyarrow().to_pylist() or [_nothing(table)]
    return {
        _file(table, month[MONTH]): Part(month["rows"], f"{month['high']:x}-{month['low']:x}")
        for month in told
    }


def _nothing(table: Table) -> Mapping[str, object]:
    """A table without rows is a file without rows: it is known to be empty."""
    return {MONTH: UNDATED if table == USAGE else WHOLE, "rows": 0, "low": 0, "high": 0}


def month_of(table: Table, rows: ir.Table) -> ir.StringValue:
    """The month of a row of use; WHOLE of any other."""
    if table != USAGE:
        return ibis.literal(WHOLE)
    return rows[table.at].strftime("%Y-%m").fill_null(UNDATED)


def _file(table: Table, month: str) -> str:
    return f"{table.name}/{month}.parquet" if month else f"{table.name}.parquet"


def _differs(path: Path, before: Mapping[str, Part], part: Part) -> bool:
    file = path.name if path.stem in TABLES else f"{path.parent.name}/{path.name}"
    return before.get(file) != part or not path.is_file()


def in_order(table: Table) -> list[str]:
    """What rows are sorted by: the customer and time, and then all the rest."""
    return list(dict.fromkeys(("customer_id", table.at, *table.names)))


def _write(table: Table, rows: ir.Table, to: Path, file: str) -> None:
    month = Path(file).stem if table == USAGE else WHOLE
    path = unfinished(to / file)
    path.parent.mkdir(parents=True, exist_ok=True)
    order = in_order(table)
    some = rows.filter(month_of(table, rows) == month) if month else rows
    some.order_by([some[name].asc(nulls_first=True) for name in order]).to_parquet(
        path, row_group_size=ROWS_A_GROUP
    )


def _replace(
    to: Path, before: Mapping[str, Part], wanted: Mapping[str, Part], written: list[str]
) -> tuple[str, ...]:
    """Puts what was written in the place of what was, and then says so in the manifest."""
    for file in written:
        unfinished(to / file).replace(to / file)
    removed = tuple(file for file in before if file not in wanted)
    for file in removed:
        (to / file).unlink(missing_ok=True)
    told = {"files": {file: asdict(part) for file, part in sorted(wanted.items())}}
    unfinished(to / MANIFEST).write_text(json.dumps(told, indent=2) + "\n")
    unfinished(to / MANIFEST).replace(to / MANIFEST)
    return removed


def unfinished(path: Path) -> Path:
    """Where a file is written before it is renamed."""
    # Not named .parquet, so that no reader takes it for a month.
    return path.with_name(f".{path.name}{UNFINISHED}")
