"""The features of use in DuckDB's own SQL, written by hand: the yardstick for what Ibis writes.

The same design: days in bands, different days as bits, people and kinds from the day each was last
seen, and the last use of whoever did nothing lately from all that lies before.
"""

from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

RECENT = """
    SELECT customer_id, event, user_id, coalesce(quantity, 1.0) AS quantity, "at",
        (DATE '{as_of}' - "at"::DATE)::INTEGER AS days_ago
    FROM read_parquet('{usage}')
    WHERE "at" < TIMESTAMP '{as_of}' AND coalesce(known_at, "at") < TIMESTAMP '{as_of}'
        AND "at" >= TIMESTAMP '{as_of}' - INTERVAL {days} DAY
"""
BANDS = """
    SELECT customer_id,
        sum(q) FILTER (band <= 1) / 1e6 AS events_7d,
        sum(q) FILTER (band <= 3) / 1e6 AS events_28d,
        sum(q) FILTER (band <= 6) / 1e6 AS events_84d,
        sum(q) FILTER (band = 2) / 1e6 AS events_7d_before_7d,
        sum(q) FILTER (band = 4) / 1e6 AS events_28d_before_28d,
        sum(q) FILTER (band = 7) / 1e6 AS events_84d_before_84d,
        sum(bit_count(bits)) FILTER (band <= 3) AS active_days_28d,
        sum(bit_count(bits)) FILTER (band <= 6) AS active_days_84d,
        sum(bit_count(bits)) FILTER (band = 4) AS active_days_28d_before_28d,
        DATE '{as_of}' - max(latest)::DATE AS days_since_last_use,
        sum(weeks) FILTER (band <= 6) AS weeks_84d, sum(n) FILTER (band <= 6) AS rows_84d
    FROM (
        SELECT customer_id, band, sum(floor(quantity * 1e6 + 0.5)) AS q, max("at") AS latest,
            bit_or(1::BIGINT << (days_ago % 63)) AS bits,
            sum(floor((days_ago - 1) / 7.0)) AS weeks, count(*) AS n
        FROM (
            SELECT *, CASE WHEN days_ago < 8 THEN 1 WHEN days_ago < 15 THEN 2
                WHEN days_ago < 29 THEN 3 WHEN days_ago < 57 THEN 4 WHEN days_ago < 64 THEN 5
                WHEN days_ago < 85 THEN 6 ELSE 7 END AS band
            FROM ({recent})
        )
        GROUP BY ALL
    )
    GROUP BY ALL
"""
SEEN = """
    SELECT customer_id, count(*) FILTER (since_1 <= 28) AS in_28d,
        count(*) FILTER (since_1 <= 84) AS in_84d, count(*) FILTER (since_29 <= 56) AS before_28d
    FROM (
        SELECT customer_id, {column}, min(days_ago) AS since_1,
            min(days_ago) FILTER (days_ago >= 29) AS since_29
        FROM ({recent}) WHERE {column} IS NOT NULL GROUP BY ALL
    )
    GROUP BY ALL
"""
SILENT = """
    SELECT customer_id, DATE '{as_of}' - max("at")::DATE AS days_since_last_use
    FROM read_parquet('{usage}') SEMI JOIN silent USING (customer_id)
    WHERE "at" < TIMESTAMP '{as_of}' - INTERVAL 168 DAY
        AND coalesce(known_at, "at") < TIMESTAMP '{as_of}'
    GROUP BY ALL
"""


def use_by_hand(database: duckdb.DuckDBPyConnection, folder: Path, as_of: date) -> list[pa.Table]:
    """The answers: of bands, of people, of kinds, and of whoever did nothing for 168 days."""
    usage = folder / "usage" / "*.parquet"
    lately, people, kinds = (
        RECENT.format(as_of=as_of, usage=usage, days=days) for days in (168, 84, 56)
    )
    bands = database.sql(BANDS.format(as_of=as_of, recent=lately)).to_arrow_table()
    seen = [
        database.sql(SEEN.format(column=column, recent=recent)).to_arrow_table()
        for column, recent in (("user_id", people), ("event", kinds))
    ]
    database.sql(f"""
        CREATE OR REPLACE TEMP TABLE silent AS SELECT customer_id
        FROM read_parquet('{folder}/customers.parquet') ANTI JOIN bands USING (customer_id)
    """)
    silent = database.sql(SILENT.format(as_of=as_of, usage=usage)).to_arrow_table()
    return [bands, *seen, silent]
