"""Whether a model may reach customers: right in itself, above the simple, not below today's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import numpy as np

from training.blocks import CHAMPION
from training.bootstrap import Interval, figure, interval, resample
from training.figures import Measure
from training.judged import Judged
from training.metrics import Floats, Ranking, auc_of, log_losses
from training.rules import at_least, held
from training.scorecard import Scorecard

Outcome = Literal["promote", "refuse", "hold"]
ABSOLUTE = ("ranking", "probability", "money", "horizons", "baselines", "slices", "explanation")
MOST_USES = 10
FEW_CHURNED = 100
SMALLER = "Grow fewer or smaller trees, or install the extra `fast`."


class Change(StrEnum):
    """What is new about a challenger: the same recipe on later data, or another recipe."""

    RETRAIN = "retrain"
    REDESIGN = "redesign"


@dataclass(frozen=True)
class Decision:
    """What the gate said, why in full sentences, and the numbers it went by."""

    outcome: Outcome
    reasons: tuple[str, ...]
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """A model before the gate: its scorecard, and the rows it was judged on."""

    scorecard: Scorecard
    rows: Judged

    @property
    def keeps_its_rules(self) -> bool:
        """Whether it passes by itself, without any rival."""
        return not self.scorecard.failures("data", *ABSOLUTE)


@dataclass(frozen=True)
class Comparison:
    """Challenger against champion on the same resamples; a gain above 0 is the challenger's.

    `log_loss_gain` is relative; `chance_better` is the share of resamples with a lower log-loss.
    """

    auc_gain: Interval
    log_loss_gain: Interval
    chance_better: float


def against_baselines(card: Scorecard) -> Decision:
    """The gate's first form: enough churned customers, AUC and log-loss against the baselines."""
    broken = (card.ranking.auc, *(row.log_loss_below for row in card.baselines))
    refusals = [each.sentence for each in broken if each.passed is False]
    return _settled(card, refusals, [], [], _numbers(card))


def decide(
    challenger: Candidate,
    champion: Candidate | None = None,
    *,
    change: Change = Change.RETRAIN,
    test_uses: int = 1,
    guards: Sequence[str] = (),
    resamples: int = 1_000,
    seed: int = 0,
) -> Decision:
    """Promote, refuse, or hold for a person.

    `guards` are the sentences of guards that fired, and whatever else a person must look at;
    `test_uses` counts the candidates these test rows have judged, this one included. Both
    candidates must hold the same rows, or it is a ValueError. A
    redesign must be surely better, unless the champion breaks its own rules: then not being
    worse is enough. The absolute rules bind every challenger.
    """
    card = challenger.scorecard
    rivalry, numbers = [], _numbers(card) | {"test_uses": float(test_uses)}
    if champion is not None:
        found = compare(challenger.rows, champion.rows, resamples, seed)
        must_win = change is Change.REDESIGN and champion.keeps_its_rules
        rivalry = _rivalry(found, challenger.rows.churned_customers, must_win)
        numbers |= _compared(found)
    broken = (*card.failures(*ABSOLUTE), *(each for each in rivalry if each.passed is False))
    holds = [*guards, *_for_a_person(card), *_worn(test_uses)]
    return _settled(card, [each.sentence for each in broken], holds, rivalry, numbers)


def compare(
    challenger: Judged, champion: Judged, resamples: int = 1_000, seed: int = 0
) -> Comparison:
    """Paired gains of the challenger, by resamples of the customers both have scored."""
    _same_rows(challenger, champion)
    ours, theirs = _rank_and_loss(challenger), _rank_and_loss(champion)

    def gains(weight: Floats) -> dict[str, Floats]:
        (auc, loss), (their_auc, their_loss) = ours(weight), theirs(weight)
        return {"auc": auc - their_auc, "log_loss": 1 - loss / their_loss}

    points = gains(np.ones((1, len(challenger))))
    draws = resample(gains, challenger.customer, resamples, seed)
    auc, loss = (interval(float(points[name][0]), draws[name]) for name in ("auc", "log_loss"))
    return Comparison(auc, loss, float(np.mean(draws["log_loss"] > 0)))


def _rank_and_loss(rows: Judged) -> Callable[[Floats], tuple[Floats, Floats]]:
    ranking, losses = Ranking.of(rows.margin), log_losses(rows.churned, rows.probability)
    churned = ranking.ordered(rows.lost)

    def both(weight: Floats) -> tuple[Floats, Floats]:
        ordered = ranking.ordered(weight)
        lost, size = ranking.places(ordered * churned), ranking.places(ordered)
        return auc_of(lost, size - lost), weight @ losses / weight.sum(-1)

    return both


def _same_rows(challenger: Judged, champion: Judged) -> None:
    for name in ("customer", "dates", "lost"):
        if not np.array_equal(getattr(challenger, name), getattr(champion, name)):
            raise ValueError(
                f"Challenger and champion were not judged on the same rows: their {name} differ. "
                "Score the champion on the challenger's test rows, in the same order."
            )


def _rivalry(found: Comparison, churned: int, must_win: bool) -> list[Measure]:
    worst = -0.02 if churned < FEW_CHURNED else -0.01
    gains = [
        ("AUC gain over the champion", found.auc_gain, worst),
        ("Relative log-loss gain over the champion", found.log_loss_gain, -0.01),
    ]
    rules = [_above(*gain) for gain in gains]
    chance = Interval(found.chance_better)
    sure = at_least("Chance of a lower log-loss than the champion's", chance, 0.95)
    return [*rules, sure] if must_win else rules


def _above(name: str, gain: Interval, limit: float) -> Measure:
    return held(name, gain, f"its lower bound is above {figure(limit)}", lambda v: v.low > limit)


def _for_a_person(card: Scorecard) -> list[str]:
    leaks = [f"Held for leak review: {each.sentence}" for each in card.failures("too_good")]
    moved = [f"Needs a note: {each.sentence}" for each in card.failures("stability")]
    costly = [f"Held for its cost: {each.sentence} {SMALLER}" for each in card.failures("cost")]
    return leaks + moved + costly


def _worn(test_uses: int) -> list[str]:
    if test_uses <= MOST_USES:
        return []
    return [
        f"These test rows have judged {test_uses} candidates, more than {MOST_USES}: choosing "
        "among many fits the test itself. Judge on fresh as-of dates."
    ]


def _settled(
    card: Scorecard,
    refusals: list[str],
    holds: list[str],
    praise: list[Measure],
    numbers: dict[str, float],
) -> Decision:
    """Refusing comes before holding, except where too few churned for bounds to mean much."""
    if short := [each.sentence for each in card.failures("data")]:
        outcome: Outcome = "refuse" if _loses_already(card) else "hold"
        return Decision(outcome, (*short, *refusals, *holds), numbers)
    if refusals or holds:
        return Decision("refuse" if refusals else "hold", (*refusals, *holds), numbers)
    kept = (card.ranking.auc, *(row.log_loss_below for row in card.baselines), *praise)
    return Decision("promote", tuple(each.sentence for each in kept if each.passed), numbers)


def _loses_already(card: Scorecard) -> bool:
    """Whether the bare figures, intervals aside, are no better than a baseline's."""
    best = max(row.auc.point for row in card.baselines if row.name != CHAMPION)
    return bool(card.failures("baselines")) or card.ranking.auc.value.point <= best


def _numbers(card: Scorecard) -> dict[str, float]:
    auc = card.ranking.auc.value
    own = {
        "auc": auc.point,
        "auc_low": auc.low,
        "auc_high": auc.high,
        "log_loss": card.probability.log_loss.value.point,
        "churned_tested": card.data.churned.value.point,
        "churned_trained": card.data.trained_on.value.point,
    }
    theirs = ((row.name.replace(" ", "_"), row) for row in card.baselines)
    return own | {
        f"{name}_{key}": value.point
        for name, row in theirs
        for key, value in (("auc", row.auc), ("log_loss", row.log_loss))
    }


def _compared(found: Comparison) -> dict[str, float]:
    return {
        "auc_gain": found.auc_gain.point,
        "auc_gain_low": found.auc_gain.low,
        "log_loss_gain": found.log_loss_gain.point,
        "log_loss_gain_low": found.log_loss_gain.low,
        "chance_better": found.chance_better,
    }
