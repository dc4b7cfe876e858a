"""What was said of customers, beside what became of them: observed and expected leavers.

The only module of serving that looks past the as-of date. Probabilities are those that were
published in the runs of the time; who left is told by training's own label.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, exp, isnan, lgamma, log
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from features.history import History
from serving.dataset import FILE
from serving.monitor.finding import Check, Checked, Finding, Severity
from serving.monitor.written import number
from training.labels import Label
from training.metrics import poisson_interval
from training.slices import holm

EVERYBODY = "all customers"
MONTHS = 3  # the newest months that have matured are counted together
APART_DAYS = 28  # at least between two runs that are counted
FEWEST_EXPECTED = 5.0
LOWEST, HIGHEST = 0.8, 1.25  # of observed/expected, as on the scorecard
WARNS, CRITICAL = 0.05, 0.001  # chances of such a ratio, if probabilities are true
COLUMNS = ["customer_id", "band", "segment", "plan", "mrr"]
TOLD = ("touch", "country")  # of the customers' own table
COUNTED = ("segment", "plan", "band", "MRR quarter", *TOLD)


@dataclass(frozen=True)
class Window:
    """The first month of a run: whose probabilities, of how many days."""

    as_of: date
    days: int
    folder: Path

    @property
    def column(self) -> str:
        """The probability's column in the run."""
        return f"probability_{self.days}"


def known_on(window: Window, label: Label) -> date:
    """The day from which a window's outcomes can be trusted."""
    return window.as_of + timedelta(days=label.reach_days - label.horizon_days + window.days)


def windows(runs: Sequence[tuple[date, Path]], label: Label) -> list[Window]:
    """The first month of each run that tells it, oldest first."""
    days = label.month_ends[0]
    found = [Window(as_of, days, folder) for as_of, folder in sorted(runs)]
    return [each for each in found if _tells(each)]


def _tells(window: Window) -> bool:
    return window.column in pq.read_schema(window.folder / FILE).names


def matured(found: Sequence[Window], label: Label, today: date) -> list[Window]:
    """The newest windows whose outcomes can be trusted, none reaching into another."""
    apart = max(APART_DAYS, found[0].days if found else 0)
    chosen: list[Window] = []
    for window in reversed([each for each in found if known_on(each, label) <= today]):
        if not chosen or (chosen[-1].as_of - window.as_of).days >= apart:
            chosen.append(window)
    return chosen[:MONTHS][::-1]


def outcomes(
    runs: Sequence[tuple[date, Path]], history: History, label: Label, today: date
) -> Checked:
    """Observed over expected leavers of the newest matured months: each, together and by kind.

    The chances by kind share one error rate (Holm). What is found of everybody is not found again
    of every kind of customers.
    """
    found = windows(runs, label)
    ready = matured(found, label, today)
    if not ready:
        return Checked((), _waiting(found, label))
    rows = pd.concat([followed(window, history, label) for window in ready])
    return held_against(rows, _period(ready))


def held_against(rows: pd.DataFrame, period: str) -> Checked:
    """What was expected of customers against who left: each month, all together and by kind."""
    by_month = [_measured("month", str(day), some) for day, some in rows.groupby("as_of")]
    whole = _measured(EVERYBODY, "", rows)
    found_of_all = _found(whole, period)
    kinds = _among_many(list(_kinds(rows)), whole["ratio"] if found_of_all else 1.0)
    findings = [found_of_all, *(_found(each, period) for each in kinds)]
    return Checked((whole, *by_month, *kinds), tuple(each for each in findings if each))


def _among_many(kinds: list[dict[str, Any]], usual: float) -> list[dict[str, Any]]:
    """The kinds with enough expected leavers, their chances adjusted for being many.

    `usual` is the ratio of everybody, where that is a finding itself.
    """
    tested = [each for each in kinds if each["expected"] >= FEWEST_EXPECTED]
    chances = [chance_of(each["observed"], each["expected"] * usual) for each in tested]
    adjusted = holm(np.array(chances))
    return [{**each, "chance": float(a)} for each, a in zip(tested, adjusted, strict=True)]


def _waiting(found: Sequence[Window], label: Label) -> tuple[Finding, ...]:
    if not found:
        return ()
    given = {"first": str(known_on(found[0], label))}
    return (Finding(Check.OUTCOMES, EVERYBODY, Severity.INFO, "nothing_matured", given),)


def followed(window: Window, history: History, label: Label) -> pd.DataFrame:
    """A run's scored customers with `expected`, their probability, and `left`, 0 or 1.

    Customers who have been erased since are left out: nothing is known of them.
    """
    read = pq.read_table(window.folder / FILE, columns=[*COLUMNS, window.column]).to_pandas()
    told = read.rename(columns={window.column: "expected"}).dropna(subset=["expected"])
    told = told.merge(_attributes(history), on="customer_id").assign(as_of=window.as_of)
    told["MRR quarter"] = _quarters(told["mrr"])
    labelled = label.of(history, told[["customer_id", "as_of"]].reset_index(drop=True))
    opens = pd.to_datetime(labelled["as_of"]) + pd.Timedelta(days=label.lead_days)
    left = labelled["churned_at"] < opens + pd.Timedelta(days=window.days)
    became = labelled[["customer_id"]].assign(left=left.astype(int))
    found: pd.DataFrame = told.merge(became, on="customer_id")
    return found


def _attributes(history: History) -> pd.DataFrame:
    rows = history.tables["customers"].select("customer_id", *TOLD)
    found: pd.DataFrame = rows.to_pyarrow().to_pandas()
    return found


def _quarters(mrr: "pd.Series[float]") -> list[str | None]:
    """Quarters by MRR, equal ones in the same; None where there are fewer than four."""
    if mrr.nunique() < 4:
        return [None] * len(mrr)
    ranks = mrr.rank(pct=True).to_numpy()
    return [None if isnan(rank) else f"{ceil(rank * 4)} of 4" for rank in ranks]


def _kinds(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for column in COUNTED:
        if rows[column].nunique() > 1:
            for value, some in rows.groupby(column):
                yield _measured(column, str(value), some)


def _measured(column: str, value: str, rows: pd.DataFrame) -> dict[str, Any]:
    """One line: customers, expected, observed, their ratio with its Poisson 95 % interval."""
    expected, observed = float(rows["expected"].sum()), int(rows["left"].sum())
    low, high = poisson_interval(observed)
    return {
        "column": column,
        "value": value,
        "customers": len(rows),
        "expected": expected,
        "observed": observed,
        "ratio": observed / expected if expected else float("nan"),
        "low": low / expected if expected else float("nan"),
        "high": high / expected if expected else float("nan"),
        "chance": chance_of(observed, expected),
    }


def chance_of(observed: int, expected: float) -> float:
    """How likely a count so far or farther from its Poisson mean is: twice the smaller tail.

    Sums of true probabilities spread less than Poisson, so that this is a little too large.
    """
    if expected <= 0:
        return 0.0 if observed else 1.0
    at_most = sum(exp(k * log(expected) - expected - lgamma(k + 1)) for k in range(observed + 1))
    exactly = exp(observed * log(expected) - expected - lgamma(observed + 1))
    return min(1.0, 2 * min(at_most, 1 - at_most + exactly))


def _found(row: Mapping[str, Any], period: str) -> Finding | None:
    """Too many or too few left: past chance, and further than a scorecard lets pass."""
    if row["chance"] >= WARNS or LOWEST <= row["ratio"] <= HIGHEST:
        return None
    surely = row["low"] > HIGHEST or row["high"] < LOWEST
    severity = Severity.CRITICAL if surely and row["chance"] < CRITICAL else Severity.WARNING
    code = "more_than_expected" if row["ratio"] > 1 else "fewer_than_expected"
    whom = f"{row['column']} {row['value']}".strip()
    given = {
        "whom": f"{row['customers']:,} ({whom})",
        "observed": f"{row['observed']:,}",
        "expected": f"{row['expected']:,.1f}",
        **{name: number(row[name]) for name in ("ratio", "low", "high")},
        "period": period,
    }
    return Finding(Check.OUTCOMES, whom, severity, code, given)


def _period(ready: Sequence[Window]) -> str:
    days, dates = ready[0].days, ", ".join(str(window.as_of) for window in ready)
    return f"in {days} days from {dates}"
