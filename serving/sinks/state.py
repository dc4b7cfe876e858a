"""What a CRM has accepted, customer by customer: a small SQLite file beside the receipts.

It is written in three steps, so that a process that is killed at any point loses nothing: what is
about to be sent is noted, the receipt gets the answer, the note becomes what was accepted. A later
process finds answers in the receipt that the state has not read yet, and reads them.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from serving.sinks.record import Outcome, Record

FILE = "state.sqlite"
SCHEMA = """
CREATE TABLE IF NOT EXISTS accepted (
    customer_id TEXT PRIMARY KEY, digest TEXT NOT NULL, band TEXT NOT NULL, said TEXT NOT NULL,
    crm_id TEXT, at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS noted (
    customer_id TEXT PRIMARY KEY, digest TEXT NOT NULL, band TEXT NOT NULL, said TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS told (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
ACCEPT = """
INSERT INTO accepted SELECT customer_id, digest, band, said, ?, ? FROM noted WHERE customer_id = ?
ON CONFLICT (customer_id) DO UPDATE SET digest = excluded.digest, band = excluded.band,
    said = excluded.said, crm_id = coalesce(excluded.crm_id, crm_id), at = excluded.at
"""


@dataclass(frozen=True)
class Accepted:
    """What a CRM last accepted of a customer: when, as what, under which id of its own."""

    digest: str
    band: str
    said: str
    crm_id: str | None
    at: str


@dataclass(frozen=True, eq=False)
class State:
    """The state file of one sink."""

    database: sqlite3.Connection

    def accepted(self) -> dict[str, Accepted]:
        """Everything accepted so far, by customer_id."""
        rows = self.database.execute(
            "SELECT customer_id, digest, band, said, crm_id, at FROM accepted"
        )
        return {row[0]: Accepted(*row[1:]) for row in rows}

    def note(self, batch: Iterable[Record]) -> None:
        """What is about to be sent."""
        rows = [(r.customer_id, r.digest, r.band, r.written) for r in batch]
        with self.database:
            self.database.executemany("INSERT OR REPLACE INTO noted VALUES (?, ?, ?, ?)", rows)

    def settle(self, outcomes: Sequence[Outcome], at: str, receipt: str, read: int) -> None:
        """What became of it, as the receipt says up to byte `read`."""
        taken = [(o.crm_id, at, o.customer_id) for o in outcomes if o.accepted]
        with self.database:
            self.database.executemany(ACCEPT, taken)
            self._tell(receipt=receipt, read=str(read))

    def tell(self, **values: str) -> None:
        """Remember something by name."""
        with self.database:
            self._tell(**values)

    def told(self, name: str) -> str | None:
        """Something remembered."""
        row = self.database.execute("SELECT value FROM told WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def _tell(self, **values: str) -> None:
        self.database.executemany("INSERT OR REPLACE INTO told VALUES (?, ?)", values.items())


@contextmanager
def opened(folder: Path) -> Iterator[State]:
    """The state in a folder; made where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(folder / FILE)
    try:
        # A killed process loses nothing so; after a power cut the receipt, which is synchronous,
        # has what the state lacks.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(SCHEMA)
        yield State(database)
    finally:
        database.close()
