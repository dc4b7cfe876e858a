"""What a command computes by: DuckDB here (or a database where it is), or Spark on its cluster."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from features.history import History
    from features.settings import Settings
    from features.spark.session import Cluster

Step = Callable[[str], None]


class Engine(StrEnum):
    """What computes; the declarations are the same."""

    DUCKDB = "duckdb"
    SPARK = "spark"


On = Annotated[
    Engine, typer.Option("--engine", help="duckdb: on this machine; spark: on [spark] master.")
]


@contextmanager
def opened_by(
    engine: Engine, settings: "Settings", step: Step = lambda _: None
) -> "Iterator[History]":
    """The history that the settings name; a Spark session ends with the block.

    Raises:
        SettingsError: The engine is not installed.
        SourceError: There is nothing to read there, or no cluster answers.
    """
    if engine is Engine.DUCKDB:
        from features.sources import opened

        step("opening the history")
        yield opened(settings.history, settings.date_format or "")
        return
    from features.spark.session import session_on

    step("starting Spark")
    with session_on(cluster(settings)) as spark:
        from features.spark.reading import opened as read

        yield read(spark, settings.history, settings.date_format or "")


def cluster(settings: "Settings") -> "Cluster":
    """What the settings say of Spark."""
    from features.spark.session import Cluster

    said = settings.spark.options.items()
    options = {name: str(v).lower() if isinstance(v, bool) else str(v) for name, v in said}
    return Cluster(settings.spark.master, options)
