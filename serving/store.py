"""The night's predictions by customer, for a service that answers by id in microseconds.

Beside the scores a folder `_answers` holds one SQLite file for a run, and a pointer that names the
one in force. The pointer is renamed into place, and a file is never changed: whoever has opened one
goes on reading it, also when a newer one is in force or its name is gone.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias
from weakref import finalize

import numpy as np

from features.featureset import Values
from serving.cases import INSUFFICIENT, Cases, Person
from serving.ranks import ranked
from serving.schemas import Prediction

FOLDER, POINTER = "_answers", "current"  # readers of the data set pass by what starts so
TRIES = 3  # a pointer may be read just before its file is forgotten
Row: TypeAlias = tuple[str, bytes]  # a prediction and its vector, as `serving.filling` codes it


class Kept:
    """The predictions of one run, made from `inputs`; may be asked by several threads."""

    def __init__(self, path: Path) -> None:
        address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._database = sqlite3.connect(address, uri=True, check_same_thread=False)
        finalize(self, self._database.close)
        self._lock = Lock()
        [said] = self._database.execute("SELECT inputs, numbers, coded FROM about")
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
        read = [Prediction.model_validate_json(said) for said, _ in found]
        told = ranked(read, note)
        return Cases(tuple(_person(each) for each in told), self._columns(found)), told

    def _columns(self, rows: Sequence[Row]) -> dict[str, Values]:
        numbers = np.frombuffer(b"".join(vector for _, vector in rows)).reshape(len(rows), -1)
        columns = dict(zip(self._numbers, numbers.T, strict=False))
        coded = zip(self._words.items(), numbers.T[len(self._numbers) :], strict=True)
        return columns | {name: _worded(words, codes) for (name, words), codes in coded}

    def _row(self, customer: str) -> Row | None:
        query = "SELECT said, vector FROM answers WHERE customer_id = ?"
        with self._lock:
            found: Row | None = self._database.execute(query, (customer,)).fetchone()
        return found


class Store:
    """The predictions in force beside some scores: follows the pointer when it has moved."""

    def __init__(self, scores: Path) -> None:
        self._folder, self._pointer = scores / FOLDER, scores / FOLDER / POINTER
        self._seen: tuple[tuple[int, int], Kept] | None = None

    def kept(self) -> Kept | None:
        """Those in force; None where no night of this release has left any."""
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


def _worded(words: Sequence[str], codes: Values) -> Values:
    told = (None if isnan(code) else words[int(code)] for code in codes.tolist())
    return np.array([*told, None], object)[:-1]  # an array also where all are None


def _person(told: Prediction) -> Person:
    known = {name: getattr(told, name) for name in ("customer_id", "name", "owner", "segment")}
    code = told.insufficient_code if told.insufficient_code in INSUFFICIENT else None
    return Person(**known, status=told.status, insufficient=code)
