"""A score's reasons as a person reads them: by theme, beside what is usual, and what changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from features.words import number, percent
from serving.web import words

Said: TypeAlias = Mapping[str, Any]

SMALLEST = 0.5  # percentage points: less is not worth a line
MOST = 5
SCALES = ("of 10", "of 5", "of 7")


@dataclass(frozen=True)
class Difference:
    """A reason that weighs more or less than in the run before, or is listed in one only."""

    text: str
    was: str
    points: float
    how: str


def by_theme(reasons: Iterable[Said]) -> dict[str, list[Said]]:
    """Reasons under their themes, the strongest theme first."""
    grouped: dict[str, list[Said]] = {}
    for reason in reasons:
        grouped.setdefault(reason["theme"], []).append(reason)
    return grouped


def beside(reason: Said, currency: str) -> str:
    """What a value is compared with: the customer's own value before, and its segment's middle."""
    own, peers = reason["baseline"], reason["peers"]
    said = [f"before: {amount(own, reason, currency)}"] if own is not None else []
    if peers is not None and not _is_change(reason):
        said.append(f"similar customers: {amount(peers, reason, currency)}")
    return ", ".join(said)


def amount(value: float, reason: Said, currency: str) -> str:
    """A value in its feature's unit."""
    unit = reason["unit"]
    if unit == "in money":
        return words.money(value, currency)
    if unit.startswith("of ") and unit not in SCALES:
        return percent(value)
    return f"{number(value)} {unit}".strip()


def differences(now: Said, before: Said) -> list[Difference]:
    """What the score's change comes from: reasons that weigh more or less, the largest first."""
    current, earlier = _by_code(now), _by_code(before)
    codes = list(current) + [code for code in earlier if code not in current]
    found = [_difference(current.get(code), earlier.get(code)) for code in codes]
    weighty = [difference for difference in found if abs(difference.points) >= SMALLEST]
    return sorted(weighty, key=lambda difference: -abs(difference.points))[:MOST]


def _difference(now: Said | None, before: Said | None) -> Difference:
    if now and before:
        was = before["text"] if before["text"] != now["text"] else ""
        return Difference(now["text"], was, now["points"] - before["points"], "weighs")
    if now:
        return Difference(now["text"], "", now["points"], "new")
    gone = before or {}
    return Difference(gone["text"], "", -gone["points"], "gone")


def _by_code(told: Said) -> dict[str, Said]:
    listed = [*(told["reasons"] or ()), *(told["protective"] or ()), *(told["context"] or ())]
    return {reason["code"]: reason for reason in listed}


def _is_change(reason: Said) -> bool:
    return "_change_" in reason["code"] or "_trend_" in reason["code"]
