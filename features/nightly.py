"""Partials of use kept in a folder from night to night: a night reads what became known since.

The folder has a manifest, the ledger as of its date, and a file for each recent night. Only the
manifest says what is in force, and it is put in place last, by one rename. What the partials cannot
be trusted with (other declarations, another engine, rows gone or added behind a night's back) is
no fault of anybody's: they are made anew from the history.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.featureset import Part, Values
from features.history import History
from features.ledger import Ledger, begun, entered
from features.ledger_files import (
    drop_ledgers,
    drop_nights,
    read_ledger,
    read_nights,
    write_ledger,
    write_night,
)
from features.locked import only_writer
from features.measures import Atom
from features.partials import (
    CUSTOMER,
    Asked,
    asked_of,
    is_kept,
    is_of_values,
    nobodys,
    ordinal,
    still_unknown,
)
from features.reread import corrected
from features.rolled import rolled
from features.tables import USAGE

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
AT_ONCE = 2_000_000  # rows, about: of more, fewer nights are read at a time
MADE_BY = ("conditions", "dialect", "engine", "history", "measures", "partials", "rolled", "ledger")


@dataclass(frozen=True)
class InForce:
    """What a folder's manifest says: until when, from how many rows, and of which declarations.

    `nobodys` are rows that were there and that no date can know.
    """

    as_of: str
    rows: int
    nobodys: int
    fingerprint: str


def kept_parts(
    folder: Path | None,
    parts: Sequence[Part],
    history: History,
    as_of: date,
    customers: Sequence[str],
) -> dict[Part, Values]:
    """The values of the parts that partials can be made of, one per customer, as of a date.

    Brings the folder up to the date first. Nothing where there is no folder or no use, nor for a
    date before the one that the folder has reached: these are computed from the history.

    Raises:
        Busy: Another process is writing into the folder.
    """
    atoms = [part for part in parts if isinstance(part, Atom) and is_kept(part)]
    if folder is None or not atoms or USAGE.name not in history.tables:
        return {}
    asked = asked_of(atoms)
    use = History({USAGE.name: history.tables[USAGE.name]})
    with only_writer(folder):
        if _reached(folder, asked) > as_of:
            log.info("the partials in %s are past %s: all is read from the history", folder, as_of)
            return {}
        ledger = brought_up_to(folder, asked, use, as_of)
        return _valued(folder, atoms, asked, ledger, as_of, customers)


def brought_up_to(folder: Path, asked: Asked, history: History, as_of: date) -> Ledger:
    """The ledger as of a date, from what became known since the folder's own; made anew if need be.

    The folder holds it, and the nights that windows are made of, when this returns.
    """
    there = _rows_there(history, as_of)
    found = _in_force(folder, asked)
    if found:
        since = date.fromisoformat(found.as_of)
        ledger = read_ledger(folder, since)
        if since == as_of and ledger.rows + found.nobodys == there:
            return ledger
        ledger = _entered_by_steps(folder, ledger, history, since, as_of, asked, there)
        never = found.nobodys if ledger.rows + found.nobodys == there else _nobodys(history)
        wrong = _wrong(folder, ledger, history, as_of, asked, there - never)
        if not wrong:
            return _put_in_force(folder, ledger, as_of, asked, never)
        log.warning("%s: the partials in %s are made anew", wrong, folder)
    return _made_anew(folder, history, as_of, asked, there)


def _made_anew(folder: Path, history: History, as_of: date, asked: Asked, there: int) -> Ledger:
    (folder / MANIFEST).unlink(missing_ok=True)
    start = as_of - timedelta(days=asked.reach)
    ledger = begun(history, start, asked)
    ledger = _entered_by_steps(folder, ledger, history, start, as_of, asked, there)
    return _put_in_force(folder, ledger, as_of, asked, _nobodys(history))


def _entered_by_steps(
    folder: Path,
    ledger: Ledger,
    history: History,
    since: date,
    as_of: date,
    asked: Asked,
    there: int,
) -> Ledger:
    # What a run wrote that never came to its end is not to be found beside the nights of this one.
    today = ordinal(since)
    drop_nights(folder, kept=range(today - asked.reach, today + 1))
    pending = max(there - ledger.rows, 1)
    nights = max((as_of - since).days * AT_ONCE // pending, 1)
    while since < as_of:
        until = since + timedelta(days=min(nights, (as_of - since).days))
        ledger, made = entered(ledger, history, since, until, asked)
        for night, told in made.items():
            write_night(folder, night, told)
        since = until
    return ledger


def _put_in_force(folder: Path, ledger: Ledger, as_of: date, asked: Asked, never: int) -> Ledger:
    write_ledger(folder, as_of, ledger)
    said = InForce(as_of.isoformat(), ledger.rows, never, fingerprint(asked))
    unfinished = folder / f".{MANIFEST}.unfinished"
    unfinished.write_text(json.dumps(asdict(said), indent=2) + "\n")
    unfinished.replace(folder / MANIFEST)
    drop_nights(folder, kept=_nights(asked, as_of))
    drop_ledgers(folder, but=as_of)
    return ledger


def _nights(asked: Asked, as_of: date) -> range:
    """The nights that told of the days of the longest window, or later."""
    return range(ordinal(as_of) - asked.reach + 1, ordinal(as_of) + 1)


def fingerprint(asked: Asked) -> str:
    """Of what is kept and of the code that makes it: partials of another are not read."""
    found = hashlib.sha256(repr(asked).encode())
    for name in MADE_BY:
        found.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return found.hexdigest()[:16]


def _in_force(folder: Path, asked: Asked) -> InForce | None:
    if not (folder / MANIFEST).is_file():
        return None
    found = InForce(**json.loads((folder / MANIFEST).read_text()))
    if found.fingerprint != fingerprint(asked):
        log.info("the partials in %s are of other declarations: they are made anew", folder)
        return None
    return found


def _reached(folder: Path, asked: Asked) -> date:
    found = _in_force(folder, asked)
    return date.fromisoformat(found.as_of) if found else date.min


def _rows_there(history: History, as_of: date) -> int:
    """How many rows of use are not of a later date: files say how many there are and are later."""
    usage = history.tables[USAGE.name]
    return _count(usage) - _count(still_unknown(usage, as_of))


def _nobodys(history: History) -> int:
    return _count(nobodys(history.tables[USAGE.name]))


def _count(rows: ir.Table) -> int:
    return int(rows.count().to_pyarrow().as_py())


def _wrong(
    folder: Path, ledger: Ledger, history: History, as_of: date, asked: Asked, known: int
) -> str:
    """What is wrong with partials, in words; nothing if nothing is."""
    if known != ledger.rows:
        what = "are gone" if known < ledger.rows else "were added"
        return f"{abs(known - ledger.rows):,} rows of use {what} that were known the night before"
    night = corrected(folder, ledger, history, as_of, asked)
    return f"rows of use that became known on {night} were corrected in place" if night else ""


def _valued(
    folder: Path,
    atoms: Sequence[Atom],
    asked: Asked,
    ledger: Ledger,
    as_of: date,
    customers: Sequence[str],
) -> dict[Part, Values]:
    ever, today = ledger.summed(), ordinal(as_of)
    days = read_nights(folder, _nights(asked, as_of))
    found = pc.index_in(pa.array(customers, pa.string()), value_set=ledger.customers)
    places = found.fill_null(len(ledger.customers)).to_numpy()
    made: dict[Part, Values] = {}
    for atom in atoms:
        kind = atom.column if is_of_values(atom) else CUSTOMER
        values = rolled(atom, asked, days.get(kind, {}), ever, today)
        made[atom] = np.append(values, atom.empty)[places]
    return made
