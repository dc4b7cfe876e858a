"""A folder as a sink: the whole base as one CSV or Parquet file a run, there all at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from serving.sinks.fields import Field
from serving.sinks.kinds import COUNT, DAY, MOMENT, MONEY, PROBABILITY, Value
from serving.sinks.record import Outcome, Record
from serving.sinks.sink import SetUp
from serving.sinks.vendors import Form

EVERYBODY = 10_000_000
FORMULA = ("=", "+", "-", "@", "\t", "\r")
TYPES = {
    COUNT: pa.int64(),
    PROBABILITY: pa.float64(),
    MONEY: pa.float64(),
    DAY: pa.date32(),
    MOMENT: pa.timestamp("us", "UTC"),
}


@dataclass(frozen=True)
class Files:
    """A folder; the file is named after the run's as-of date."""

    folder: Path
    as_of: str
    form: Form
    fields: tuple[Field, ...]
    batch: int = EVERYBODY
    name: str = "files"

    @property
    def path(self) -> Path:
        """The run's file."""
        return self.folder / f"scores-{self.as_of}.{self.form}"

    def set_up(self, fields: Sequence[Field]) -> SetUp:
        """There is nothing to make but the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return SetUp((), tuple(field.name for field in fields))

    def require_ready(self, fields: Sequence[Field]) -> None:
        """See Sink; a folder always is."""
        self.set_up(fields)

    def close(self) -> None:
        """See Sink; there is nothing to end."""

    def send(self, batch: Sequence[Record], ids: Mapping[str, str]) -> Iterator[list[Outcome]]:
        """Writes everybody to a temporary name, and renames it."""
        rows = _table(self.fields, batch, for_people=self.form is Form.CSV)
        with NamedTemporaryFile(dir=self.folder, prefix=".", delete=False) as file:
            made = Path(file.name)
        try:
            _write(rows, made, self.form)
            made.chmod(0o644)
            made.replace(self.path)
        finally:
            made.unlink(missing_ok=True)
        yield [Outcome(record.customer_id, accepted=True) for record in batch]


def _table(fields: Sequence[Field], batch: Sequence[Record], for_people: bool) -> pa.Table:
    columns = {
        field.name: pa.array(
            [_shown(record.values[field.name], for_people) for record in batch],
            TYPES.get(field.kind, pa.string()),
        )
        for field in fields
    }
    return pa.table(columns)


def _shown(value: Value, for_people: bool) -> Value:
    """Text that no spreadsheet takes for a formula, where a spreadsheet may read it."""
    starts = isinstance(value, str) and value.startswith(FORMULA)
    return f"'{value}" if for_people and starts else value


def _write(rows: pa.Table, path: Path, form: Form) -> None:
    if form is Form.PARQUET:
        pq.write_table(rows, path)
    else:
        csv.write_csv(rows, path)
