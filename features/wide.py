"""Vectors' parts as one table beside the customers they are asked for, computed where the data is.

For engines whose customers do not fit into the process that asks: nothing is collected here.
"""

from collections.abc import Sequence

import ibis.expr.types as ir

from features.columns import queries
from features.featureset import Part
from features.history import Known

RIGHT = "_of_answer"


def named(parts: Sequence[Part]) -> list[str]:
    """The columns' names of the parts, in their order."""
    return [f"part_{place}" for place in range(len(parts))]


def beside(people: ir.Table, known: Known, parts: Sequence[Part]) -> ir.Table:
    """The people (customer_id, ...), each with a column per part; null where no row counts.

    The parts of a table that the history has not are left out.
    """
    names = dict(zip(parts, named(parts), strict=True))
    for together, asked in queries(known, parts):
        found = {names[part]: asked[f"a{place}"] for place, part in enumerate(together)}
        answer = asked.select(**{RIGHT: asked["customer_id"]}, **found)
        people = people.left_join(answer, people["customer_id"] == answer[RIGHT]).drop(RIGHT)
    return people
