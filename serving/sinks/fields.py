"""The fields of a customer's card in a CRM, declared once: every sink, set-up and doc reads these.

Every name begins with churn_, so that nothing of the CRM's own is ever overwritten.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from serving.plays.catalogue import PLAYS
from serving.schemas import Band
from serving.sinks.changed import what_changed
from serving.sinks.kinds import (
    CHOICE,
    COUNT,
    DAY,
    KEY,
    LONG_TEXT,
    MOMENT,
    MONEY,
    PROBABILITY,
    TEXT,
    Kind,
    Value,
    shortened,
)
from serving.sinks.told import FALLING, NEW, RISING, STEADY, Told
from serving.web.words import BANDS

KEY_NAME = "churn_customer_id"
GROUP, GROUP_LABEL = "churn", "Churn risk"
REASONS = 3
HELD_OUT = "held_out"


@dataclass(frozen=True)
class Field:
    """One field: what it is called, what its help says, and its value of a scored customer.

    A `quiet` one is sent along, but is no reason of its own to send a record. `column` is of the
    scores: the field is left out while a run does not have it. `formula` is Salesforce's own.
    """

    name: str
    label: str
    help: str
    kind: Kind
    value: Callable[[Told], Value]
    options: Mapping[str, str] = field(default_factory=dict)
    quiet: bool = False
    column: str | None = None
    formula: str | None = None

    def of(self, told: Told) -> Value:
        """The value, short enough for the field."""
        return shortened(self.kind, self.value(told))


def _column(name: str, digits: int | None = None) -> Callable[[Told], Value]:
    def value(told: Told) -> Value:
        found: Value = told.row.get(name)
        rounds = digits is not None and isinstance(found, float)
        return round(found, digits) if rounds else found  # type: ignore[arg-type]

    return value


def _text_of(column: str, place: int) -> Callable[[Told], Value]:
    def value(told: Told) -> Value:
        reasons: list[Mapping[str, Any]] = told.row[column] or []
        return reasons[place]["text"] if place < len(reasons) else None

    return value


def _first_reason(told: Told) -> Value:
    """The strongest reason, or why there is no score."""
    return told.row["insufficient"] or _text_of("reasons", 0)(told)


def _previous(told: Told) -> Value:
    return None if told.previous is None else round(told.previous, 3)


def _renewal(told: Told) -> Value:
    days = told.row["days_to_renewal"]
    return None if days is None else told.row["as_of"] + timedelta(days=days)


def _play(told: Told) -> Value:
    advice: Mapping[str, Value] = told.row.get("advice") or {}
    return HELD_OUT if told.row.get("held_out") else advice.get("play")


def _reason(place: int) -> Field:
    return Field(
        f"churn_reason_{place}",
        f"Churn reason {place}",
        "What raises the score, strongest first. It says what was seen, not what causes it. The "
        "first says why, where there is no score.",
        TEXT,
        _first_reason if place == 1 else _text_of("reasons", place - 1),
    )


FIELDS: tuple[Field, ...] = (
    Field(
        KEY_NAME,
        "Churn customer ID",
        "The customer's ID in the churn scores. Fill it in once for every company: scores are "
        "written to the company that carries the ID.",
        KEY,
        _column("customer_id"),
    ),
    Field(
        "churn_probability",
        "Churn probability",
        "How likely the customer is to leave within the horizon. Calibrated: of 100 customers at "
        "20 %, about 20 leave. Empty where too little is known.",
        PROBABILITY,
        _column("probability", 3),
    ),
    Field(
        "churn_horizon_days",
        "Churn horizon, days",
        "The days within which the churn probability looks ahead.",
        COUNT,
        _column("horizon_days"),
    ),
    Field(
        "churn_band",
        "Churn band",
        "How urgent the customer is; the limits between bands are set by your team.",
        CHOICE,
        _column("band"),
        {band.value: BANDS[band.value] for band in Band},
    ),
    Field(
        "churn_revenue_at_risk",
        "Revenue at risk",
        "Churn probability x monthly recurring revenue x 12.",
        MONEY,
        _column("revenue_at_risk", 2),
    ),
    Field(
        "churn_rank_value",
        "Churn rank in the owner's book",
        "1 is the customer with the most revenue at risk among those of the same owner.",
        COUNT,
        lambda told: told.rank,
        quiet=True,
    ),
    Field(
        "churn_renewal_date",
        "Churn: next renewal",
        "The next renewal that the subscription data knows of.",
        DAY,
        _renewal,
    ),
    Field(
        "churn_days_to_renewal",
        "Churn: days to renewal",
        "Days from today to the next renewal.",
        COUNT,
        _column("days_to_renewal"),
        quiet=True,
        formula="churn_renewal_date__c - TODAY()",
    ),
    Field(
        "churn_probability_previous",
        "Churn probability, previous",
        "The churn probability of the previous scoring run.",
        PROBABILITY,
        _previous,
    ),
    Field(
        "churn_trend",
        "Churn trend",
        "How the probability moved since the previous scoring run; steady is less than 2 points.",
        CHOICE,
        lambda told: told.trend,
        {RISING: "Rising", FALLING: "Falling", STEADY: "Steady", NEW: "New"},
    ),
    Field(
        "churn_trend_since",
        "Churn trend since",
        "The scoring run from which the probability has moved this way.",
        DAY,
        lambda told: told.since,
    ),
    *(_reason(place) for place in range(1, REASONS + 1)),
    Field(
        "churn_protective_1",
        "Churn: in its favour",
        "What lowers the score most.",
        TEXT,
        _text_of("protective", 0),
    ),
    Field(
        "churn_what_changed",
        "Churn: what changed",
        "How the score differs from the previous scoring run, and which reasons came and went.",
        LONG_TEXT,
        what_changed,
    ),
    Field(
        "churn_recommended_play",
        "Churn: recommended play",
        "What to do about the risk. Some customers are left alone on purpose, drawn at random, so "
        "that the effect of plays is known.",
        CHOICE,
        _play,
        {play.name: play.title for play in PLAYS} | {HELD_OUT: "Left alone on purpose"},
        column="advice",
    ),
    Field(
        "churn_play_due",
        "Churn: begin the play by",
        "The day by which to begin the recommended play.",
        DAY,
        lambda told: (told.row.get("advice") or {}).get("due"),
        column="advice",
    ),
    Field(
        "churn_confidence",
        "Churn confidence",
        "How sure the score is, from how much is known of the customer and how far the models "
        "agree.",
        CHOICE,
        _column("confidence"),
        {"high": "High", "medium": "Medium", "low": "Low"},
        column="confidence",
    ),
    Field(
        "churn_data_as_of",
        "Churn: data as of",
        "The last day of data behind the score.",
        DAY,
        _column("data_until"),
        quiet=True,
    ),
    Field(
        "churn_scored_at",
        "Churn: scored at",
        "When the score was made. A score that has not changed is confirmed once a week.",
        MOMENT,
        _column("scored_at"),
        quiet=True,
    ),
    Field(
        "churn_model_version",
        "Churn: model version",
        "The model that made the score.",
        TEXT,
        _column("model_version"),
        quiet=True,
    ),
)


def known(fields: Iterable[Field], columns: Iterable[str]) -> tuple[Field, ...]:
    """The fields that a run with these columns can fill."""
    there = set(columns)
    return tuple(field for field in fields if field.column is None or field.column in there)


def plain(fields: Iterable[Field]) -> tuple[Field, ...]:
    """The fields that are written: a CRM counts the days to a date by itself."""
    return tuple(field for field in fields if field.formula is None)
