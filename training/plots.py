"""The scorecard's pictures. Each function returns a figure and touches no global state."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from training import reliability
from training.judged import Judged
from training.metrics import Array, Floats, top_decile_lift
from training.money import CutOffs, Offer, cut_offs
from training.scorecard import MonthRow, Scorecard

MODEL, CHANCE, BAND, PALE = "#1f4e79", "#8a8a8a", "#c9d8e8", "#dddddd"


def figures(rows: Judged, card: Scorecard) -> dict[str, Figure]:
    """All pictures of one scorecard, by name."""
    return {
        "reliability": reliability_figure(rows.churned, rows.probability),
        "gain": gain_figure(rows),
        "profit": profit_figure(card.money.cut_offs, card.money.offer),
        "months": months_figure(card.probability.months),
    }


def reliability_figure(churned: Array, probability: Array, seed: int = 0) -> Figure:
    """Observed against predicted churn by bin, with the band in which a perfect model would lie."""
    figure = Figure(figsize=(6.4, 6.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=(4, 1), sharex=True)
    bins = reliability.binned(churned, probability)
    rates = reliability.by_chance(probability, seed=seed)
    low, high = np.quantile(rates, [0.05, 0.95], axis=0)
    upper.fill_between(bins.predicted, low, high, color=BAND, label="90 % of perfect models")
    end = 1.02 * float(max(bins.predicted.max(), bins.observed.max(), high.max(), 0.01))
    _diagonal(upper, end)
    upper.plot(bins.predicted, bins.observed, "o-", color=MODEL, label="this model")
    _words(upper, f"Is 20 % really 20 %? {_size(churned)}", "", "observed churn")
    lower.hist(np.minimum(probability, end), bins=30, range=(0, end), color=MODEL)
    across = "predicted probability of churn (last bar: and above)"
    _words(lower, "", across, "rows", legend=False)
    lower.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    upper.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    return figure


def gain_figure(rows: Judged) -> Figure:
    """Churned customers caught, and lift, as more of the riskiest are contacted."""
    figure = Figure(figsize=(9.6, 4.4), layout="constrained")
    gain, lift = figure.subplots(1, 2)
    curve = cut_offs(rows.churned, rows.margin, Offer())
    share, caught = curve.contacted / len(rows), curve.caught / max(rows.lost.sum(), 1)
    gain.plot(share, caught, color=MODEL, label="this model")
    gain.plot([0, 1], [0, 1], "--", color=CHANCE, label="at random")
    _words(gain, f"Churners caught. {_size(rows.churned)}", "rows contacted", "churned rows caught")
    lift.plot(share[1:], caught[1:] / share[1:], color=MODEL, label="this model")
    lift.axhline(1, linestyle="--", color=CHANCE, label="at random")
    lift.plot(0.1, top_decile_lift(rows.churned, rows.margin), "o", color=MODEL)
    _words(lift, "Lift (point: top decile)", "rows contacted", "churn rate / base rate")
    gain.yaxis.set_major_formatter(PercentFormatter(1))
    for axes in (gain, lift):
        axes.xaxis.set_major_formatter(PercentFormatter(1))
    lift.set_ylim(bottom=0)
    return figure


def profit_figure(curve: CutOffs, offer: Offer) -> Figure:
    """Profit of contacting the riskiest, up to everybody, under the terms of one offer."""
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    rows, best = curve.contacted[-1], curve.best
    axes.plot(curve.contacted / rows, curve.profit, color=MODEL, label="by this model")
    axes.plot([0, 1], [0, curve.profit[-1]], "--", color=CHANCE, label="at random")
    axes.axhline(0, color=PALE, zorder=0)
    axes.plot(curve.contacted[best] / rows, curve.profit[best], "o", color=MODEL)
    axes.annotate(
        f"best: {curve.contacted[best]:,.0f} rows, {curve.profit[best]:,.0f}",
        (curve.contacted[best] / rows, curve.profit[best]),
        xytext=(8, 8),
        textcoords="offset points",
    )
    axes.margins(y=0.15)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    terms = (
        f"incentive {offer.incentive:g}, contact {offer.contact:g}, accepted by {offer.accept:.0%}"
    )
    clv = f"CLV {float(np.mean(offer.clv)):,.0f} on average"
    title = f"Profit of one offer, n = {rows:,.0f} rows\n{clv}, {terms}"
    _words(axes, title, "rows contacted", "profit against contacting nobody")
    return figure


def months_figure(months: tuple[MonthRow, ...]) -> Figure:
    """Observed over expected churn of each as-of date, with Poisson intervals of 90 %."""
    figure = Figure(figsize=(max(6.4, 0.7 * len(months)), 4.0), layout="constrained")
    axes = figure.subplots()
    place = np.arange(len(months))
    point, low, high = _ratios(months)
    axes.axhspan(0.8, 1.25, color=BAND, label=".8 to 1.25")
    axes.axhline(1, linestyle="--", color=CHANCE)
    axes.errorbar(
        place,
        point,
        yerr=(point - low, high - point),
        fmt="o",
        color=MODEL,
        capsize=3,
        label="observed / expected",
    )
    labels = [f"{month.as_of}\n{month.observed} of {month.rows:,}" for month in months]
    axes.set_xticks(place, labels, rotation=90 if len(months) > 8 else 0)
    axes.set_xlim(-0.5, len(months) - 0.5)
    axes.set_ylim(0, 1.15 * max(1.25, *high))
    rows, lost = sum(month.rows for month in months), sum(month.observed for month in months)
    title = f"Did as many churn as foreseen? n = {rows:,} rows, {lost:,} churned"
    _words(axes, title, "as-of date (churned of rows)", "observed / expected")
    return figure


def _ratios(months: tuple[MonthRow, ...]) -> tuple[Floats, Floats, Floats]:
    rows = [(month.ratio.point, month.ratio.low, month.ratio.high) for month in months]
    point, low, high = np.array(rows).T
    return point, low, high


def _diagonal(axes: Axes, end: float) -> None:
    axes.plot([0, end], [0, end], "--", color=CHANCE, label="perfect")
    axes.set_xlim(0, end)
    axes.set_ylim(0, end)


def _size(churned: Array) -> str:
    return f"n = {len(churned):,} rows, {int(np.sum(churned)):,} churned"


def _words(axes: Axes, title: str, across: str, up: str, legend: bool = True) -> None:
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.spines[["top", "right"]].set_visible(False)
    if legend:
        axes.legend(frameon=False, fontsize=9)
