"""What a backtest leaves behind: a table of every measure by date, its JSON and its page."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from training.backtest import Stop
from training.files import put
from training.page.charts import series
from training.page.rendered import rendered
from training.page.words import measures

SHOWN = (
    ("ranking", "auc", "AUC", None, 0.5),
    ("ranking", "top_decile_lift", "Top-decile lift", None, 1.5),
    ("probability", "observed_expected", "Observed / expected", (0.8, 1.25), 1.0),
    ("probability", "slope", "Calibration slope", (0.8, 1.25), 1.0),
    ("probability", "brier_skill", "Brier skill", None, 0.0),
    ("money", "savings", "Savings", None, 0.0),
)


def table(stops: Sequence[Stop]) -> pd.DataFrame:
    """One row per date and measure: point, interval, and whether it keeps its rule."""
    rows = [_row(stop, measure) for stop in stops for measure in measures(stop.card)]
    columns = ["as_of", "measure", "point", "low", "high", "passed"]
    made = pd.DataFrame(rows, columns=columns).drop_duplicates(["as_of", "measure"])
    numbers = dict.fromkeys(["point", "low", "high"], "float64")
    return made.astype(numbers | {"passed": "boolean"})


def _row(stop: Stop, measure: Mapping[str, Any]) -> tuple[Any, ...]:
    value = measure["value"]
    return (
        stop.as_of,
        measure["name"],
        value["point"],
        value["low"],
        value["high"],
        measure["passed"],
    )


def leave(stops: Sequence[Stop], folder: Path, about: Mapping[str, Any]) -> dict[str, Path]:
    """Write backtest.json, backtest.parquet and backtest.html; their paths by kind."""
    said = {"about": dict(about), "stops": [stop.said for stop in stops]}
    return {
        "json": put(folder / "backtest.json", json.dumps(said, indent=1)),
        "parquet": put(folder / "backtest.parquet", table(stops).to_parquet(index=False)),
        "html": put(folder / "backtest.html", rendered("backtest.html", walk=told(stops, about))),
    }


def told(stops: Sequence[Stop], about: Mapping[str, Any]) -> dict[str, Any]:
    """All that a page shows of a backtest."""
    judged = [stop for stop in stops if stop.card]
    return {
        "about": about,
        "lines": lines(stops),
        "pictures": [(shown[2], _picture(judged, *shown)) for shown in SHOWN] if judged else [],
        "rows": [(stop, stop.card) for stop in stops],
    }


def lines(stops: Sequence[Stop]) -> list[str]:
    """The walk in sentences: on how many dates one would have been well served."""
    judged = [stop.card for stop in stops if stop.card]
    fit = sum(card["grade"]["letter"] in ("A", "B") for card in judged)
    said = [
        f"On {fit} of {len(judged)} as-of dates the model of the day was fit to act on (A or B)."
    ]
    sure = sum(card["ranking"]["auc"]["passed"] is True for card in judged)
    said.append(f"On {sure} it ranked surely better than every simple rule.")
    observed, expected = _sums(judged)
    if expected:
        said.append(
            f"Over all dates {expected:,.0f} churned rows were foreseen and {observed:,.0f} came: "
            f"observed / expected {observed / expected:.2f}."
        )
    return said + _not_judged(stops)


def _not_judged(stops: Sequence[Stop]) -> list[str]:
    """The dates without a scorecard, those of one reason together."""
    why: dict[str, list[str]] = {}
    for stop in stops:
        if not stop.card:
            why.setdefault(stop.why, []).append(stop.as_of)
    return [f"Not judged: {', '.join(dates)}. {reason}" for reason, dates in why.items()]


def _sums(cards: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    months = [row for card in cards for row in card["probability"]["months"]]
    return sum(row["observed"] for row in months), sum(row["expected"] for row in months)


def _picture(
    stops: Sequence[Stop],
    block: str,
    name: str,
    title: str,
    around: tuple[float, float] | None,
    level: float,
) -> Markup:
    rows = [(stop.as_of, stop.card[block][name]["value"]) for stop in stops if stop.card]
    return series(rows, title, title, around, level)
