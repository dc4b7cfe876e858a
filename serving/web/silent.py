"""Who went silent: one complaint stands for many unhappy customers who never wrote."""

from datetime import date, timedelta

import ibis.expr.types as ir

from features.derived import midnight
from features.history import History, Known
from serving.board import Scored

RECENT = 28
BEFORE = 56
EVER_WROTE = 364
LESS_THAN_HALF = 2


def mark_silent(scored: Scored, history: History) -> None:
    """Puts a table `silent` of customer_id beside the board, once for a run."""
    if not is_marked(scored):
        ids = silent(history, scored.latest.as_of)
        sql = "CREATE TABLE IF NOT EXISTS silent AS SELECT unnest(?::VARCHAR[]) AS customer_id"
        scored.database.cursor().execute(sql, [ids])


def is_marked(scored: Scored) -> bool:
    """Whether the table is there."""
    return bool(scored.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = 'silent'"))


def silent(history: History, as_of: date) -> list[str]:
    """Customers who used to open tickets and do no more, and whose use has stopped or halved.

    Nobody, where the history has no usage or no tickets.
    """
    known = history.known(as_of)
    if not {"usage", "tickets"} <= known.tables.keys():
        return []
    steady = _steady(known, as_of)
    quiet = _quiet(known, as_of).anti_join(steady, "customer_id")
    ids: list[str] = quiet.to_pyarrow()["customer_id"].to_pylist()
    return ids


def _quiet(known: Known, as_of: date) -> ir.Table:
    """Who opened tickets in the last year, but none in the last 4 weeks."""
    tickets = _since(known.tables["tickets"], "opened_at", as_of, EVER_WROTE)
    last = tickets.group_by("customer_id").aggregate(days=tickets["days_ago"].min())
    return last.filter(last["days"] > RECENT)


def _steady(known: Known, as_of: date) -> ir.Table:
    """Whose use of the last 4 weeks is at least half of the 4 weeks before."""
    usage = _since(known.tables["usage"], "at", as_of, BEFORE)
    recent = usage["days_ago"] <= RECENT
    uses = usage.group_by("customer_id").aggregate(
        now=usage["quantity"].sum(where=recent).fill_null(0),
        before=usage["quantity"].sum(where=~recent).fill_null(0),
    )
    return uses.filter(uses["now"] > 0, uses["now"] * LESS_THAN_HALF >= uses["before"])


def _since(rows: ir.Table, at: str, as_of: date, days: int) -> ir.Table:
    """The rows of so many days; told as a moment too, so that an engine can skip whole files."""
    return rows.filter(rows[at] >= midnight(as_of - timedelta(days=days)), rows["days_ago"] <= days)
