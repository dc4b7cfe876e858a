"""The scorecard's pictures, drawn from its JSON: what is shown is what was logged."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from markupsafe import Markup

from training.page.svg import Axis, Frame, area, chart, line, note, points, whisker

Card = Mapping[str, Any]
GOOD = (0.8, 1.25)


def share(value: float) -> str:
    """A share in percent, with a digit behind the point only where it is small."""
    return f"{100 * value:.2g} %" if abs(value) < 0.1 else f"{100 * value:.0f} %"


def pictures(card: Card) -> dict[str, Markup]:
    """All pictures of one scorecard, by name."""
    return {
        "reliability": reliability(card),
        "gain": gain(card),
        "lift": lift(card),
        "profit": profit(card),
        "months": months(card),
    }


def reliability(card: Card) -> Markup:
    """Observed against predicted churn by bin, with the band in which a perfect model would lie."""
    bins, chance = card["probability"]["reliability"], card["probability"]["by_chance"]
    said, seen = bins["predicted"], bins["observed"]
    end = 1.05 * max(*said, *seen, *chance["high"], 0.01)
    axis = Axis(0, end, "predicted probability of churn", share)
    frame = Frame(axis, Axis(0, end, "observed churn", share))
    low, high = (list(zip(said, chance[side], strict=True)) for side in ("low", "high"))
    dots = [
        (p, o, f"predicted {share(p)}, observed {share(o)} of {n:,.0f}")
        for p, o, n in zip(said, seen, bins["rows"], strict=True)
    ]
    words = "Observed churn against predicted: " + "; ".join(dot[2] for dot in dots)
    diagonal = line(frame, [(0, 0), (end, end)], "chance")
    curve = line(frame, zip(said, seen, strict=True), "model")
    return chart(
        frame, words, area(frame, low, high, "band"), diagonal, curve, points(frame, dots, "dot")
    )


def gain(card: Card) -> Markup:
    """The share of churners caught as more of the riskiest are contacted."""
    contacted, caught = _shares(card)
    frame = Frame(Axis(0, 1, "customers contacted", share), Axis(0, 1, "churners caught", share))
    at = min(range(len(contacted)), key=lambda i: abs(contacted[i] - 0.2))
    some, met = share(contacted[at]), share(caught[at])
    words = f"Contacting the riskiest {some} catches {met} of churners"
    dot = points(frame, [(contacted[at], caught[at], words)], "dot")
    told = note(frame, contacted[at], caught[at], f"{met} in the riskiest {some}")
    random = line(frame, [(0, 0), (1, 1)], "chance")
    return chart(
        frame, words, random, line(frame, zip(contacted, caught, strict=True), "model"), dot, told
    )


def lift(card: Card) -> Markup:
    """How many times the average churn rate the contacted have, as more are contacted."""
    pairs = [(x, y / x) for x, y in zip(*_shares(card), strict=True) if x > 0.004]
    frame = Frame(
        Axis(0, 1, "customers contacted", share),
        Axis(0, 1.1 * max(2.0, *(y for _, y in pairs)), "times the average churn rate"),
    )
    top = card["ranking"]["top_decile_lift"]["value"]
    words = f"Lift of the riskiest tenth: {_number(top['point'])} times the average"
    drawn = [line(frame, [(0, 1), (1, 1)], "chance"), line(frame, pairs, "model")]
    if _known(top) and top["low"] is not None:
        drawn.append(whisker(frame, 0.1, top["low"], top["high"]))
        drawn.append(points(frame, [(0.1, top["point"], words)], "dot"))
        drawn.append(note(frame, 0.1, top["high"], f"{top['point']:.2g} x in the riskiest 10 %"))
    return chart(frame, words, *drawn)


def profit(card: Card) -> Markup:
    """Profit of contacting the riskiest of each date, up to everybody."""
    curve = card["money"]["cut_offs"]
    contacted, worth = curve["contacted"], curve["profit"]
    low, high = min(0, *worth), max(1, *worth)
    frame = Frame(
        Axis(0, contacted[-1], "customers contacted on each as-of date", "{:,.0f}".format),
        Axis(low, low + 1.15 * (high - low), "profit against contacting nobody", short),
    )
    best = max(range(len(worth)), key=worth.__getitem__)
    words = f"Profit is highest with {contacted[best]:,.0f} contacted: {worth[best]:,.0f} a date"
    place = "end" if contacted[best] > contacted[-1] / 2 else "start"
    return chart(
        frame,
        words,
        line(frame, [(0, 0), (contacted[-1], 0)], "grid"),
        line(frame, [(0, 0), (contacted[-1], worth[-1])], "chance"),
        line(frame, zip(contacted, worth, strict=True), "model"),
        points(frame, [(contacted[best], worth[best], words)], "dot"),
        note(frame, contacted[best], worth[best], f"best: {contacted[best]:,.0f}", place),
    )


def months(card: Card) -> Markup:
    """Observed over expected churn of each as-of date, with Poisson intervals of 90 %."""
    rows = [(row["as_of"], row["ratio"]) for row in card["probability"]["months"]]
    return series(rows, "observed / expected", "Observed over expected churn", GOOD, 1)


def series(
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    name: str,
    words: str,
    around: tuple[float, float] | None = None,
    level: float | None = None,
) -> Markup:
    """A measure by date with its intervals; `around` is where it should lie, `level` a mark."""
    known = [(i, value) for i, (_, value) in enumerate(rows) if _known(value)]
    frame = Frame(_dates([date for date, _ in rows]), _reach(known, name, around, level))
    ends = (-0.5, len(rows) - 0.5)
    drawn = []
    if around:
        low, high = around
        drawn.append(area(frame, [(x, low) for x in ends], [(x, high) for x in ends], "band"))
    if level is not None:
        drawn.append(line(frame, [(x, level) for x in ends], "chance"))
    drawn += [whisker(frame, i, v["low"], v["high"]) for i, v in known if v["low"] is not None]
    dots = [(i, v["point"], f"{rows[i][0]}: {_number(v['point'])}") for i, v in known]
    said = "; ".join(dot[2] for dot in dots)
    return chart(frame, f"{words}: {said}", *drawn, points(frame, dots, "dot"))


def _dates(dates: Sequence[str]) -> Axis:
    """One place per date; at most six are written."""
    step = max(1, -(-len(dates) // 6))
    ticks = [(i, date[:7]) for i, date in enumerate(dates) if i % step == 0]
    return Axis(-0.5, len(dates) - 0.5, "as-of date", ticks=ticks)


def _reach(
    known: Sequence[tuple[int, Mapping[str, Any]]],
    name: str,
    around: tuple[float, float] | None,
    level: float | None,
) -> Axis:
    """The height that holds every interval and what they are held against."""
    ends = [v[k] for _, v in known for k in ("point", "low", "high") if v[k] is not None]
    ends += [*(around or ()), *([] if level is None else [level])]
    low, high = min(ends, default=0), max(ends, default=1)
    room = 0.08 * ((high - low) or 1)
    return Axis(low - room, high + room, name)


def _shares(card: Card) -> tuple[list[float], list[float]]:
    curve = card["money"]["cut_offs"]
    every, lost = curve["contacted"][-1] or 1, curve["caught"][-1] or 1
    return [x / every for x in curve["contacted"]], [x / lost for x in curve["caught"]]


def short(value: float) -> str:
    """An amount with few digits: 1.2 M, 250 k, 40."""
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _known(value: Mapping[str, Any]) -> bool:
    return value["point"] is not None and isfinite(value["point"])


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3g}"
