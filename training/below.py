"""Below the minimum: so few have left that nothing can be learnt, and what is said then.

A model that has seen a handful of churned customers gives confident numbers of no worth. The
baseline says the churn rate of everybody with its interval, and puts nobody into a band.
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from training.baselines import Baselines
from training.calibrate import Platt, log_odds
from training.gate import Decision
from training.hazards import Cause, Component
from training.labels import Label
from training.model import ChurnModel
from training.risks import Risk, risks_of

TAIL = 1.645  # standard errors on either side that leave 90 % between them


@dataclass(frozen=True)
class Minimum:
    """Churned customers needed to train on and to judge by.

    Below 100 even the slope of a calibration is noise; with 30 the AUC's standard error is .05.
    """

    trained: int = 100
    tested: int = 30


def shortfall(train: pd.DataFrame, test: pd.DataFrame, least: Minimum) -> str:
    """What is missing to train and judge a model, in words; '' where nothing is."""
    trained, tested = churned_customers(train), churned_customers(test)
    if trained >= least.trained and tested >= least.tested:
        return ""
    return (
        f"Too few customers have left to learn from: {trained} on the dates to train on and "
        f"{tested} on those to judge by, where {least.trained} and {least.tested} are needed."
    )


def churned_customers(rows: pd.DataFrame) -> int:
    """How many customers left within the horizon of any of their rows."""
    left = rows[rows["churned"] == 1]
    return int(left.index.get_level_values("customer_id").nunique())


def baseline_model(blank: ChurnModel, label: Label, train: pd.DataFrame, short: str) -> ChurnModel:
    """A model of the churn rate alone, by month: no boosters, no reasons, the same for everybody.

    `about["base_rate_interval"]` holds the middle 90 % of what the rate may be.
    """
    risks = risks_of(train, label, date.max, (Cause.ANY,))
    parts = tuple(Component(r.cause, r.month, 0, Platt(1.0, _level(r))) for r in risks)
    low, high = rate_interval(train)
    said = {
        "insufficient": f"{short} {_rate_in_words(train, label)}",
        "base_rate_interval": [low, high],
    }
    return replace(blank, ensembles=((),), components=parts, about={**blank.about, **said})


def rate_interval(rows: pd.DataFrame) -> tuple[float, float]:
    """Where the share of snapshots that churn may lie, at 90 %.

    Wilson's interval (1927) on customers: a customer's many snapshots are one witness, so that as
    many count as give the rate with the customers who left.
    """
    left, rate = churned_customers(rows), float(rows["churned"].mean())
    size = left / rate if left else float(rows.index.get_level_values("customer_id").nunique())
    centre = rate + TAIL**2 / (2 * size)
    reach = TAIL * np.sqrt(rate * (1 - rate) / size + (TAIL / (2 * size)) ** 2)
    low, high = (float((centre + side * reach) / (1 + TAIL**2 / size)) for side in (-1, 1))
    return max(low, 0.0), high


def constant(train: pd.DataFrame, test: pd.DataFrame) -> Baselines:
    """What a baseline is compared with: itself. No line can be fitted through so few."""
    rate = (train["churned"].sum() + 0.5) / (len(train) + 1)
    same = np.full(len(test), rate)
    return Baselines(same, same, "", same, same)


def decision_below(model: ChurnModel, champion: ChurnModel | None, fired: list[str]) -> Decision:
    """What becomes of a baseline: it is published only where nothing better is.

    It makes no claim about anybody, so that no rule of a model could protect from it.
    """
    short = model.insufficient or ""
    if fired:
        return Decision("hold", (short, *fired))
    if champion is not None and not champion.insufficient:
        return Decision("refuse", (short, f"The champion, {champion.version}, stays."))
    return Decision("promote", (short, "Until more have left, nobody is put into a band."))


def _level(risk: Risk) -> float:
    """The log-odds of a month's hazard, by Jeffreys' prior: possible where nobody left."""
    rate = (risk.events + 0.5) / (risk.at_risk.sum() + 1)
    return float(log_odds(np.array([rate]))[0])


def _rate_in_words(rows: pd.DataFrame, label: Label) -> str:
    low, high = rate_interval(rows)
    return (
        f"Of 100 customers about {100 * rows['churned'].mean():.0f} ({100 * low:.0f} to "
        f"{100 * high:.0f}) leave within {label.horizon_days} days, and nothing tells yet which."
    )
