"""Judge a model on rows it has not seen. Read `judge` first: it is the whole scorecard."""

from collections.abc import Mapping
from dataclasses import replace

from training import blocks
from training.blocks import CHAMPION, NOT_MEASURED, About, Given
from training.bootstrap import Statistics, measure, together
from training.figures import Measure
from training.judged import (
    Judged,
    capacity_statistics,
    money_statistics,
    probability_statistics,
    ranking_statistics,
    rival_statistics,
)
from training.metrics import Array, Floats
from training.money import TEXTBOOK, Offer, empc_statistics
from training.reliability import recalibrations
from training.rules import at_most
from training.scorecard import Grade, Scorecard
from training.slices import Slice, slice_rows, slice_statistics, slices_of

REQUIRED = ("base rate", "best single feature", "logistic")


def judge(  # noqa: PLR0913 (what is judged, under which terms, how surely)
    rows: Judged,
    baselines: Mapping[str, Array],
    about: About,
    *,
    given: Given = NOT_MEASURED,
    offer: Offer = TEXTBOOK,
    capacity: int | None = None,
    resamples: int = 1_000,
    seed: int = 0,
) -> Scorecard:
    """The scorecard of `rows`, with 90 % intervals from paired resamples of customers.

    `baselines` holds the probabilities that "base rate", "best single feature", "logistic" and,
    if there is one, "champion" give to the same rows. `capacity` is how many customers the team
    can call per as-of date; a tenth of them if it is not said.
    """
    rivals = _ranked_against(rows, baselines)
    capacity = capacity or max(1, round(0.1 * len(rows) / len(set(rows.dates))))
    slices = slices_of(rows)
    statistics = everything(rows, baselines, slices, offer, capacity)
    found = measure(statistics, rows.customer, resamples, seed)
    best = max(rivals, key=lambda name: found[f"{name}: auc"].point)
    card = Scorecard(
        data=blocks.data_block(rows, about),
        ranking=blocks.ranking_block(found, best, about, capacity),
        probability=blocks.probability_block(rows, found, seed),
        money=blocks.money_block(rows, found, rivals, offer),
        horizons=at_most("Horizons out of order", given.horizon_violations, 0),
        baselines=tuple(blocks.baseline_row(name, found, about) for name in baselines),
        slices=slice_rows(slices, found),
        stability=blocks.stability_block(rows, baselines.get(CHAMPION), given),
        explanation=blocks.explanation_block(given),
        cost=blocks.cost_of_reasons(given),
        too_good=blocks.too_good_block(found["auc"], given),
    )
    return replace(card, grade=grade(card))


def everything(
    rows: Judged, baselines: Mapping[str, Array], slices: list[Slice], offer: Offer, capacity: int
) -> Statistics:
    """All that is measured on each resample: the model, its slices, and every baseline."""
    model = together(
        ranking_statistics(rows),
        capacity_statistics(rows, capacity),
        probability_statistics(rows, rows.probability),
        recalibrations(rows.churned, rows.probability),
        money_statistics(rows, rows.probability, offer),
        empc_statistics(rows.churned, rows.margin, offer),
        slice_statistics(rows, slices),
    )
    rivals = {name: rival_statistics(rows, given, offer) for name, given in baselines.items()}

    def statistics(weight: Floats) -> dict[str, Floats]:
        found = dict(model(weight))
        for name, rival in rivals.items():
            found |= _against(name, found, rival(weight))
        return found

    return statistics


def _against(
    name: str, model: Mapping[str, Floats], rival: Mapping[str, Floats]
) -> dict[str, Floats]:
    found = {f"{name}: {key}": column for key, column in rival.items()}
    found[f"{name}: auc_gain"] = model["auc"] - rival["auc"]
    found[f"{name}: log_loss_gain"] = 1 - model["log_loss"] / rival["log_loss"]
    return found


def _ranked_against(rows: Judged, baselines: Mapping[str, Array]) -> list[str]:
    """The baselines a model must beat, in order; a missing or misshapen one is a ValueError."""
    if missing := [name for name in REQUIRED if name not in baselines]:
        raise ValueError(
            f"The baseline {missing[0]!r} is missing: a model is always judged beside "
            f"{', '.join(map(repr, REQUIRED))}. Pass its probabilities for the same rows."
        )
    if wrong := [name for name, given in baselines.items() if len(given) != len(rows)]:
        raise ValueError(f"The baseline {wrong[0]!r} does not cover the {len(rows)} judged rows.")
    return [name for name in baselines if name != CHAMPION]


def grade(card: Scorecard) -> Grade:
    """One letter, by the first rule that applies."""
    if short := card.failures("data"):
        return Grade("insufficient data", _because("Too few churned to judge by", short))
    if leaks := card.failures("too_good"):
        return Grade("leak review", _because("Too good to be true", leaks))
    if lost := (*_auc_failure(card), *card.failures("baselines")):
        return Grade("D", _because("Does not beat the simple baselines", lost))
    if weak := card.failures("ranking", "probability", "money", "horizons", "explanation"):
        return Grade("C", _because("Beats the baselines, but is not fit to act on", weak))
    if uneven := card.failures("slices", "stability"):
        return Grade("B", _because("Fit to act on, but not for everyone alike", uneven))
    return Grade("A", "Keeps every rule that could be measured.")


def _auc_failure(card: Scorecard) -> tuple[Measure, ...]:
    return (card.ranking.auc,) if card.ranking.auc.passed is False else ()


def _because(verdict: str, broken: tuple[Measure, ...]) -> str:
    return f"{verdict}. {' '.join(measure.sentence for measure in broken)}"
