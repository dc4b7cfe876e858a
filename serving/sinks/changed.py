"""What changed since the run before, in words: the score, the themes that moved it, the reasons."""

from collections.abc import Mapping
from typing import Any

from features.languages import Language
from serving.reasons import rounded
from serving.sinks.told import Told
from serving.web import words

WORTH_SAYING = 0.5  # percentage points of a theme
MOST_THEMES = 3
MOST_REASONS = 2


def what_changed(told: Told) -> str | None:
    """A few sentences for a CSM; None where there is nothing to compare with."""
    now, before = told.row["probability"], told.previous
    if now is None or before is None or told.before is None:
        return None
    new, old, themes = (
        round(100 * now),
        round(100 * before),
        _themes(told.row, told.before, told.language),
    )
    if new == old and not themes:
        return _moved(new, old, told.language)  # reasons that came and went weigh nothing then
    sentences = [_moved(new, old, told.language), themes, *_reasons(told)]
    return " ".join(sentence for sentence in sentences if sentence)


def _moved(new: int, old: int, language: Language) -> str:
    ends = {"old": language.percent(old / 100), "new": language.percent(new / 100)}
    if new == old:
        return language.say("Unchanged at {new}.", **ends)
    if new > old:
        return language.plural(
            "Up {number} point, from {old} to {new}.",
            "Up {number} points, from {old} to {new}.",
            new - old,
            **ends,
        )
    return language.plural(
        "Down {number} point, from {old} to {new}.",
        "Down {number} points, from {old} to {new}.",
        old - new,
        **ends,
    )


def _themes(row: Mapping[str, Any], before: Mapping[str, Any], language: Language) -> str:
    """The difference of the themes' exact contributions, the largest first."""
    now, then = _points(row), _points(before)
    moved = {theme: now.get(theme, 0.0) - then.get(theme, 0.0) for theme in now | then}
    worth = sorted(
        (t for t in moved if abs(moved[t]) >= WORTH_SAYING), key=lambda t: -abs(moved[t])
    )
    top = worth[:MOST_THEMES]
    shares = rounded([moved[theme] for theme in top], 1)
    told = ", ".join(
        f"{words.theme(language, theme).lower()} {_signed(share, language)}"
        for theme, share in zip(top, shares, strict=True)
    )
    return language.say("By theme, in points: {told}.", told=told) if told else ""


def _signed(share: float, language: Language) -> str:
    return ("+" if share >= 0 else "-") + language.fixed(abs(share), 1)


def _reasons(told: Told) -> list[str]:
    """Reasons that came and went; one that is only worded with a new number did neither."""
    now, then = _texts(told.row), _texts(told.before or {})
    came = [text for code, text in now.items() if code not in then][:MOST_REASONS]
    went = [text for code, text in then.items() if code not in now][:MOST_REASONS]
    new, gone = "; ".join(came), "; ".join(went)
    return [
        *([told.language.say("New: {reasons}.", reasons=new)] if new else []),
        *(
            [told.language.say("No longer among the reasons: {reasons}.", reasons=gone)]
            if gone
            else []
        ),
    ]


def _points(row: Mapping[str, Any]) -> dict[str, float]:
    return {theme["theme"]: theme["points"] for theme in row["themes"] or ()}


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    return {reason["code"]: reason["text"] for reason in row.get("reasons") or ()}
