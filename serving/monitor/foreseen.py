"""The forecast of how well the model does today, beside that of its test; it only warns."""

from math import sqrt
from typing import Any

from serving.monitor.finding import Check, Checked, Finding, Severity
from serving.monitor.written import number
from training.forecast import Forecast, auc_forecast, forecast
from training.metrics import Array

WEAKER = 0.03  # of AUC: below this nobody's list looks different


def foreseen(probability: Array, before: Forecast | None) -> Checked:
    """Expected figures of today's probabilities; found where the AUC has surely fallen.

    That is: the whole 95 % interval of the fall lies beyond WEAKER. The test's customers were drawn
    by chance too, about as many as today's, so that the fall's interval is sqrt(2) as wide.
    """
    if not len(probability):
        return Checked()
    now, auc = forecast(probability), auc_forecast(probability)
    row: dict[str, Any] = {"customers": len(probability), **now.said()}
    row |= {"low": auc.low, "high": auc.high}
    row |= {f"{name}_before": value for name, value in (before.said() if before else {}).items()}
    highest = auc.point + sqrt(2) * (auc.high - auc.point)
    if before is None or not highest < before.auc - WEAKER:
        return Checked((row,))
    given = {name: number(v) for name, v in (("now", now.auc), ("low", auc.low))}
    given |= {"high": number(auc.high), "before": number(before.auc)}
    weaker = Finding(Check.FORECAST, "AUC", Severity.WARNING, "forecast_weaker", given)
    return Checked((row,), (weaker,))
