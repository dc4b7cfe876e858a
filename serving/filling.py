"""Puts a night's predictions in force for `serving.store`, with the vectors they were made from."""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from features.featureset import Values
from serving.cases import Listed, blocks
from serving.dataset import FILE
from serving.in_json import in_json
from serving.many import Step
from serving.store import FOLDER, POINTER, Store

AT_ONCE = 10_000  # vectors
# A row of some 4 kB fits into a page of its own 8 times; in SQLite's usual pages of 4 kB it would
# take two of them.
TABLES = """
PRAGMA page_size = 32768;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE about (inputs TEXT, numbers TEXT, coded TEXT);
CREATE TABLE answers (customer_id TEXT PRIMARY KEY, said TEXT, vector BLOB) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Coding:
    """Vectors as bytes: a float64 for each number, and for each word its place among the seen."""

    numbers: list[str] = field(default_factory=list)
    words: dict[str, dict[str | None, float]] = field(default_factory=dict)

    def coded(self, columns: Mapping[str, Values]) -> list[bytes]:
        """The vectors of some customers; words that were not seen before are noted."""
        if not self.numbers:
            self.numbers.extend(name for name, v in columns.items() if v.dtype != object)
            self.words.update({n: {None: np.nan} for n, v in columns.items() if v.dtype == object})
        coded = [columns[name] for name in self.numbers]
        coded += [self._places(name, columns[name]) for name in self.words]
        return [row.tobytes() for row in np.column_stack(coded).astype(np.float64)]

    def _places(self, name: str, values: Values) -> Values:
        seen = self.words[name]
        return np.array([seen.setdefault(word, len(seen) - 1.0) for word in values])


def fill(
    scores: Path,
    run: Path,
    inputs: Mapping[str, Any],
    cases: Listed,
    step: Step = lambda _: None,
) -> None:
    """Put a published run's predictions in force, with the vectors that they were made from.

    Nothing is done where they, or those of a later date, are in force. The file before stays for
    who has just read its name. One process fills at a time: the one that writes the scores.
    `step` is told how many more are done.

    Raises:
        ValueError: The run was not made from these cases.
    """
    kept = Store(scores).kept()
    if kept and (kept.inputs == inputs or kept.inputs["as_of"] > inputs["as_of"]):
        return
    folder = scores / FOLDER
    folder.mkdir(exist_ok=True)
    said = json.dumps(dict(inputs), sort_keys=True, default=str)
    made = folder / f"{hashlib.sha256(said.encode()).hexdigest()[:16]}.sqlite"
    unfinished = folder / f".{made.name}"
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished)) as database:
        _write(database, run, said, cases, step)
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(made)
    _point(folder, made.name)


def _write(database: sqlite3.Connection, run: Path, inputs: str, cases: Listed, step: Step) -> None:
    database.executescript(TABLES)
    coding = Coding()
    vectors = _vectors(cases, coding)
    for ids, said in in_json(run / FILE):
        mine = list(islice(vectors, len(ids)))
        if [customer for customer, _ in mine] != ids:
            raise ValueError(f"The rows of {run} are not of the cases they were made from.")
        rows = zip(ids, said, (vector for _, vector in mine), strict=True)
        with database:
            database.executemany("INSERT INTO answers VALUES (?, ?, ?)", rows)
        step(len(ids))
    words = {name: list(seen)[1:] for name, seen in coding.words.items()}
    about = (inputs, json.dumps(coding.numbers), json.dumps(words))
    with database:
        database.execute("INSERT INTO about VALUES (?, ?, ?)", about)


def _vectors(cases: Listed, coding: Coding) -> Iterator[tuple[str, bytes]]:
    """Everybody's vector by id."""
    for some in blocks(cases, AT_ONCE):
        yield from zip(
            [p.customer_id for p in some.people], coding.coded(some.columns), strict=True
        )


def _point(folder: Path, name: str) -> None:
    pointer = folder / POINTER
    before = pointer.read_text().strip() if pointer.is_file() else name
    unfinished = folder / f".{POINTER}"
    unfinished.write_text(name + "\n")
    unfinished.replace(pointer)
    for left in folder.glob("*.sqlite"):
        if left.name not in (before, name):
            left.unlink()
