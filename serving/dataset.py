"""The scores as a data set: a folder for each as-of date, one Parquet file and a manifest in it.

A reader sees all of a run or nothing of it: a date's folder appears by one rename, and a run that
replaces another renames its file over the old one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from serving.schemas import Prediction, Reason

PREFIX = "as_of="
FILE = "scores.parquet"
MANIFEST = "_manifest.json"
SUCCESS = "_SUCCESS"
INPUTS = b"churn.inputs"
MOST = {"reasons": 4, "protective": 2, "context": 3}
ALWAYS = ("customer_id", "as_of", "horizon_days", "band", "model_version", "scored_at", "held_out")

REASON = pa.struct(
    [
        ("code", pa.string()),
        ("theme", pa.string()),
        ("text", pa.string()),
        ("value", pa.float64()),
        ("value_text", pa.string()),  # the value of a feature that is a word
        ("baseline", pa.float64()),
        ("peers", pa.float64()),
        ("unit", pa.string()),
        ("days", pa.int32()),
        ("raises_score", pa.bool_()),
        ("points", pa.float64()),
        ("reached", pa.float64()),
    ]
)
ADVICE = pa.struct(
    [
        ("play", pa.string()),
        ("touch", pa.string()),
        ("grounds", pa.list_(pa.string())),
        ("due", pa.date32()),
    ]
)
# Columns are added at the end and never change their meaning: others read them.
SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("name", pa.string()),
        ("owner", pa.string()),
        ("segment", pa.string()),
        ("plan", pa.string()),
        ("status", pa.string()),
        ("as_of", pa.date32()),
        ("horizon_days", pa.int32()),
        ("probability", pa.float64()),
        ("typical", pa.float64()),
        ("band", pa.string()),
        ("mrr", pa.float64()),
        ("days_to_renewal", pa.int32()),
        ("revenue_at_risk", pa.float64()),
        ("rank", pa.int32()),
        ("reasons", pa.list_(REASON)),
        ("protective", pa.list_(REASON)),
        ("context", pa.list_(REASON)),
        ("themes", pa.list_(pa.struct([("theme", pa.string()), ("points", pa.float64())]))),
        ("insufficient", pa.string()),
        ("model_version", pa.string()),
        ("data_until", pa.date32()),
        ("scored_at", pa.timestamp("us", "UTC")),
        ("advice", ADVICE),
        ("held_out", pa.bool_()),
        ("cause", pa.string()),
        ("probability_voluntary", pa.float64()),
        ("probability_involuntary", pa.float64()),
        ("expected_days", pa.float64()),
        ("insufficient_code", pa.string()),
        ("confidence", pa.string()),
    ]
)


@dataclass(frozen=True)
class Run:
    """One date's run: its folder and what it was made from."""

    folder: Path
    inputs: Mapping[str, Any]

    def is_of(self, inputs: Mapping[str, Any]) -> bool:
        """Whether it was made from these inputs, and is complete."""
        complete = (self.folder / SUCCESS).is_file() and (self.folder / MANIFEST).is_file()
        return complete and self.inputs == inputs

    @property
    def manifest(self) -> dict[str, Any]:
        """What the run says of itself."""
        said: dict[str, Any] = json.loads((self.folder / MANIFEST).read_text())
        return said


def run_of(scores: Path, as_of: date) -> Run | None:
    """The run of a date, if there is one; its inputs are read from the file they made."""
    file = scores / f"{PREFIX}{as_of}" / FILE
    if not file.is_file():
        return None
    said = (pq.read_schema(file).metadata or {}).get(INPUTS, b"{}")
    return Run(file.parent, json.loads(said))


def run_before(scores: Path, as_of: date) -> Run | None:
    """The latest run of an earlier date."""
    dates = sorted(path.name.removeprefix(PREFIX) for path in scores.glob(f"{PREFIX}*"))
    earlier = [day for day in dates if day < as_of.isoformat()]
    return run_of(scores, date.fromisoformat(earlier[-1])) if earlier else None


def schema_of(days: Sequence[int]) -> pa.Schema:
    """The columns of a run: SCHEMA, and one such as probability_30 for each end of a month."""
    return pa.schema([*SCHEMA, *(pa.field(f"probability_{end}", pa.float64()) for end in days)])


def require_sound(rows: pa.Table, customers: int) -> pa.Table:
    """The rows as they are, if there is one for each customer and they say what can be said.

    Raises:
        ValueError: They do not: a fault of this program, and never one of the data.
    """
    chances = [name for name in rows.column_names if name.startswith("probability")]
    faults = [name for name in chances if not _within(rows[name], 0, 1)]
    faults += [n for n, most in MOST.items() if not _within(pc.list_value_length(rows[n]), 0, most)]
    faults += [name for name in ALWAYS if rows[name].null_count]
    if len(rows) != customers or faults:
        raise ValueError(f"{len(rows)} rows of {customers} customers; {faults} cannot be true.")
    return rows


def publish(made: Path, scores: Path, as_of: date, manifest: Mapping[str, Any]) -> Path:
    """Put a written run into its place: as a new folder, or over the run it replaces.

    A run that is being replaced is without its mark of success until all of it is new.
    """
    (made / MANIFEST).write_text(json.dumps(manifest, indent=2, default=str) + "\n")
    (made / SUCCESS).touch()
    made.chmod(0o755)
    place = scores / f"{PREFIX}{as_of}"
    if not place.exists():
        return made.rename(place)
    (place / SUCCESS).unlink(missing_ok=True)
    for name in (FILE, MANIFEST, SUCCESS):
        (made / name).replace(place / name)
    made.rmdir()
    return place


def _within(column: pa.ChunkedArray, least: float, most: float) -> bool:
    ends = pc.min_max(column).as_py()
    return ends["min"] is None or bool(least <= ends["min"] and ends["max"] <= most)


def row_of(prediction: Prediction) -> dict[str, Any]:
    """A prediction as a row of the data set."""
    row = prediction.model_dump()
    for name in ("reasons", "protective", "context"):
        row[name] = [_reason(reason) for reason in getattr(prediction, name)]
    row |= {f"probability_{end}": chance for end, chance in prediction.by_days.items()}
    row |= {f"probability_{cause}": chance for cause, chance in prediction.by_cause.items()}
    row["themes"] = [{"theme": t, "points": p} for t, p in prediction.themes.items()]
    return row


def _reason(reason: Reason) -> dict[str, Any]:
    row = reason.model_dump()
    word = isinstance(reason.value, str)
    return row | {
        "value": None if word else reason.value,
        "value_text": reason.value if word else None,
    }
