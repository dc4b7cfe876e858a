"""The portfolio: the customers that are asked for, in the order asked, and their totals."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from serving.board import Scored
from serving.web.asked import Asked

PAGE = 50
VIEW_TESTS = {
    "all": "true",
    "worsened": "worsened",
    "persistent": "persistent",
    "renewals": "severity >= 2 AND days_to_renewal BETWEEN 0 AND 90",
    "silent": "customer_id IN (SELECT customer_id FROM silent)",
}
# Numbers begin with the largest, words and dates with the first.
ORDERS = {
    "name": ("searched", "ASC"),
    "band": ("severity", "DESC"),
    "probability": ("probability", "DESC"),
    "change": ("change", "DESC"),
    "revenue": ("revenue_at_risk", "DESC"),
    "mrr": ("mrr", "DESC"),
    "renewal": ("days_to_renewal", "ASC"),
    "owner": ("owner_order", "ASC"),
    "reason": ("themes[1]", "ASC"),
}
OPPOSITE = {"ASC": "DESC", "DESC": "ASC"}
# Everybody, each band and each segment from one scan: the filters are what costs.
SUMS = """
SELECT grouping(band) = 0 AS of_band, grouping(seg) = 0 AS of_segment, band, seg AS segment,
    count(*) AS customers, sum(revenue_at_risk) AS revenue_at_risk,
    sum(probability * mrr) AS churned_mrr, sum(mrr) AS mrr
FROM (SELECT *, coalesce(segment, '') AS seg FROM board WHERE {tests})
GROUP BY GROUPING SETS ((), (band), (seg)) ORDER BY revenue_at_risk DESC NULLS LAST, segment
"""
PLACES = "SELECT place FROM board WHERE {tests} ORDER BY {order} LIMIT ? OFFSET ?"
SUMMED = ("customers", "revenue_at_risk", "churned_mrr", "mrr")


@dataclass(frozen=True)
class Totals:
    """Sums over everybody that is asked for, not only over the page shown; money may be unknown."""

    customers: int
    revenue_at_risk: float | None
    churned_mrr: float | None
    mrr: float | None
    bands: Mapping[str, int]
    segments: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Portfolio:
    """One page of customers, in the order asked, with the totals of all pages."""

    rows: tuple[Mapping[str, Any], ...]
    totals: Totals
    page: int
    pages: int


def portfolio(scored: Scored, asked: Asked) -> Portfolio:
    """The page that is asked for, or the last one where there are fewer."""
    totals = _totals(scored, asked)
    pages = max(1, -(-totals.customers // PAGE))
    page = min(asked.page, pages)
    return Portfolio(_rows(scored, asked, page), totals, page, pages)


def chosen(asked: Asked) -> tuple[str, str, list[object]]:
    """In SQL: who is asked for, in which order, and what fills the question marks."""
    tests, given = _tests(asked)
    return tests, _order(asked), given


@lru_cache(maxsize=1)
def choices(scored: Scored) -> dict[str, list[str]]:
    """What the filters offer: the owners, segments and themes there are."""
    owners = "SELECT DISTINCT owner AS choice FROM board WHERE owner <> '' ORDER BY lower(owner)"
    segments = "SELECT DISTINCT segment AS choice FROM board WHERE segment <> '' ORDER BY 1"
    themes = "SELECT DISTINCT unnest(themes) AS choice FROM board ORDER BY 1"
    asked = {"owner": owners, "segment": segments, "theme": themes}
    return {name: [row["choice"] for row in scored.rows(sql)] for name, sql in asked.items()}


def _rows(scored: Scored, asked: Asked, page: int) -> tuple[Mapping[str, Any], ...]:
    tests, order, given = chosen(asked)
    found = scored.rows(PLACES.format(tests=tests, order=order), *given, PAGE, (page - 1) * PAGE)
    return scored.at([row["place"] for row in found])


def _totals(scored: Scored, asked: Asked) -> Totals:
    tests, given = _tests(asked)
    sums = scored.rows(SUMS.format(tests=tests), *given)
    [whole] = [row for row in sums if not row["of_band"] and not row["of_segment"]]
    return Totals(
        **{name: whole[name] for name in SUMMED},
        bands={row["band"]: row["customers"] for row in sums if row["of_band"]},
        segments=tuple(row for row in sums if row["of_segment"]),
    )


def _tests(asked: Asked) -> tuple[str, list[object]]:
    """The conditions in SQL with what fills their question marks."""
    each: list[tuple[str, object]] = [
        ("owner = ?", asked.owner),
        ("segment = ?", asked.segment),
        ("list_contains(?, band)", list(asked.band)),
        ("list_contains(themes, ?)", asked.theme),
        ("days_to_renewal BETWEEN 0 AND ?", int(asked.renewal) if asked.renewal else None),
        ("contains(searched, strip_accents(lower(?)))", asked.search),
    ]
    used = [(test, value) for test, value in each if value]
    tests = " AND ".join([VIEW_TESTS[asked.view], *(test for test, _ in used)])
    return tests, [value for _, value in used]


def _order(asked: Asked) -> str:
    if not asked.sort:
        return "place"
    expression, direction = ORDERS[asked.sort.removeprefix("-")]
    direction = OPPOSITE[direction] if asked.sort.startswith("-") else direction
    return f"{expression} {direction} NULLS LAST, place"


@lru_cache(maxsize=1)
def views(scored: Scored) -> dict[str, int]:
    """How many customers each view holds, whatever the filters."""
    counts = ", ".join(f"count(*) FILTER ({test}) AS {view}" for view, test in VIEW_TESTS.items())
    [row] = scored.rows(f"SELECT {counts} FROM board")  # noqa: S608
    return row
