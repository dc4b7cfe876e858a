"""Observed and expected leavers of runs that have matured, and only of those."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from features.history import History
from features.sources.files import in_memory
from serving.dataset import PREFIX
from serving.monitor.finding import Checked, Severity
from serving.monitor.outcomes import chance_of, matured, outcomes, windows
from tests.web.made_up import scored, write_run
from training.labels import ChurnLabel

LABEL = ChurnLabel(horizon_days=90, gap_days=10, arrival_lag_days=3)
RUN = date(2026, 6, 1)
RIPE = RUN + timedelta(days=30 + 10 + 3)  # its first month has matured
Written = Callable[[Sequence[dict[str, Any]]], Sequence[tuple[date, Path]]]


def customers(leaving: Sequence[float | None]) -> History:
    """One subscription each; who leaves does so so many days after the run."""
    since, names = datetime(2025, 1, 1), [f"c{n}" for n in range(len(leaving))]
    begun = [{"customer_id": name, "created_at": since, "touch": "high"} for name in names]
    held = [
        {"customer_id": name, "subscription_id": name, "at": since, "mrr": 10.0, "plan": "team",
         "ended_at": None if days is None else datetime(2026, 6, 1) + timedelta(days=days)}
        for name, days in zip(names, leaving, strict=True)
    ]  # fmt: skip
    tables = {"customers": begun, "subscriptions": held}
    return in_memory({name: pa.Table.from_pylist(rows) for name, rows in tables.items()})


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def _written(rows: Sequence[dict[str, Any]]) -> Sequence[tuple[date, Path]]:
        write_run(tmp_path, RUN, rows)
        return [(RUN, tmp_path / f"{PREFIX}{RUN}")]

    return _written


def said(count: int, chance: float = 0.1, **rest: Any) -> list[dict[str, Any]]:
    """So many customers who leave in the first month with this chance."""
    later = {30: chance, 60: 2 * chance, 90: 3 * chance}
    return [scored(f"c{n}", 0.3, by_days=later, **rest) for n in range(count)]


def everybody(told: Checked) -> Any:
    return next(row for row in told.rows if row["column"] == "all customers")


@pytest.mark.parametrize(("days", "counts"), [(0, 1), (29.9, 1), (30, 0), (80, 0)])
def test_who_leaves_in_the_first_month_counts(written: Written, days: float, counts: int) -> None:
    told = outcomes(written(said(40)), customers([days] + [None] * 39), LABEL, RIPE)
    row = everybody(told)
    assert (row["customers"], row["observed"], row["expected"]) == (40, counts, pytest.approx(4))


def test_a_run_is_judged_when_its_first_month_has_matured_and_not_a_day_before(
    written: Written,
) -> None:
    runs = written(said(40))
    told = outcomes(runs, customers([None] * 40), LABEL, RIPE - timedelta(days=1))
    assert told.rows == ()
    assert told.findings[0].severity is Severity.INFO
    assert str(RIPE) in told.findings[0].what
    assert outcomes(runs, customers([None] * 40), LABEL, RIPE).rows != ()


@pytest.mark.parametrize(
    ("left", "code", "severity"),
    [
        (20, None, None),
        (26, None, None),  # 1.3 of what was expected, which chance does to twenty
        (30, "more_than_expected", Severity.WARNING),
        (45, "more_than_expected", Severity.CRITICAL),
        (8, "fewer_than_expected", Severity.WARNING),
        (2, "fewer_than_expected", Severity.CRITICAL),
    ],
)
def test_a_ratio_is_found_where_chance_does_not_explain_it(
    written: Written, left: int, code: str | None, severity: Any
) -> None:
    told = outcomes(written(said(200)), customers([1] * left + [None] * (200 - left)), LABEL, RIPE)
    found = [(f.code, f.severity) for f in told.findings if f.subject == "all customers"]
    assert found == ([(code, severity)] if code else [])


def test_thirty_percent_more_churn_among_many_is_found(written: Written) -> None:
    told = outcomes(written(said(2_000)), customers([1] * 260 + [None] * 1_740), LABEL, RIPE)
    assert told.findings[0].code == "more_than_expected"
    assert "260 of 2,000 (all customers) left where 200.0 were expected: 1.3" in (
        told.findings[0].what
    )


def test_a_kind_of_customers_is_found_apart_from_all_the_others(written: Written) -> None:
    """As many leave as expected, but all of them on one plan."""
    rows = said(200, plan="team") + [
        row | {"customer_id": f"c{200 + n}", "plan": "pro"} for n, row in enumerate(said(200))
    ]
    told = outcomes(written(rows), customers([1] * 40 + [None] * 360), LABEL, RIPE)
    assert {f.subject for f in told.findings} == {"plan team", "plan pro"}
    assert everybody(told)["ratio"] == pytest.approx(1)


def test_what_is_wrong_for_everybody_is_said_once(written: Written) -> None:
    rows = said(200, plan="team") + [
        row | {"customer_id": f"c{200 + n}", "plan": "pro"} for n, row in enumerate(said(200))
    ]
    gone = ([1] * 40 + [None] * 160) * 2
    told = outcomes(written(rows), customers(gone), LABEL, RIPE)
    assert [f.subject for f in told.findings] == ["all customers"]


def test_months_that_are_counted_do_not_overlap(tmp_path: Path) -> None:
    days = [RUN - timedelta(days=7 * week) for week in range(30)]
    for day in days:
        write_run(tmp_path, day, said(3))
    runs = [(day, tmp_path / f"{PREFIX}{day}") for day in days]
    chosen = matured(windows(runs, LABEL), LABEL, RIPE)
    assert [RUN - window.as_of for window in chosen] == [timedelta(days=n) for n in (70, 35, 0)]


def test_the_chance_of_a_count_is_poissons() -> None:
    assert chance_of(3, 3.0) == 1.0
    assert chance_of(0, 3.0) == pytest.approx(2 * np.exp(-3.0))
    assert chance_of(400, 300.0) < 1e-7
    assert (chance_of(0, 0.0), chance_of(1, 0.0)) == (1.0, 0.0)
