"""Histories of any size in seconds, made by DuckDB's `range`: for measuring, not for meaning.

A history arrives in time order, one file of use a month. One customer in five stops at some point;
one event in fifty arrives up to three days late. The same sizes give the same rows.
"""

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from shutil import rmtree

import duckdb

KEPT = Path("build/histories")
FIRST_DAY = date(2025, 4, 1)
EVENTS_A_CUSTOMER = 500


@dataclass(frozen=True)
class Size:
    """How large a history is; its events are spread over its months."""

    events: int
    months: int = 18
    customers: int = 0

    @property
    def people(self) -> int:
        """The number of customers; one for every 500 events where none is given."""
        return self.customers or max(self.events // EVENTS_A_CUSTOMER, 5)

    @property
    def days(self) -> int:
        """The days that it spans, up to and without `as_of`."""
        return (self.as_of - FIRST_DAY).days

    @property
    def as_of(self) -> date:
        """The day after its last."""
        months = FIRST_DAY.month - 1 + self.months
        return date(FIRST_DAY.year + months // 12, months % 12 + 1, 1)


DRAW = "CREATE MACRO draw(i, salt) AS (hash(i, salt) >> 1)::BIGINT"
ROWS = """
    SELECT i, draw(i, {salt}) AS h, draw(i, {salt} + 1) AS g, draw(i, {salt} + 2) AS f,
        TIMESTAMP '{first}' + to_microseconds((i * {step})::BIGINT) AS t
    FROM range({start}, {stop}) rows(i)
"""
# Whose row it is: among those who stop, only until they do.
WHOSE = """
    SELECT *, printf('C%07d', CASE WHEN c % 5 = 0 AND i > draw(c, 0) % {rows} THEN c + 1 ELSE c END)
        AS customer_id
    FROM (SELECT *, h % {people} AS c FROM ({rows_sql}))
"""
COLUMNS = {
    "usage": """customer_id, t AS "at",
        ['login', 'view', 'search', 'edit', 'export', 'report_created', 'share', 'comment',
         'invite', 'upload', 'api_call', 'settings'][1 + least(g % 12, (g >> 8) % 12)] AS event,
        printf('u%d', (f % (1 + c % 15))) AS user_id,
        (1 + (f >> 16) % 3)::DOUBLE AS quantity,
        CASE WHEN (f >> 24) % 50 = 0 THEN t + to_hours(((f >> 32) % 72)::BIGINT) END AS known_at""",
    "tickets": """customer_id, printf('T%d', i) AS ticket_id, t AS opened_at,
        ['low', 'normal', 'normal', 'high', 'urgent'][1 + g % 5] AS priority,
        'mail' AS channel, f % 7 = 0 AS complaint,
        t + to_minutes((10 + f % 600)::BIGINT) AS first_response_at,
        CASE WHEN g % 11 > 0 THEN t + to_minutes((600 + f % 9000)::BIGINT) END AS resolved_at,
        (5 + f % 90)::DOUBLE AS handle_minutes,
        CASE WHEN g % 3 = 0 THEN (1 + f % 5)::DOUBLE END AS csat,
        CASE WHEN g % 3 = 0 THEN t + to_minutes((700 + f % 9900)::BIGINT) END AS csat_at""",
    "invoices": """customer_id, printf('I%d', i) AS invoice_id, t AS issued_at,
        t + INTERVAL 14 DAY AS due_at, (10 + g % 900)::DOUBLE AS amount,
        CASE WHEN f % 40 > 0 THEN t + to_hours((f % 500)::BIGINT) END AS paid_at""",
    "payments": """customer_id, printf('I%d', i) AS invoice_id, t AS "at",
        CASE WHEN g % 20 = 0 THEN 'failed' WHEN g % 90 = 1 THEN 'refunded' ELSE 'succeeded' END
        AS status, (10 + g % 900)::DOUBLE AS amount""",
    "surveys": """customer_id, t AS "at", ['NPS', 'CSAT', 'CES'][1 + g % 3] AS kind,
        (1 + f % 5)::DOUBLE AS score, printf('u%d', f % 15) AS user_id""",
    "milestones": """customer_id, t AS "at",
        ['import', 'invite', 'launch', 'first_value'][1 + g % 4] AS milestone""",
    "subscriptions": """customer_id, 'S' || customer_id AS subscription_id, t AS "at",
        ['basic', 'team', 'business'][1 + g % 3] AS plan, (1 + g % 40)::DOUBLE AS seats,
        (20 + g % 4000)::DOUBLE AS mrr, 'EUR' AS currency, 12::DOUBLE AS term_months,
        t + INTERVAL 365 DAY AS term_ends_at, f % 9 > 0 AS auto_renew,
        CASE WHEN f % 30 = 0 THEN t + INTERVAL 40 DAY END AS ended_at""",
}  # fmt: skip
A_CUSTOMER = {
    "tickets": 8,
    "invoices": 12,
    "payments": 12,
    "surveys": 2,
    "milestones": 4,
    "subscriptions": 4,
}


def make(folder: Path, size: Size) -> Path:
    """Writes a history of Parquet files into an empty folder, and says where it is."""
    with duckdb.connect() as database:
        database.execute(DRAW)
        (folder / "usage").mkdir(parents=True)
        _write(database, _customers(size), folder / "customers.parquet")
        for salt, (name, each) in enumerate(A_CUSTOMER.items(), start=1):
            rows = each * size.people
            query = _rows(name, size, rows, 0, rows, 10 * salt)
            _write(database, query, folder / f"{name}.parquet")
        for month in range(size.months):
            start, stop = (size.events * m // size.months for m in (month, month + 1))
            query = _rows("usage", size, size.events, start, stop, 0)
            _write(database, query, folder / "usage" / f"{month:03}.parquet")
    return folder


def kept(size: Size, under: Path = KEPT) -> Path:
    """A history that is made once, by the rules of this module, and found again."""
    rules = sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    folder = under / f"{size.events}-events-{size.people}-customers-{size.months}-months-{rules}"
    if not folder.exists():
        unfinished = folder.with_name(f".{folder.name}")
        if unfinished.exists():  # of a run that was killed
            rmtree(unfinished)
        make(unfinished, size).rename(folder)
    return folder


def _rows(name: str, size: Size, rows: int, start: int, stop: int, salt: int) -> str:
    """Rows `start` to `stop` of a table of `rows`, evenly over the days."""
    step = size.days * 86_400_000_000 / rows
    made = ROWS.format(salt=salt, first=FIRST_DAY, step=step, start=start, stop=stop)
    whose = WHOSE.format(rows_sql=made, people=size.people, rows=rows)
    return f"SELECT {COLUMNS[name]} FROM ({whose})"


def _customers(size: Size) -> str:
    return f"""
        SELECT printf('C%07d', c) AS customer_id, 'Customer ' || c AS name,
            TIMESTAMP '{FIRST_DAY}' - to_days((draw(c, 7) % 900)::INTEGER) AS created_at,
            ['small', 'middle', 'enterprise'][1 + draw(c, 8) % 3] AS segment,
            ['PT', 'NO', 'DE', 'US'][1 + draw(c, 9) % 4] AS country, 'web' AS channel,
            CASE WHEN c % 4 = 0 THEN 'high' ELSE 'tech' END AS touch, 'Ann' AS owner
        FROM range({size.people}) people(c)
    """


def _write(database: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    database.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
