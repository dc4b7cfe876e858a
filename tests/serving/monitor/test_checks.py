"""Each check finds its fault, and nothing where only chance has been at work."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from features.drift import reference_of
from features.history import History
from features.sources.files import in_memory
from serving.monitor.columns import nulls
from serving.monitor.finding import Checked, Severity
from serving.monitor.foreseen import foreseen
from serving.monitor.fresh import freshness
from serving.monitor.moved import Middles, drift, moved_from
from serving.monitor.scored import ScoredRun, bands, top_list
from serving.schemas import Band
from training.calibrate import sigmoid
from training.forecast import auc_forecast, forecast
from training.metrics import auc, brier, log_loss

TODAY = date(2026, 11, 1)
ROWS = 3_000


def ago(days: float) -> datetime:
    return datetime(2026, 11, 1) - timedelta(days=days)


def history(**tables: list[dict[str, Any]]) -> History:
    everybody = {"customers": [{"customer_id": "ann", "created_at": ago(700)}]}
    return in_memory({name: pa.Table.from_pylist(r) for name, r in (everybody | tables).items()})


def used(days: range, **values: Any) -> list[dict[str, Any]]:
    row = {"customer_id": "ann", "event": "login", "user_id": "u", "quantity": 1.0}
    return [row | {"at": ago(day - 0.5)} | values for day in days]


def codes(told: Checked) -> list[tuple[str, str, Severity]]:
    return [(each.code, each.subject, each.severity) for each in told.findings]


# A table that ends


@pytest.mark.parametrize(
    ("last", "severity"),
    [(4, None), (5, Severity.WARNING), (12, Severity.WARNING), (13, Severity.CRITICAL)],
)
def test_a_daily_table_may_be_silent_over_a_long_weekend(last: int, severity: Any) -> None:
    found = freshness(history(usage=used(range(last, 200))), TODAY, {})
    assert [each.severity for each in found.findings] == ([severity] if severity else [])


def test_a_table_that_gets_rows_once_a_month_is_not_stale_after_a_month() -> None:
    survey = {"customer_id": "ann", "kind": "NPS", "score": 9.0}
    monthly = [survey | {"at": ago(30 * n + 40)} for n in range(12)]
    row = freshness(history(surveys=monthly), TODAY, {}).rows[-1]
    assert (row["days"], row["silence"], row["limit"]) == (40, None, None)
    weekly = [survey | {"at": ago(7 * n + 10)} for n in range(20)]
    told = freshness(history(surveys=weekly), TODAY, {})
    assert (told.rows[-1]["silence"], told.rows[-1]["limit"], told.findings) == (7, 15, ())


def test_a_limit_that_is_set_is_kept_to_and_its_breach_cannot_wait() -> None:
    told = freshness(history(usage=used(range(3, 200))), TODAY, {"usage": 2})
    assert codes(told) == [("stale", "usage", Severity.CRITICAL)]
    assert "ends on 2026-10-29, 3 days ago; it may be 2 days old" in told.findings[0].what
    assert freshness(history(usage=used(range(2, 200))), TODAY, {"usage": 2}).findings == ()


# A column that goes null


def test_a_column_gone_null_is_found_and_one_that_always_was_is_not() -> None:
    rows = used(range(1, 29), user_id=None) * 2 + used(range(29, 113)) * 2
    told = nulls(history(usage=rows), TODAY)
    assert codes(told) == [("column_missing", "usage.user_id", Severity.CRITICAL)]
    assert "missing in 100 % of the last 4 weeks' rows" in told.findings[0].what
    always = used(range(1, 113), user_id=None)
    assert nulls(history(usage=always), TODAY).findings == ()


def test_a_column_that_means_something_where_it_is_empty_is_found_when_it_goes_null() -> None:
    """An empty quantity counts as one use: features go on, and are wrong."""
    rows = used(range(1, 29), quantity=None) * 2 + used(range(29, 113), quantity=7.0) * 2
    told = nulls(history(usage=rows), TODAY)
    assert codes(told) == [("column_missing", "usage.quantity", Severity.CRITICAL)]
    never = [{**row, "quantity": None} for row in rows]
    assert nulls(history(usage=never), TODAY).findings == ()


def test_what_is_revealed_late_is_not_missing() -> None:
    """Tickets are rated 20 days after they are opened: the last ones have no rating yet."""
    tickets = [
        {"customer_id": "ann", "ticket_id": f"t{d}", "opened_at": ago(d), "csat": 5.0,
         "csat_at": ago(d - 20)}
        for d in range(1, 120) for _ in range(2)
    ]  # fmt: skip
    told = nulls(history(tickets=tickets), TODAY)
    [csat] = [row for row in told.rows if row["column"] == "tickets.csat"]
    assert csat["now"] > 0.6
    assert told.findings == ()


def test_a_few_rows_say_nothing() -> None:
    rows = used(range(1, 29), user_id=None)[:20] + used(range(29, 113))
    assert nulls(history(usage=rows), TODAY).findings == ()


# Features and scores that move


def columns(seed: int, rows: int = ROWS) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    return {
        "logins": random.poisson(20, rows).astype(float),
        "amount": np.exp(random.normal(5, 1, rows)),
        "csat": np.where(random.random(rows) < 0.1, np.nan, random.normal(4, 1, rows)),
        "tenure": random.uniform(0, 1000, rows),
        "plan": random.choice(["team", "pro", "free"], rows).astype(object),
    }


def chance(seed: int, rows: int = ROWS, by: float = 0.0) -> Any:
    return sigmoid(np.random.default_rng(seed).normal(-3 + by, 1, rows))


REFERENCE = reference_of(columns(1), ["plan"], list(columns(1)), chance(1))


def moved(now: dict[str, Any], score: Any) -> Checked:
    numeric = [name for name in now if name != "plan"]
    was = columns(1)
    middles = {n: Middles(float(np.nanmedian(was[n])), _median(now[n])) for n in numeric}
    middles["score"] = Middles(0.07, float(np.mean(score)))
    return drift(moved_from(REFERENCE, now, score, 1), middles, frozenset({"tenure"}))


def _median(values: Any) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


FAULTS: list[tuple[str, Any, str, Severity]] = [
    ("csat", lambda was: was * np.nan, "feature_missing", Severity.CRITICAL),
    ("amount", lambda was: was * 100, "feature_units", Severity.CRITICAL),
    ("amount", lambda was: was / 100, "feature_units", Severity.CRITICAL),
    ("logins", lambda was: was - 3, "feature_moved", Severity.WARNING),
    ("tenure", lambda was: was + 250, "feature_moved", Severity.INFO),
    ("tenure", lambda was: was * 100, "feature_units", Severity.CRITICAL),
    ("plan", lambda was: np.where(was == "pro", "Pro", was), "word_moved", Severity.CRITICAL),
]


@pytest.mark.parametrize(("name", "fault", "code", "severity"), FAULTS)
def test_a_feature_that_moves_is_found_with_the_way_it_moved(
    name: str, fault: Any, code: str, severity: Severity
) -> None:
    now = columns(2)
    told = moved(now | {name: fault(now[name])}, chance(2))
    assert codes(told) == [(code, name, severity)]


def test_scores_that_move_are_found_by_their_own_bounds() -> None:
    assert codes(moved(columns(2), chance(2))) == []
    assert codes(moved(columns(2), chance(2, by=0.4))) == [("score_moved", "score", "warning")]
    assert codes(moved(columns(2), chance(2, by=0.9))) == [("score_moved", "score", "critical")]


def test_a_small_company_is_not_called_for_what_chance_does() -> None:
    """With 40 customers PSI passes the bound of .2 by chance: it has to pass chance as well."""
    past = 0
    for seed in range(40):
        told = moved(columns(seed + 10, 40), chance(seed + 10, 40))
        past += sum(row["psi"] > 0.2 for row in told.rows)
        assert told.findings == ()
    assert past > 40


# The forecast


def test_the_forecast_is_what_comes_if_probabilities_are_true() -> None:
    p = chance(3, 40_000)
    came = (np.random.default_rng(5).random(len(p)) < p).astype(int)
    told = forecast(p)
    assert told.auc == pytest.approx(auc(came, p), abs=0.02)
    assert told.log_loss == pytest.approx(log_loss(came, p), abs=0.01)
    assert told.brier == pytest.approx(brier(came, p), abs=0.003)
    assert told.leaving == pytest.approx(came.sum(), rel=0.06)


def test_equal_scores_tell_nobody_apart() -> None:
    assert forecast(np.full(50, 0.2)).auc == 0.5
    ends = forecast(np.array([0.0] * 5 + [1.0] * 5))
    assert (ends.auc, ends.leaving) == (pytest.approx(1), pytest.approx(5))


def test_customers_that_are_harder_to_tell_apart_are_a_warning_and_no_more() -> None:
    before = forecast(chance(4))
    assert foreseen(chance(5), before).findings == ()
    told = foreseen(sigmoid(np.random.default_rng(6).normal(-3, 0.3, ROWS)), before)
    assert codes(told) == [("forecast_weaker", "AUC", Severity.WARNING)]
    assert told.findings[0].what.startswith("A forecast without outcomes")
    narrow = auc_forecast(chance(5))
    assert narrow.low < narrow.point < narrow.high < narrow.low + 0.1


def test_of_nobody_nothing_is_forecast() -> None:
    assert foreseen(np.array([]), None) == Checked()


# Bands, and the top of the list


def run(bands_of: list[Band], order: list[int] | None = None, day: int = 1) -> ScoredRun:
    ranks = {f"c{place}": rank for rank, place in enumerate(order or range(len(bands_of)))}
    told = {f"c{place}": band for place, band in enumerate(bands_of)}
    return ScoredRun(date(2026, 11, day), f"v{day}", told, ranks)


def book(low: int, critical: int) -> list[Band]:
    return [Band.LOW] * low + [Band.CRITICAL] * critical


def test_bands_that_jump_are_found_and_a_few_customers_are_not() -> None:
    before = run(book(900, 100))
    assert bands(run(book(890, 110), day=2), before).findings == ()
    told = bands(run(book(700, 300), day=2), before)
    assert codes(told) == [("bands_moved", "bands", Severity.CRITICAL)]
    assert "high and critical are 30 % after 10 %" in told.findings[0].what
    assert "v1 → v2" in told.findings[0].do
    assert bands(run(book(7, 3), day=2), run(book(9, 1))).findings == ()


@pytest.mark.parametrize(
    ("new", "severity"),
    [(0, None), (25, None), (26, Severity.WARNING), (45, Severity.CRITICAL)],
)
def test_a_list_is_replaced_when_more_than_four_of_ten_are_surely_new(
    new: int, severity: Any
) -> None:
    before = run(book(200, 0))
    order = [*range(new, 50), *range(100, 100 + new), *range(new), *range(50, 100)]
    told = top_list(run(book(200, 0), order, day=2), before, size=50)
    assert told.rows[0]["replaced"] == new
    assert [each.severity for each in told.findings] == ([severity] if severity else [])


def test_who_is_not_scored_any_more_is_not_missed_on_the_list() -> None:
    before, left = run(book(100, 0)), run(book(100, 0), day=2)
    ranks = {name: rank for name, rank in left.ranks.items() if rank >= 45}
    told = top_list(ScoredRun(left.as_of, "v", left.bands, ranks), before, size=50)
    assert (told.rows[0]["size"], told.rows[0]["replaced"]) == (5, 0)
