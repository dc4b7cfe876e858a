"""Run the study: `python -m experiments.choices --demo DIR --data DIR`; the README says what of."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from experiments.choices import arms, panels
from experiments.choices.arms import Said, compound, hazards
from experiments.choices.judging import against, churned_customers, contradictions
from experiments.choices.panels import Panel
from experiments.choices.plot import picture
from training.hazards import Cause

HERE = Path(__file__).parent


def main(arguments: list[str] | None = None) -> None:
    """Study both data sets; figures as JSON, a picture, and the README's table on the screen."""
    parser = argparse.ArgumentParser(prog="python -m experiments.choices", description=__doc__)
    parser.add_argument("--demo", type=Path, help="a folder that `churn simulate` has made")
    parser.add_argument("--data", type=Path, help="the folder that holds oulad_usage")
    parser.add_argument("--to", type=Path, default=HERE, help="a folder for the figures")
    asked = parser.parse_args(arguments)
    file = asked.to / "figures.json"
    told = json.loads(file.read_text()) if file.is_file() else {}
    if asked.demo:
        told["demo"] = studied(panels.demo(asked.demo))
    if asked.data:
        told["oulad_usage"] = studied(panels.oulad(asked.data))
    file.write_text(json.dumps(told, indent=1) + "\n")
    (asked.to / "gains.svg").write_text(picture(told))
    sys.stdout.write(table(told) + "\n")


def studied(panel: Panel) -> dict[str, Any]:
    """Every choice on one data set."""
    shipped = hazards(panel, arms.SHIPPED)
    whole = compound(shipped, arms.as_shipped)
    recipes = {
        "pooled dates, not the last one": arms.ONE_DATE,
        "small trees, not LightGBM's defaults": arms.BY_DEFAULT,
    }
    lines = {
        "Platt where it helps, not raw": arms.raw,
        "Platt where it helps, not always": arms.always_platt,
        "Platt where it helps, not isotonic": arms.isotonic,
    }
    others = {n: compound(hazards(panel, r), arms.as_shipped) for n, r in recipes.items()}
    others |= {name: compound(shipped, line) for name, line in lines.items()}
    return {
        "rows": {"fitted": len(panel.seen), "judged": len(panel.test)},
        "churned_customers_judged": churned_customers(panel),
        "as_of": [str(day) for day in panel.windows.test],
        "choices": {n: against(panel, whole, other) for n, other in others.items()}
        | horizons(panel, whole),
    }


def horizons(panel: Panel, whole: Said) -> dict[str, Any]:
    """Months compounded against a model for each horizon, both of any cause."""
    causes = arms.Recipe(causes=(Cause.ANY,))
    months = compound(hazards(panel, causes), arms.as_shipped)
    alone = arms.apart(panel)
    ends = panel.label.month_ends
    found = {
        f"months compounded, not a model for {days} days": against(panel, months, alone, place)
        for place, days in enumerate(ends, 1)
    }
    for each in found.values():
        each["contradicted"] = {
            "shipped": contradictions(whole),
            "other": round(contradictions(alone), 5),
        }
    return found


def table(told: dict[str, Any]) -> str:
    """The gains as a table in Markdown."""
    lines = [
        "| data | shipped choice, not the other | AUC | log-loss, relative | calibration error |"
    ]
    lines += ["|---|---|---|---|---|"]
    for name, found in told.items():
        for choice, figures in found["choices"].items():
            gains = ("auc_gain", "log_loss_gain", "calibration_error_gain")
            cells = " | ".join(shown(figures[gain]) for gain in gains)
            lines.append(f"| {name} | {choice} | {cells} |")
    return "\n".join(lines)


def shown(value: dict[str, float]) -> str:
    """A gain with its interval, in bold where the interval leaves out 0."""
    words = f"{value['point']:+.4f} ({value['low']:+.4f} to {value['high']:+.4f})"
    return f"**{words}**" if value["low"] > 0 or value["high"] < 0 else words


if __name__ == "__main__":
    main()
