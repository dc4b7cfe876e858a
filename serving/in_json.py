"""Rows of the data set as the API says them in JSON, made by DuckDB for many at once."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from serving.dataset import REASON
from serving.schemas import Prediction

CAUSES = ("voluntary", "involuntary")
LISTS = ("reasons", "protective", "context")
VALUE = "coalesce(to_json(one.value_text), to_json(one.value))"
AT_ONCE = 2_500  # answers of some 3 kB: more at once leave a large heap behind
LEFT_OUT = {"rank", "stale"}  # are said of those who are asked for together, and then


def in_json(file: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Of a run's rows, block by block, the customers' ids and their predictions, without ranks."""
    with duckdb.connect() as database:
        for block in pq.ParquetFile(file).iter_batches(AT_ONCE):
            database.register("told", _with_moment(block))
            found = database.execute(_query(block.schema.names)).to_arrow_table()
            yield found[0].to_pylist(), found[1].to_pylist()


def _with_moment(block: pa.RecordBatch) -> pa.RecordBatch:
    """The rows with their moment as ISO 8601."""
    place = block.schema.get_field_index("scored_at")
    moment = pa.scalar(block["scored_at"][0].as_py().isoformat())
    return block.set_column(place, "scored_at", pa.repeat(moment, len(block)))


def _query(names: list[str]) -> str:
    """A prediction as one object, each field under the name that the API gives it."""
    chances = {name.removeprefix("probability_"): name for name in names if "probability_" in name}
    said = {name: name for name in names if name in Prediction.model_fields.keys() - LEFT_OUT}
    said |= {name: f"list_transform({name}, one -> {_reason()})" for name in LISTS}
    said["themes"] = "map_from_entries(themes)"
    said["by_days"] = _known({end: name for end, name in chances.items() if end not in CAUSES})
    said["by_cause"] = _known({cause: chances[cause] for cause in CAUSES})
    return f"SELECT customer_id, to_json({_struct(said)})::VARCHAR FROM told"  # noqa: S608 (names of ours)


def _reason() -> str:
    fields = {field.name: f"one.{field.name}" for field in REASON if field.name != "value_text"}
    return _struct(fields | {"value": VALUE})


def _known(chances: dict[str, str]) -> str:
    """By what they are of, the probabilities that are told."""
    pairs = ", ".join(f"{{of: '{of}', chance: {name}}}" for of, name in chances.items())
    return f"map_from_entries(list_filter([{pairs}], pair -> pair.chance IS NOT NULL))"


def _struct(fields: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in fields.items()) + "}"
