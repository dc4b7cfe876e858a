"""Receipts: one file a push, one line a record: what was sent, whether it was taken, and why not.

A line is on the disk before anything else is told of it; a line that a killed process left half
written is cut off by the next one.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from features.errors import SourceError
from serving.sinks.record import Outcome
from serving.sinks.state import State

FOLDER = "receipts"
RECORD = "customer_id"


@dataclass(frozen=True, eq=False)
class Receipt:
    """A push's open receipt."""

    path: Path
    file: BinaryIO

    def write(self, lines: Iterable[Mapping[str, Any]]) -> int:
        """Add lines, and return when they are on the disk; tells how long the file is then."""
        told = (json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        self.file.write("".join(told).encode())
        self.file.flush()
        os.fsync(self.file.fileno())
        return self.file.tell()


@contextmanager
def begun(folder: Path, at: datetime, head: Mapping[str, Any]) -> Iterator[Receipt]:
    """A new receipt, named after the moment; its first line says what the push is of."""
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{at:%Y-%m-%dT%H%M%S.%fZ}.jsonl"
    with path.open("xb") as file:
        receipt = Receipt(path, file)
        receipt.write([head])
        yield receipt


def line_of(outcome: Outcome, at: str, sent: bool = True) -> dict[str, Any]:
    """One record's line."""
    return {
        RECORD: outcome.customer_id,
        "sent": sent,
        "accepted": outcome.accepted,
        "error": outcome.error,
        "crm_id": outcome.crm_id,
        "created": outcome.created,
        "at": at,
    }


def lines_of(path: Path) -> list[dict[str, Any]]:
    """A receipt's lines about records.

    Raises:
        SourceError: There is no such file, or it is no receipt.
    """
    try:
        found = [json.loads(line) for line in _whole(path.read_bytes()).splitlines()]
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read as a receipt: {error}") from error
    return [line for line in found if RECORD in line]


def failed(path: Path) -> list[str]:
    """The customers whose records a receipt says were not taken."""
    last = {line[RECORD]: line["accepted"] for line in lines_of(path)}
    return [customer for customer, accepted in last.items() if not accepted]


def caught_up(state: State, folder: Path) -> int:
    """Reads into the state what a killed push wrote into its receipt only; how many records."""
    name = state.told("receipt")
    path = folder / FOLDER / (name or "")
    if not name or not path.is_file():
        return 0
    data = path.read_bytes()
    whole = _whole(data)
    if len(whole) < len(data):
        os.truncate(path, len(whole))
    unread = whole[int(state.told("read") or 0) :].splitlines()
    lines = [line for line in map(json.loads, unread) if RECORD in line]
    for line in lines:
        state.settle([_outcome(line)], line["at"], name, len(whole))
    return len(lines)


def _outcome(line: Mapping[str, Any]) -> Outcome:
    return Outcome(line[RECORD], line["accepted"], line["error"], line["crm_id"], line["created"])


def _whole(data: bytes) -> bytes:
    """The lines that were written to their end."""
    return data[: data.rfind(b"\n") + 1]
