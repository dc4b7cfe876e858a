"""Standings as Ibis expressions: what the active subscriptions amount to."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from features.derived import AS_OF
from features.dialect import comparable, first
from features.engine import met, summed, valued
from features.history import Known
from features.measures import MILLIONTHS
from features.standing import Standing


def stood(known: Known, standings: Sequence[Standing], days_before: int) -> ir.Table:
    """One row per customer (and date) with an active subscription; columns a0, a1, ... in order."""
    active = active_subscriptions(known, days_before)
    values = {f"a{i}": _combined(active, standing) for i, standing in enumerate(standings)}
    return active.group_by(known.keys).aggregate(**values)


def active_subscriptions(known: Known, days_before: int = 0) -> ir.Table:
    """The latest state of every subscription active so many days before the as-of date."""
    rows = known.tables["subscriptions"]
    rows = rows.filter(rows["days_ago"] > days_before)
    latest = ibis.row_number().over(
        group_by=[*known.keys, "subscription_id"],
        order_by=[rows["at"].desc(), rows["mrr"].desc(), comparable(rows["plan"]).desc()],
    )
    rows = rows.mutate(recency=latest)
    moment = rows[AS_OF] - ibis.interval(days=days_before)
    return rows.filter(
        rows["recency"] == 0, rows["ended_at"].isnull() | (rows["ended_at"] >= moment)
    )


def _combined(active: ir.Table, standing: Standing) -> ir.Value:
    where = met(active, standing.where)
    if standing.combine == "count":
        return active.count(where=where)
    column = valued(active, standing.column)
    if standing.combine == "main":
        greatest = [active["mrr"].desc(), comparable(active["subscription_id"]).asc()]
        return first(column, greatest, where)
    if standing.combine == "sum":
        return summed(column, where) / MILLIONTHS
    return {"min": column.min, "max": column.max}[standing.combine](where=where)
