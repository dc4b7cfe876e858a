"""What a source holds, before anything is read into the types of the contract."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis.expr.types as ir


@dataclass(frozen=True)
class Found:
    """The tables with a canonical name, columns as found, and the names of what else is there."""

    tables: Mapping[str, ir.Table]
    others: tuple[str, ...] = ()
