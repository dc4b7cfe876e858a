"""The night's predictions by customer, for a service that answers by id in microseconds.

Beside the scores a folder `_answers` holds one SQLite file for a run, and a pointer that names the
one in force. The pointer is renamed into place, and a file is never changed: whoever has opened one
goes on reading it, also when a newer one is in force or its name is gone.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias
from weakref import finalize

import numpy as np
import pyarrow.parquet as pq

from features.featureset import Values
from serving.cases import INSUFFICIENT, Cases, Person
from serving.dataset import FILE
from serving.ranks import ranked
from serving.schemas import Prediction

FOLDER, POINTER = "_answers", "current"  # readers of the data set pass by what starts so
AT_ONCE = 10_000
TABLES = """
CREATE TABLE about (inputs TEXT, numbers TEXT, words TEXT);
CREATE TABLE answers (customer_id TEXT PRIMARY KEY, said TEXT, numbers BLOB, words TEXT)
    WITHOUT ROWID;
"""
TRIES = 3  # a pointer may be read just before its file is forgotten
CAUSES = ("voluntary", "involuntary")
Row: TypeAlias = tuple[str, bytes, str]  # a prediction, numbers and words of its vector


class Kept:
    """The predictions of one run, made from `inputs`; may be asked by several threads."""

    def __init__(self, path: Path) -> None:
        address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._database = sqlite3.connect(address, uri=True, check_same_thread=False)
        finalize(self, self._database.close)
        self._lock = Lock()
        [said] = self._database.execute("SELECT inputs, numbers, words FROM about")
        self.inputs: Mapping[str, Any] = json.loads(said[0])
        self._numbers, self._words = json.loads(said[1]), json.loads(said[2])

    def of(
        self, customers: Sequence[str], note: Mapping[str, Any] | None = None
    ) -> tuple[Cases, list[Prediction]] | None:
        """The cases of different customers, with predictions ranked among themselves.

        None if there is none of one of them. `note` is what is said otherwise than at night.
        """
        rows = [self._row(customer) for customer in customers]
        found = [row for row in rows if row is not None]
        if len(found) < len(rows) or not found:
            return None
        read = [Prediction.model_validate_json(said) for said, _, _ in found]
        told = ranked(read, note)
        return Cases(tuple(_person(each) for each in told), self._columns(found)), told

    def _columns(self, rows: Sequence[Row]) -> dict[str, Values]:
        numbers = np.frombuffer(b"".join(row[1] for row in rows)).reshape(len(rows), -1)
        words = zip(*(json.loads(row[2]) for row in rows), strict=True)
        columns = [*numbers.T, *(np.array(each, object) for each in words)]
        return dict(zip((*self._numbers, *self._words), columns, strict=True))

    def _row(self, customer: str) -> Row | None:
        query = "SELECT said, numbers, words FROM answers WHERE customer_id = ?"
        with self._lock:
            found: Row | None = self._database.execute(query, (customer,)).fetchone()
        return found


class Store:
    """The predictions in force beside some scores: follows the pointer when it has moved."""

    def __init__(self, scores: Path) -> None:
        self._folder, self._pointer = scores / FOLDER, scores / FOLDER / POINTER
        self._seen: tuple[tuple[int, int], Kept] | None = None

    def kept(self) -> Kept | None:
        """Those in force; None where no night has left any."""
        for _ in range(TRIES):
            try:
                return self._followed()
            except (FileNotFoundError, sqlite3.OperationalError):
                continue
        return None

    def _followed(self) -> Kept:
        found = self._pointer.stat()
        stamp, seen = (found.st_ino, found.st_mtime_ns), self._seen
        if seen is not None and seen[0] == stamp:
            return seen[1]
        kept = Kept(self._folder / self._pointer.read_text().strip())
        self._seen = stamp, kept
        return kept


def fill(scores: Path, run: Path, inputs: Mapping[str, Any], cases: Cases) -> None:
    """Put a published run's predictions in force, with the vectors that they were made from.

    Nothing is done where they, or those of a later date, are in force. The file before stays for
    who has just read its name. One process fills at a time: the one that writes the scores.
    """
    kept = Store(scores).kept()
    if kept and (kept.inputs == inputs or kept.inputs["as_of"] > inputs["as_of"]):
        return
    folder = scores / FOLDER
    folder.mkdir(exist_ok=True)
    said = json.dumps(dict(inputs), sort_keys=True, default=str)
    made = folder / f"{hashlib.sha256(said.encode()).hexdigest()[:16]}.sqlite"
    partial = folder / f".{made.name}"
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(partial)) as database, database:
        database.executescript(TABLES)
        numbers, words = _names(cases)
        about = (said, json.dumps(numbers), json.dumps(words))
        database.execute("INSERT INTO about VALUES (?, ?, ?)", about)
        rows = _rows(run, cases, numbers, words)
        database.executemany("INSERT INTO answers VALUES (?, ?, ?, ?)", rows)
    partial.replace(made)
    _point(folder, made.name)


def prediction_of(row: Mapping[str, Any]) -> Prediction:
    """A row of the data set as the prediction that it was written from."""
    told = {name: value for name, value in row.items() if name in Prediction.model_fields}
    for name in ("reasons", "protective", "context"):
        told[name] = [_reason(reason) for reason in row[name]]
    chances = {n.removeprefix("probability_"): v for n, v in row.items() if "probability_" in n}
    known = {name: value for name, value in chances.items() if value is not None}
    return Prediction(
        **told
        | {
            "themes": {each["theme"]: each["points"] for each in row["themes"]},
            "by_days": {int(name): known[name] for name in known if name not in CAUSES},
            "by_cause": {name: known[name] for name in CAUSES if name in known},
        }
    )


def _reason(row: Mapping[str, Any]) -> dict[str, Any]:
    told = dict(row)
    word = told.pop("value_text")
    return told | {"value": told["value"] if word is None else word}


def _names(cases: Cases) -> tuple[list[str], list[str]]:
    """The columns of numbers, and those of words."""
    words = [name for name, values in cases.columns.items() if values.dtype == object]
    return [name for name in cases.columns if name not in words], words


def _rows(
    run: Path, cases: Cases, numbers: Sequence[str], words: Sequence[str]
) -> Iterator[tuple[str, str, bytes, str]]:
    place = {person.customer_id: k for k, person in enumerate(cases.people)}
    for block in pq.ParquetFile(run / FILE).iter_batches(AT_ONCE):
        told = [prediction_of(row) for row in block.to_pylist()]
        vectors = cases.where(np.array([place[each.customer_id] for each in told])).columns
        matrix = np.column_stack([vectors[name] for name in numbers]).astype(np.float64)
        for k, each in enumerate(told):
            said = json.dumps([vectors[name][k] for name in words])
            yield each.customer_id, each.model_dump_json(), matrix[k].tobytes(), said


def _person(told: Prediction) -> Person:
    known = {name: getattr(told, name) for name in ("customer_id", "name", "owner", "segment")}
    code = told.insufficient_code if told.insufficient_code in INSUFFICIENT else None
    return Person(**known, status=told.status, insufficient=code)


def _point(folder: Path, name: str) -> None:
    pointer = folder / POINTER
    before = pointer.read_text().strip() if pointer.is_file() else name
    unfinished = folder / f".{POINTER}"
    unfinished.write_text(name + "\n")
    unfinished.replace(pointer)
    for left in folder.glob("*.sqlite"):
        if left.name not in (before, name):
            left.unlink()
