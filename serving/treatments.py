"""What CSMs did about a risk, and what they think of the score: kept for ever, one file a record.

A record is a Parquet file that appears by one rename and never changes. `treatments/` has the
columns of the canonical table, so that training reads it as a part of the history; `verdicts/` says
who agreed with which score.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Self
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, model_validator

from serving.schemas import Said

TREATMENTS, VERDICTS = "treatments", "verdicts"
MOMENT = pa.timestamp("us")
TEXTS = ("customer_id", "play", "channel", "arm", "note", "by", "record_id")
TREATMENT = pa.schema(
    [
        *((name, pa.string()) for name in TEXTS),
        ("cost", pa.float64()),
        ("at", MOMENT),
        ("known_at", MOMENT),
    ]
)
VERDICT = pa.schema(
    [
        *((name, pa.string()) for name in ("customer_id", "name", "owner", "segment", "verdict")),
        *((name, pa.string()) for name in ("note", "by", "play", "band", "model_version")),
        ("probability", pa.float64()),
        ("horizon_days", pa.int32()),
        ("as_of", pa.date32()),
        ("at", MOMENT),
        ("known_at", MOMENT),
        ("record_id", pa.string()),
    ]
)


class Treatment(Said):
    """What was done about one customer's risk, or whether the score is right, or both."""

    customer_id: str = Field(min_length=1, max_length=200)
    at: date = Field(description="The day on which it was done.")
    play: str | None = Field(None, max_length=100, description="What was done; null: nothing yet.")
    channel: str | None = Field(None, max_length=50)
    cost: float | None = Field(None, ge=0, le=1e9, allow_inf_nan=False)
    verdict: Literal["agree", "disagree"] | None = Field(
        None, description="Whether whoever knows the customer agrees with the score."
    )
    note: str = Field("", max_length=2000)
    by: str = Field("", max_length=100, description="Who says so.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.play is None and self.verdict is None:
            raise ValueError("Say what was done, or whether you agree with the score.")
        return self


@dataclass(frozen=True)
class Records:
    """Everything recorded, the newest first."""

    treatments: tuple[Mapping[str, Any], ...]
    verdicts: tuple[Mapping[str, Any], ...]

    def of(self, customer_id: str) -> "Records":
        """One customer's."""
        mine = (
            tuple(row for row in rows if row["customer_id"] == customer_id)
            for rows in (self.treatments, self.verdicts)
        )
        return Records(*mine)


class Ledger:
    """The folder of records; reads each file once."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self.folder = folder
        self._clock = clock
        self._lock = Lock()
        self._read: dict[Path, Mapping[str, Any]] = {}

    @property
    def today(self) -> date:
        """The day on which something recorded now is known."""
        return self._clock().date()

    def add(self, said: Treatment, score: Mapping[str, Any]) -> str:
        """Keep a record beside the score it is about; returns its id.

        Raises:
            ValueError: It is dated in the future.
        """
        if said.at > self.today:
            raise ValueError(f"{said.at} lies in the future; today is {self.today}, in UTC.")
        now, record_id = self._clock().astimezone(UTC).replace(tzinfo=None), uuid4().hex
        at = min(now, datetime(said.at.year, said.at.month, said.at.day, 12))
        row = said.model_dump() | {"at": at, "known_at": now, "record_id": record_id}
        if said.play is not None:
            self._write(TREATMENTS, row | {"arm": "chosen"}, TREATMENT)
        if said.verdict is not None:
            self._write(VERDICTS, _about(score) | row, VERDICT)
        return record_id

    def records(self) -> Records:
        """Everything recorded so far, by whichever process."""
        with self._lock:
            return Records(self._rows(TREATMENTS), self._rows(VERDICTS))

    def _rows(self, kind: str) -> tuple[Mapping[str, Any], ...]:
        files = list((self.folder / kind).glob("*.parquet"))
        self._read |= {file: _row(file) for file in files if file not in self._read}
        found = (self._read[file] for file in files)
        return tuple(sorted(found, key=lambda row: (row["at"], row["known_at"]), reverse=True))

    def _write(self, kind: str, row: Mapping[str, Any], schema: pa.Schema) -> None:
        place = self.folder / kind
        place.mkdir(parents=True, exist_ok=True)
        name = f"{row['known_at']:%Y%m%dT%H%M%S%f}-{row['record_id']}.parquet"
        unfinished = place / f".{name}"
        pq.write_table(pa.Table.from_pylist([dict(row)], schema), unfinished)
        unfinished.rename(place / name)


def _about(score: Mapping[str, Any]) -> dict[str, Any]:
    """What the score said that a verdict is about."""
    names = ("name", "owner", "segment", "band", "model_version", "probability")
    return {name: score[name] for name in (*names, "horizon_days", "as_of")}


def _row(file: Path) -> Mapping[str, Any]:
    row: dict[str, Any] = pq.ParquetFile(file).read().to_pylist()[0]
    return row
