"""The blocks of the scorecard: which figure is held to which rule."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from training import reliability
from training.bootstrap import Interval, figure
from training.figures import Measure
from training.judged import Judged, top_decile_overlap
from training.metrics import Array, poisson_interval
from training.money import Offer, cut_offs, mpc
from training.rules import at_least, at_most, held, near_one
from training.scorecard import (
    Band,
    BaselineRow,
    DataBlock,
    ExplanationBlock,
    MoneyBlock,
    MonthRow,
    ProbabilityBlock,
    RankingBlock,
    StabilityBlock,
    TooGoodBlock,
)

CHAMPION, SINGLE = "champion", "best single feature"
BINDING = ("base rate", "logistic")  # whose log-loss the model must beat
FEWEST_TESTED, FEWEST_TRAINED = 30, 100
Found = Mapping[str, Interval]
Worst = tuple[str, float]
UNKNOWN: Worst = ("", math.nan)
Costs = tuple[float, float]
UNCOUNTED: Costs = (math.nan, math.nan)


@dataclass(frozen=True, kw_only=True)
class About:
    """What the rows cannot say of themselves; `trained_churned` counts customers.

    `best_feature` names the column behind the baseline "best single feature".
    """

    trained_churned: int
    horizon_days: int
    cause: str = "any"
    matured_on: str = ""
    embargo_days: int = 0
    exclusions: Mapping[str, int] = field(default_factory=dict)
    best_feature: str = ""


@dataclass(frozen=True, kw_only=True)
class Given:
    """Figures that other steps measure; what is left out has no verdict on the card.

    `without_reason` is a share of customers, `seed_spread` the standard deviation of AUC over
    seeds, `explanation_cost` in microseconds with its limit, the last three the worst feature and
    its figure.
    """

    horizon_violations: float = math.nan
    additivity_error: float = math.nan
    without_reason: float = math.nan
    monotone_violations: float = math.nan
    theme_jaccard: float = math.nan
    seed_spread: float = math.nan
    rank_by_month: float = math.nan
    themes_by_month: float = math.nan
    explanation_cost: Costs = UNCOUNTED
    single_feature_auc: Worst = UNKNOWN
    gain_share: Worst = UNKNOWN
    missingness_auc: Worst = UNKNOWN


NOT_MEASURED = Given()


def data_block(rows: Judged, about: About) -> DataBlock:
    """Who was judged, and whether enough of them churned."""
    churned, trained = (
        Interval(float(count)) for count in (rows.churned_customers, about.trained_churned)
    )
    return DataBlock(
        as_of=tuple(sorted(set(rows.dates))),
        customers=len(np.unique(np.asarray(rows.customer))),
        rows=len(rows),
        churned_rows=int(rows.lost.sum()),
        churned=at_least("Churned customers to test on", churned, FEWEST_TESTED),
        trained_on=at_least("Churned customers to train on", trained, FEWEST_TRAINED),
        base_rate=float(rows.lost.mean()),
        horizon_days=about.horizon_days,
        cause=about.cause,
        matured_on=about.matured_on,
        embargo_days=about.embargo_days,
        exclusions=about.exclusions,
    )


def ranking_block(found: Found, best: str, about: About, capacity: int) -> RankingBlock:
    """Ranking, held against the baseline that ranks best."""
    bar, gain = found[f"{best}: auc"].point, found[f"{best}: auc_gain"]
    rule = (
        f"it is surely above the best baseline's {figure(bar)} ({label(best, about)}; "
        f"paired gain {gain})"
    )
    return RankingBlock(
        # Both are measured on the same customers: their difference is far surer than either.
        auc=held("AUC", found["auc"], rule, lambda v: gain.low > 0),
        average_precision_over_base=Measure("Average precision / base rate", found["precision"]),
        top_decile_lift=at_least("Top-decile lift", found["lift"], 1.5),
        capacity=capacity,
        lift_at_capacity=Measure(f"Lift at {capacity} a date", found["lift_at"]),
        recall_at_capacity=Measure(f"Recall at {capacity} a date", found["recall_at"]),
        mrr_lift=Measure("Top-decile lift by MRR", found["mrr_lift"]),
        mrr_captured_at_capacity=Measure(f"MRR captured at {capacity} a date", found["mrr_at"]),
    )


def label(baseline: str, about: About) -> str:
    """What a baseline is called in a sentence: the best single feature by its own name."""
    feature = about.best_feature if baseline == SINGLE else ""
    return feature or baseline


def probability_block(rows: Judged, found: Found, seed: int) -> ProbabilityBlock:
    """Calibration overall, by date and by bin.

    The calibration error may reach .01, a quarter of the base rate, or what chance alone shows in
    19 of 20 samples, whichever is most: below some 200 churned, a perfect model breaks the others.
    """
    bins = reliability.binned(rows.churned, rows.probability)
    floor = reliability.noise_floor(rows.probability, seed=seed)
    limit = max(0.01, 0.25 * float(rows.lost.mean()), floor.high)
    low, high = np.quantile(
        reliability.by_chance(rows.probability, seed=seed), [0.05, 0.95], axis=0
    )
    return ProbabilityBlock(
        log_loss=Measure("Log-loss", found["log_loss"]),
        brier_skill=held(
            "Brier skill", found["skill"], "its lower bound is above 0", lambda v: v.low > 0
        ),
        slope=near_one("Calibration slope", found["slope"]),
        intercept=Measure("Calibration intercept", found["intercept"]),
        observed_expected=near_one("Observed/expected", found["observed_expected"]),
        calibration_error=at_most("Expected calibration error", bins.ece, limit),
        noise_floor=floor,
        months=months(rows),
        reliability=bins,
        by_chance=Band(low, high),
    )


def months(rows: Judged) -> tuple[MonthRow, ...]:
    """Observed over expected of each as-of date, with exact Poisson intervals of 90 %."""
    dates, where = np.unique(np.array(rows.dates), return_inverse=True)
    counts = np.bincount(where)
    observed = np.bincount(where, weights=rows.lost)
    expected = np.bincount(where, weights=np.asarray(rows.probability, dtype=float))
    columns = (dates.tolist(), counts.tolist(), observed.tolist(), expected.tolist())
    return tuple(_month(*row) for row in zip(*columns, strict=True))


def _month(as_of: str, rows: int, observed: float, expected: float) -> MonthRow:
    limits = (observed, *poisson_interval(int(observed), 0.9))
    ratios = (limit / expected if expected else math.nan for limit in limits)
    return MonthRow(as_of, rows, int(observed), expected, Interval(*ratios))


def money_block(rows: Judged, found: Found, rivals: list[str], offer: Offer) -> MoneyBlock:
    """Profit of acting, held against acting on the best baseline and on none.

    Of a CLV per row the card keeps the mean.
    """
    bar = max(0.0, *(found[f"{name}: savings"].point for name in rivals))
    rule = f"it is above 0 and above the best baseline's {figure(bar)}"
    return MoneyBlock(
        offer=replace(offer, clv=float(np.mean(offer.clv))),
        savings=held("Savings", found["savings"], rule, lambda v: v.point > bar),
        empc=Measure("Expected maximum profit per row", found["empc"]),
        mpc=Measure("Maximum profit per row", Interval(mpc(rows.churned, rows.margin, offer))),
        cut_offs=cut_offs(rows.churned, rows.probability, offer, np.array(rows.dates)),
    )


def baseline_row(name: str, found: Found, about: About) -> BaselineRow:
    """One baseline; the log-loss must be below the base rate's and the logistic model's."""
    value = found["log_loss"]
    bar = found[f"{name}: log_loss"].point
    below = held(
        "Log-loss", value, f"it is below the {name}'s {figure(bar)}", lambda v: v.point < bar
    )
    return BaselineRow(
        name=name,
        feature=about.best_feature if name == SINGLE else "",
        auc=found[f"{name}: auc"],
        log_loss=found[f"{name}: log_loss"],
        lift=found[f"{name}: lift"],
        savings=found[f"{name}: savings"],
        auc_gain=found[f"{name}: auc_gain"],
        log_loss_gain=found[f"{name}: log_loss_gain"],
        log_loss_below=below if name in BINDING else replace(below, passed=None),
    )


def stability_block(rows: Judged, champion: Array | None, given: Given) -> StabilityBlock:
    """Likeness to the champion and between seeds; a new list asks a person to look."""
    overlap = math.nan if champion is None else top_decile_overlap(rows.margin, champion)
    return StabilityBlock(
        at_least("Share of the champion's top-decile list kept", Interval(overlap), 0.6),
        Measure("Likeness (Jaccard) of the top two themes", Interval(given.theme_jaccard)),
        Measure("Spread of AUC over seeds", Interval(given.seed_spread)),
        Measure("Rank correlation with the month before", Interval(given.rank_by_month)),
        Measure("Likeness of themes with the month before", Interval(given.themes_by_month)),
    )


def explanation_block(given: Given) -> ExplanationBlock:
    """The reasons, as measured by who explains."""
    return ExplanationBlock(
        at_most("Largest additivity error", given.additivity_error, 1e-5),
        at_most("Share of customers without any reason", given.without_reason, 0),
        at_most("Monotone violations", given.monotone_violations, 0),
    )


def cost_of_reasons(given: Given) -> Measure:
    """What the exact reasons of a customer take of one core."""
    name = "Microseconds of a core to explain a customer"
    return at_most(name, *given.explanation_cost)


def too_good_block(auc: Interval, given: Given) -> TooGoodBlock:
    """Figures beyond what real churn data show."""
    single, gain, missing = given.single_feature_auc, given.gain_share, given.missingness_auc
    return TooGoodBlock(
        held("AUC", auc, "it is at most .93", lambda v: v.point <= 0.93),
        at_most(f"AUC of {single[0] or 'a single feature'} alone", single[1], 0.90),
        at_most(f"Share of the gain of {gain[0] or 'a single feature'}", gain[1], 0.35),
        at_most(f"AUC of {missing[0] or 'a feature'} being missing", missing[1], 0.70),
    )
