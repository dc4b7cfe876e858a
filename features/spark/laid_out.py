"""A compacted history's files, written by executors: a task a file, sorted as DuckDB sorts them."""

from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree

import ibis
import ibis.expr.types as ir
import pyarrow.parquet as pq
from pyspark.sql import functions as sf

from features.compact import ROWS_A_GROUP, in_order, month_of, unfinished
from features.spark.reading import frame_of, uri_of
from features.tables import USAGE, Table

MONTH = "_month"
WHOLE = "whole"


def lay(table: Table, rows: ir.Table, to: Path, files: Sequence[str]) -> None:
    """Files of a table's rows under their unfinished names, all in one job.

    Every executor has to see the folder.
    """
    if not files:
        return
    months = {Path(file).stem if table == USAGE else WHOLE: file for file in files}
    month = month_of(table, rows) if table == USAGE else ibis.literal(WHOLE)
    frame = frame_of(rows.mutate(**{MONTH: month}))
    chosen = frame.filter(sf.col(MONTH).isin(list(months)))
    for name, kind in frame.dtypes:
        if kind == "timestamp":  # a moment without a zone, as every engine writes it
            chosen = chosen.withColumn(name, sf.col(name).cast("timestamp_ntz"))
    place = unfinished(to / table.name)
    placed = chosen.repartition(MONTH).sortWithinPartitions(MONTH, *in_order(table))
    writer = placed.write.mode("overwrite").partitionBy(MONTH)
    writer = writer.option("parquet.block.row.count.limit", ROWS_A_GROUP)
    writer.parquet(uri_of(place))
    for month, file in months.items():
        _move(place / f"{MONTH}={month}", unfinished(to / file), rows)
    rmtree(place)


def _move(made: Path, path: Path, rows: ir.Table) -> None:
    """The one file of a month; of a table without rows there is none, and an empty one is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = sorted(made.glob("*.parquet"))
    if found:
        [file] = found
        file.replace(path)
    else:
        pq.write_table(rows.schema().to_pyarrow().empty_table(), path)
