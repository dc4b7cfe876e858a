"""One customer's rows of every table, by statements that are written once and asked many times.

To write a statement of a table's usable rows costs more than to ask it, and a table of which only
the first row of each key is used would be put in order whole, for a few rows of one customer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from weakref import finalize

import ibis.expr.operations as ops
import ibis.expr.types as ir
import sqlglot.expressions as sge

from features.history import History
from features.known_rows import Row
from features.tables import TABLES

RowsOf: TypeAlias = dict[str, list[Row]]
MARK = "\x00whom\x00"  # stands for the id until the statement is written; no id can be this


@dataclass(frozen=True)
class Statement:
    """What is asked of DuckDB for one table; the customer's id is its parameter."""

    connection: Any
    sql: str

    def rows(self, customer_id: str) -> list[Row]:
        """The customer's rows; one thread at a time may ask."""
        found = self.connection.execute(self.sql, [customer_id]).to_arrow_table()
        rows: list[Row] = found.to_pylist()
        return rows


WRITTEN: dict[int, Mapping[str, Statement | None]] = {}


def customer_rows(history: History, customer_id: str) -> RowsOf:
    """All rows of one customer, by table; a table without any has an empty list."""
    written = _written(history)
    return {name: _found(rows, written[name], customer_id) for name, rows in history.tables.items()}


def _written(history: History) -> Mapping[str, Statement | None]:
    # By the object itself: Ibis holds tables of one name in two data bases in memory to be equal.
    if (found := WRITTEN.get(id(history))) is None:
        found = {name: _statement(name, rows.op()) for name, rows in history.tables.items()}
        WRITTEN[id(history)] = found
        finalize(history, WRITTEN.pop, id(history), None)
    return found


def _found(rows: ir.Table, statement: Statement | None, customer_id: str) -> list[Row]:
    if statement is not None:
        return statement.rows(customer_id)
    found: list[Row] = rows.filter(rows["customer_id"] == customer_id).to_pyarrow().to_pylist()
    return found


def _statement(name: str, table: ops.Relation) -> Statement | None:
    """None for what is not kept in DuckDB, or is held in this process's memory."""
    backend = table.to_expr().get_backend()
    if backend.name != "duckdb" or table.find(ops.InMemoryTable):
        return None
    rows = _narrowed(name, table).to_expr()
    tree = backend.compiler.to_sqlglot(rows.filter(rows["customer_id"] == MARK))
    return Statement(backend.con, tree.transform(_parameter).sql(dialect="duckdb"))


def _narrowed(name: str, table: ops.Relation) -> ops.Relation:
    """The table with only those keys put in order that the customer has a row of.

    Which row of a key is used depends on all rows of that key, whosever they are, and on no others.
    """
    key = list(TABLES[name].key)
    if not key or not table.find(ops.RowNumber):
        return table
    wanted = {"customer_id", *key}
    leaves = [leaf for leaf in table.find(ops.PhysicalTable) if wanted <= set(leaf.schema)]
    narrowed: ops.Relation = table.replace({leaf: _sharing(leaf, key) for leaf in leaves})
    return narrowed


def _sharing(leaf: ops.Relation, key: list[str]) -> ops.Relation:
    rows = leaf.to_expr()
    theirs = rows.filter(rows["customer_id"].cast("string") == MARK)
    return rows.semi_join(theirs, key).op()


def _parameter(node: sge.Expression) -> sge.Expression:
    is_mark = isinstance(node, sge.Literal) and node.this == MARK
    return sge.Parameter(this=sge.Literal.number(1)) if is_mark else node
