"""What is known of a model's quality, with the rules it is held to: the nouns of the scorecard."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from training.bootstrap import Interval
from training.figures import Measure, measures, plain
from training.metrics import Floats
from training.money import CutOffs, Offer
from training.reliability import Bins

Letter = Literal["A", "B", "C", "D", "leak review", "insufficient data"]


@dataclass(frozen=True, kw_only=True)
class DataBlock:
    """What the model was judged on; `churned` counts customers, not rows."""

    as_of: tuple[str, ...]
    customers: int
    rows: int
    churned_rows: int
    churned: Measure
    trained_on: Measure
    base_rate: float
    horizon_days: int
    cause: str
    matured_on: str
    embargo_days: int
    exclusions: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class RankingBlock:
    """Whether those who churn are ranked high; `capacity` is customers per as-of date."""

    auc: Measure
    average_precision_over_base: Measure
    top_decile_lift: Measure
    capacity: int
    lift_at_capacity: Measure
    recall_at_capacity: Measure
    mrr_lift: Measure
    mrr_captured_at_capacity: Measure


@dataclass(frozen=True)
class MonthRow:
    """One as-of date: churned rows, the sum of probabilities, and their ratio (Poisson)."""

    as_of: str
    rows: int
    observed: int
    expected: float
    ratio: Interval


@dataclass(frozen=True)
class Band:
    """By bin: where the observed rates of 90 % of perfect models would lie."""

    low: Floats
    high: Floats


@dataclass(frozen=True, kw_only=True)
class ProbabilityBlock:
    """Whether the probabilities are true."""

    log_loss: Measure
    brier_skill: Measure
    slope: Measure
    intercept: Measure
    observed_expected: Measure
    calibration_error: Measure
    noise_floor: Interval
    months: tuple[MonthRow, ...]
    reliability: Bins
    by_chance: Band


@dataclass(frozen=True, kw_only=True)
class MoneyBlock:
    """What acting on it is worth; profit measures are per row, `cut_offs` means per date."""

    offer: Offer
    savings: Measure
    empc: Measure
    mpc: Measure
    cut_offs: CutOffs


@dataclass(frozen=True, kw_only=True)
class BaselineRow:
    """A simple predictor on the same rows; gains are the model's over it, paired.

    `log_loss_gain` is the relative improvement, so that .02 is two hundredths of its log-loss.
    """

    name: str
    feature: str
    auc: Interval
    log_loss: Interval
    lift: Interval
    savings: Interval
    auc_gain: Interval
    log_loss_gain: Interval
    log_loss_below: Measure


@dataclass(frozen=True, kw_only=True)
class SliceRow:
    """One kind of customer; too few churned (below 20) says nothing either way."""

    column: str
    value: str
    rows: int
    churned: int
    auc: float
    verdict: Literal["passes", "fails", "too few"]
    observed_expected: Measure


@dataclass(frozen=True, kw_only=True)
class ArmRow:
    """Quality where something was done about the risk, where nothing was, or by a random draw.

    `churned` counts customers; `treated` rows, which in the hold-out are those treated all the
    same: the more of them, the less it shows what comes when nobody acts.
    """

    arm: str
    rows: int
    churned: int
    treated: int
    auc: Measure
    observed_expected: Measure
    log_loss: Measure


@dataclass(frozen=True)
class StabilityBlock:
    """Whether it says much the same as the champion, with other seeds, and a month later.

    `theme_jaccard` is against the champion or, before there is one, between two seeds.
    """

    list_overlap: Measure
    theme_jaccard: Measure
    seed_spread: Measure
    rank_by_month: Measure
    themes_by_month: Measure


@dataclass(frozen=True)
class ExplanationBlock:
    """Whether the reasons are exact, present, and point the declared way."""

    additivity_error: Measure
    without_reason: Measure
    monotone_violations: Measure


@dataclass(frozen=True)
class TooGoodBlock:
    """Figures that real churn data hardly reach: a leak until shown otherwise."""

    auc: Measure
    single_feature_auc: Measure
    gain_share: Measure
    missingness_auc: Measure


@dataclass(frozen=True)
class Grade:
    """One word for a manager, and the rule that gave it."""

    letter: Letter
    rule: str


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """One model, horizon and cause, judged on customers it has not seen, at later dates."""

    data: DataBlock
    ranking: RankingBlock
    probability: ProbabilityBlock
    money: MoneyBlock
    horizons: Measure
    baselines: tuple[BaselineRow, ...]
    slices: tuple[SliceRow, ...]
    stability: StabilityBlock
    explanation: ExplanationBlock
    cost: Measure
    too_good: TooGoodBlock
    interventions: tuple[ArmRow, ...] = ()
    grade: Grade = field(default_factory=lambda: Grade("D", "not graded"))

    def failures(self, *blocks: str) -> tuple[Measure, ...]:
        """The measures of the named blocks that break their rule."""
        found = (measure for block in blocks for measure in measures(getattr(self, block)))
        return tuple(measure for measure in found if measure.passed is False)

    def to_dict(self) -> dict[str, Any]:
        """The whole card as JSON values; what is not a number becomes null."""
        said: dict[str, Any] = plain(self)
        return said
