"""The forecast of how well the model does today, beside that of its test; it only warns."""

from typing import Any

from serving.monitor.finding import Check, Checked, Finding, Severity
from serving.monitor.written import number
from training.forecast import Forecast, auc_forecast, forecast
from training.metrics import Array

WEAKER = 0.03  # of AUC: below this nobody's list looks different


def foreseen(probability: Array, before: Forecast | None) -> Checked:
    """Expected figures of today's probabilities; found where the AUC has surely fallen.

    That is: the whole 95 % interval lies more than WEAKER below what was expected of the test.
    """
    if not len(probability):
        return Checked()
    now, auc = forecast(probability), auc_forecast(probability)
    row: dict[str, Any] = {"customers": len(probability), **now.said()}
    row |= {"low": auc.low, "high": auc.high}
    row |= {f"{name}_before": value for name, value in (before.said() if before else {}).items()}
    if before is None or not auc.high < before.auc - WEAKER:
        return Checked((row,))
    given = {name: number(v) for name, v in (("now", now.auc), ("low", auc.low))}
    given |= {"high": number(auc.high), "before": number(before.auc)}
    weaker = Finding(Check.FORECAST, "AUC", Severity.WARNING, "forecast_weaker", given)
    return Checked((row,), (weaker,))
