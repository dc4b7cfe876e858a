"""One picture of the study: each choice's gain in AUC and in log-loss, with its interval."""

from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

GAINS = {"auc_gain": "gain in AUC", "log_loss_gain": "relative gain in log-loss"}
COLOURS = ("#1f5fa8", "#b3541e")
REACH = {"auc_gain": 0.1, "log_loss_gain": 0.15}  # what lies further out is drawn at the edge


def picture(told: dict[str, Any]) -> str:
    """An SVG; the same figures give the same file."""
    names = list(dict.fromkeys(name for found in told.values() for name in found["choices"]))
    figure = Figure(figsize=(9, 0.5 * len(names) + 1.2), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for axis, (gain, words) in zip(axes, GAINS.items(), strict=True):
        drawn(axis, told, names, gain)
        axis.set_xlabel(words)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    axes[1].legend(loc="lower right", frameon=False)
    made = StringIO()
    with mpl.rc_context({"svg.hashsalt": "choices"}):
        figure.savefig(made, format="svg", metadata={"Date": None})
    return made.getvalue()


def drawn(axis: Axes, told: dict[str, Any], names: list[str], gain: str) -> None:
    """The intervals of one gain, a colour for each data set."""
    axis.axvline(0.0, color="#888888", linewidth=0.8)
    for place, (data, found) in enumerate(told.items()):
        for name, figures in found["choices"].items():
            value = {key: clipped(v, REACH[gain]) for key, v in figures[gain].items()}
            height = names.index(name) + (place - 0.5) * 0.28
            colour = COLOURS[place % len(COLOURS)]
            axis.plot([value["low"], value["high"]], [height, height], color=colour)
            axis.plot(value["point"], height, "o", color=colour, markersize=4)
        axis.plot([], [], "o-", color=COLOURS[place % len(COLOURS)], label=data)
    axis.spines[["top", "right"]].set_visible(False)


def clipped(value: float, reach: float) -> float:
    """The value, or the edge it lies beyond."""
    return min(max(value, -reach), reach)
