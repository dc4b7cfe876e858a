"""What changed since the run before, in words: the score, the themes that moved it, the reasons."""

from collections.abc import Mapping
from typing import Any

from serving.reasons import rounded
from serving.sinks.told import Told

WORTH_SAYING = 0.5  # percentage points of a theme
MOST_THEMES = 3
MOST_REASONS = 2


def what_changed(told: Told) -> str | None:
    """A few sentences for a CSM; None where there is nothing to compare with."""
    now, before = told.row["probability"], told.previous
    if now is None or before is None or told.before is None:
        return None
    new, old, themes = round(100 * now), round(100 * before), _themes(told.row, told.before)
    if new == old and not themes:
        return f"Unchanged at {new} %."  # reasons that came and went weigh nothing then
    sentences = [_moved(new, old), themes, *_reasons(told)]
    return " ".join(sentence for sentence in sentences if sentence)


def _moved(new: int, old: int) -> str:
    if new == old:
        return f"Unchanged at {new} %."
    way = "Up" if new > old else "Down"
    return f"{way} {abs(new - old)} point{'s' * (abs(new - old) != 1)}, from {old} % to {new} %."


def _themes(row: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """The difference of the themes' exact contributions, the largest first."""
    now, then = _points(row), _points(before)
    moved = {theme: now.get(theme, 0.0) - then.get(theme, 0.0) for theme in now | then}
    worth = sorted(
        (t for t in moved if abs(moved[t]) >= WORTH_SAYING), key=lambda t: -abs(moved[t])
    )
    top = worth[:MOST_THEMES]
    shares = rounded([moved[theme] for theme in top], 1)
    told = ", ".join(f"{theme} {share:+.1f}" for theme, share in zip(top, shares, strict=True))
    return f"By theme, in points: {told}." if told else ""


def _reasons(told: Told) -> list[str]:
    """Reasons that came and went; one that is only worded with a new number did neither."""
    now, then = _texts(told.row), _texts(told.before or {})
    came = [text for code, text in now.items() if code not in then][:MOST_REASONS]
    went = [text for code, text in then.items() if code not in now][:MOST_REASONS]
    listed = (("New", came), ("No longer among the reasons", went))
    return [f"{what}: {'; '.join(texts)}." for what, texts in listed if texts]


def _points(row: Mapping[str, Any]) -> dict[str, float]:
    return {theme["theme"]: theme["points"] for theme in row["themes"] or ()}


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    return {reason["code"]: reason["text"] for reason in row.get("reasons") or ()}
