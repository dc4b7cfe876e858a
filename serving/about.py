"""What a model says of itself: its features and its card."""

from features.sources.reachable import is_reachable
from serving.schemas import Band, FeatureSaid, Health, ModelCard
from serving.scorer import Scorer
from training.model import ChurnModel

MEANT_FOR = (
    "Ranking customers by how likely they are to leave within the horizon, so that people can talk "
    "to those who matter most first, with what raises their score at hand."
)
NOT_MEANT_FOR = (
    "Saying why a customer leaves, or who would stay if offered something: a score is risk, not "
    "the effect of an action. Deciding about a person without a person."
)


PATIENCE = 0.5  # seconds


def catalogue_of(model: ChurnModel) -> list[FeatureSaid]:
    """Every feature that the model looks at, in its order."""
    return [
        FeatureSaid(
            name=feature.name,
            theme=feature.theme,
            meaning=str(feature),
            unit=feature.unit,
            risk=feature.risk.name.lower(),
            if_none=_known(feature.if_none),
            context=feature.context,
            actionable=feature.actionable,
        )
        for feature in model.features
    ]


def card_of(model: ChurnModel, limits: tuple[float, ...]) -> ModelCard:
    """What the model is, what it was trained on and what it must not be used for."""
    rising = (Band.MEDIUM, Band.HIGH, Band.CRITICAL)
    return ModelCard(
        model_version=model.version,
        horizon_days=model.horizon_days,
        features=len(model.features.names),
        boosters=len(model.boosters),
        base_rate=model.about.get("base_rate"),
        bands=dict(zip((band.value for band in rising), limits, strict=True)),
        months=model.days,
        causes=tuple(cause.value for cause in model.causes),
        calibration=calibration_of(model),
        insufficient=model.insufficient,
        trained_on=tuple(model.about.get("trained_on", ())),
        tested_on=tuple(model.about.get("tested_on", ())),
        data_digest=model.about.get("data_digest"),
        meant_for=MEANT_FOR,
        not_meant_for=NOT_MEANT_FOR,
    )


def calibration_of(model: ChurnModel) -> dict[str, dict[str, float]]:
    """Each line by its cause and the day its month ends on, such as voluntary_60."""
    return {
        f"{each.cause}_{model.days[each.month - 1]}": {
            "slope": each.calibration.slope,
            "intercept": each.calibration.intercept,
        }
        for each in model.components
    }


def health_of(scorer: Scorer) -> Health:
    """Whether customers can be scored by id, and how far the history reaches."""
    as_of = scorer.next_as_of()
    return Health(
        status="ok" if scorer.history.tables else "no_history",
        model_version=scorer.model.version,
        data_until=scorer.data_until(as_of),
        as_of=as_of,
    )


def is_ready(scorer: Scorer) -> bool:
    """Whether customers can be scored by id, where there is a history at all.

    While somebody else reads the history it can be read: a probe does not wait for them.
    """
    if not scorer.reading.acquire(timeout=PATIENCE):
        return True
    try:
        return is_reachable(scorer.history)
    finally:
        scorer.reading.release()


def _known(value: float | str) -> float | str | None:
    return None if value != value else value  # noqa: PLR0124  (NaN)
