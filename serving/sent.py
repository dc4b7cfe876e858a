"""What is sent to be scored: ready vectors, or rows of the canonical tables."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, create_model

from features.errors import ContractError
from features.featureset import FeatureSet, Values
from features.history import History
from features.sources.files import in_memory
from features.tables import TABLES, Column, Kind, Table
from features.usable import Account, Outside, usable
from serving.cases import Cases, Person
from serving.schemas import PRINTABLE, Vector

MOST_ROWS = 100_000
WITHOUT_ZERO = r"^[^\x00]*$"  # data bases end a text there
CustomerId = Annotated[
    str, Field(min_length=1, max_length=200, pattern=PRINTABLE, examples=["C00001"])
]
Ids = Annotated[list[CustomerId], Field(min_length=1, max_length=1000)]
Vectors = Annotated[list[Vector], Field(min_length=1, max_length=1000)]
ARROW = {
    Kind.TEXT: pa.string(),
    Kind.NUMBER: pa.float64(),
    Kind.FLAG: pa.bool_(),
    Kind.TIME: pa.timestamp("us"),
}


def _naive(moment: datetime) -> datetime:
    """In UTC; a moment without a zone is in UTC already."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


TYPES: Mapping[Kind, Any] = {
    Kind.TEXT: Annotated[str, Field(pattern=WITHOUT_ZERO)],
    Kind.NUMBER: FiniteFloat,
    Kind.FLAG: bool,
    Kind.TIME: Annotated[datetime, AfterValidator(_naive)],
}


class Sent(BaseModel):
    """What is sent is closed: a misspelt column is an error, not an empty one."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


def _field(column: Column) -> tuple[Any, Any]:
    is_id = column.name == "customer_id"  # rows are looked up by it, and it is told in answers
    kind = Annotated[str, Field(pattern=PRINTABLE)] if is_id else TYPES[column.kind]
    said = column.meaning + (f" In {column.unit}." if column.unit else "")
    if column.required:
        return kind, Field(description=said)
    return kind | None, Field(None, description=said)


def _rows(table: Table) -> tuple[Any, Any]:
    fields: dict[str, Any] = {column.name: _field(column) for column in table}
    row = create_model(f"{table.name.title()}Row", __base__=Sent, __doc__=table.meaning, **fields)
    described = Field((), max_length=MOST_ROWS, description=table.meaning)
    return tuple[row, ...], described  # type: ignore[valid-type]  # made of the declarations


def _sent_tables() -> type[Sent]:
    fields: dict[str, Any] = {name: _rows(table) for name, table in TABLES.items()}
    return create_model("SentTables", __base__=Sent, __doc__="The canonical tables.", **fields)


SentTables = _sent_tables()


def history_of(
    tables: Sent, now: datetime, outside: Outside = "keep"
) -> tuple[History, dict[str, Account]]:
    """The usable history of tables that were sent, and what became of their rows.

    A table sent without rows is known to be empty; one not sent is not known.
    """
    given = {name: getattr(tables, name) for name in TABLES if name in tables.model_fields_set}
    found = in_memory({name: _arrow(TABLES[name], rows) for name, rows in given.items()})
    history, accounts = usable(found, outside, _naive(now))
    return history, dict(accounts)


def customers_of(history: History) -> list[str]:
    """The ids of the customers in a history, in the order of their ids."""
    ids = history.tables["customers"].select("customer_id").distinct().to_pyarrow()
    return sorted(ids["customer_id"].to_pylist())


def cases_of(features: FeatureSet, vectors: Sequence[Vector]) -> Cases:
    """Ready vectors as cases; baselines may be left out, and null is what is not known.

    Raises:
        ContractError: A vector lacks a feature, holds one that is unknown, or a word for a number.
    """
    for vector in vectors:
        _require(features, vector)
    names = [*features.names, *features.baselines]
    people = tuple(Person(vector.customer_id) for vector in vectors)
    return Cases(people, {name: _column(features, vectors, name) for name in names})


def _require(features: FeatureSet, vector: Vector) -> None:
    if missing := [name for name in features.names if name not in vector.values]:
        raise ContractError(
            f"The vector of {vector.customer_id} has no {', '.join(missing)}. "
            "Send every feature that /features lists, and null for what is not known."
        )
    known = [*features.names, *features.baselines]
    for name in vector.values:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            meant = f"; did you mean {near[0]}?" if near else "; /features lists them."
            raise ContractError(f"The model has no feature {name!r}{meant}")


def _column(features: FeatureSet, vectors: Sequence[Vector], name: str) -> Values:
    given = [vector.values.get(name) for vector in vectors]
    if name in features.categorical:
        if_none = features[name].if_none
        return np.array([if_none if value is None else str(value) for value in given], object)
    if any(isinstance(value, str) for value in given):
        raise ContractError(f"The feature {name!r} is a number; send one, or null.")
    return np.array([np.nan if value is None else value for value in given], np.float64)


def _arrow(table: Table, rows: Sequence[BaseModel]) -> pa.Table:
    schema = pa.schema([(column.name, ARROW[column.kind]) for column in table])
    return pa.Table.from_pylist([row.model_dump() for row in rows], schema)
