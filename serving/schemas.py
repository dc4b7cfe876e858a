"""What the API, the pages, the batch table and the CRM say. Descriptions become the API's docs."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"  # data bases end a text at a zero, and logs a line


class Band(StrEnum):
    """How urgent a customer is; the limits between bands are settings."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"
    INSUFFICIENT_DATA = "insufficient_data"


class Confidence(StrEnum):
    """How sure a score is: the lesser of what is known of the customer and of the model."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Said(BaseModel):
    """Everything said is frozen and closed: an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Reason(Said):
    """One thing about the customer that raises or lowers the score."""

    code: str = Field(description="The feature's name: stable, for automation.")
    theme: str = Field(description="What it is about: usage, support, billing, ...")
    text: str = Field(
        description="A sentence for a customer success manager, in the language asked for."
    )
    value: float | str | None = Field(description="The customer's own value; null if unknown.")
    baseline: float | None = Field(None, description="The customer's value in the period before.")
    reached: float | None = Field(None, description="Of a change: the value in this period.")
    peers: float | None = Field(None, description="The middle value among its segment.")
    unit: str
    days: int | None = Field(None, description="The days it looks back; null if ever or today.")
    raises_score: bool
    points: float = Field(
        description="Share, in percentage points, of the difference to a typical customer: of this "
        "and of the features that measure the same."
    )


class Advice(Said):
    """What to do about a customer's risk: a play from the catalogue, and why this one."""

    play: str = Field(description="The play's name: stable, for automation.")
    touch: str = Field(description="tech: mails and content; high: a person.")
    grounds: tuple[str, ...] = Field(
        description="What of the customer's situation asks for it: theme=usage, tier=large, ..."
    )
    due: date = Field(description="The day by which to begin.")


class Prediction(Said):
    """How likely one customer is to leave within the horizon, and what raises or lowers that."""

    customer_id: str
    name: str | None = None
    owner: str | None = Field(None, description="The CSM in charge.")
    segment: str | None = None
    plan: str | None = None
    status: str | None = Field(
        None, description="active, or why not scored; null for vectors sent."
    )
    as_of: date = Field(description="What was known before midnight UTC of this date.")
    horizon_days: int
    probability: float | None = Field(
        ge=0,
        le=1,
        description="Calibrated: of 100 customers at .2, about 20 leave. Null if unsaid.",
    )
    typical: float | None = Field(description="The probability of a typical customer.")
    by_days: dict[int, float] = Field(
        {},
        description="The probability of leaving within 30, 60, ... days: it never falls, and the "
        "last is `probability`.",
        examples=[{"30": 0.04, "60": 0.09, "90": 0.13}],
    )
    by_cause: dict[str, float] = Field(
        {},
        description="The probability of leaving of their own will (voluntary) and for want of "
        "payment (involuntary); they add up to `probability`. Empty where causes are not told "
        "apart.",
        examples=[{"voluntary": 0.1, "involuntary": 0.03}],
    )
    cause: str | None = Field(
        None,
        description="The likelier of the two: voluntary is a matter for the CSM, involuntary for "
        "whoever collects payments. Null where causes are not told apart.",
    )
    expected_days: float | None = Field(
        None, description="Days of the horizon that the customer is expected to stay."
    )
    band: Band
    confidence: Confidence | None = Field(
        None,
        description="high: at least 80 % of the values looked at are known, and customers scored "
        "alike surely left at a rate within one band. medium: 50 %, or two bands. low: less, or "
        "more bands. Null where nothing is said.",
    )
    mrr: float | None = Field(description="Recurring revenue a month on the as-of date.")
    days_to_renewal: int | None = Field(None, description="Null where no renewal is agreed.")
    revenue_at_risk: float | None = Field(description="probability x MRR x 12.")
    rank: int | None = Field(
        None, description="Place by revenue at risk among those scored together."
    )
    reasons: tuple[Reason, ...] = Field(
        max_length=4, description="What raises the score, strongest first."
    )
    protective: tuple[Reason, ...] = Field(max_length=2, description="What lowers it.")
    context: tuple[Reason, ...] = Field(
        (), description="What moves the score but nobody can act on."
    )
    themes: dict[str, float] = Field(
        {}, description="By theme, in percentage points; they add up to probability - typical."
    )
    insufficient: str | None = Field(None, description="Why nothing is said, in words.")
    insufficient_code: str | None = Field(
        None, description="The same as a word that stays: too_new, notice_given, ..."
    )
    advice: Advice | None = Field(None, description="The play recommended; null: none is needed.")
    held_out: bool = Field(
        False,
        description="Left alone on purpose, drawn at random, so that the effect of plays is known.",
    )
    model_version: str
    data_until: date | None = Field(description="The last day with any known row of this history.")
    stale: str | None = Field(
        None, description="Which tables end longer ago than they may; null: none does."
    )
    scored_at: datetime


class Share(Said):
    """What one feature of the model adds to the score, however little."""

    code: str
    theme: str
    value: float | str | None
    log_odds: float = Field(description="Exact: all of them add up to log_odds - typical_log_odds.")
    points: float = Field(description="The same in percentage points, by the rescale rule.")


class Explanation(Said):
    """A prediction with everything that it is made of."""

    prediction: Prediction
    log_odds: float | None = Field(description="Of the calibrated probability; null if unsaid.")
    typical_log_odds: float | None
    shares: tuple[Share, ...] = Field(default=(), description="Every feature, the strongest first.")


class FeatureSaid(Said):
    """One feature that the model looks at."""

    name: str
    theme: str
    meaning: str
    unit: str
    risk: str = Field(description="How risk moves as the value grows: rises, falls or either.")
    if_none: float | str | None = Field(description="The value where there is nothing to count.")
    context: bool = Field(description="Whether nobody can act on it.")
    actionable: bool


class Vector(Said):
    """One customer's ready vector: every feature by its name, and baselines for the words."""

    customer_id: str = Field(min_length=1, max_length=200, pattern=PRINTABLE)
    values: dict[str, FiniteFloat | str | None]


class TablesScored(Said):
    """Predictions from rows that were sent, with the rows that could not be used."""

    predictions: tuple[Prediction, ...]
    set_aside: dict[str, dict[str, int]] = Field(
        description="By table: how many rows were not used, by reason. Empty where all were."
    )


class ModelCard(Said):
    """What the model is, what it was trained on and what it must not be used for."""

    model_version: str
    horizon_days: int
    features: int
    boosters: int
    base_rate: float | None = Field(description="Share of training snapshots that churned.")
    bands: dict[str, float] = Field(description="The probability from which each band begins.")
    months: tuple[int, ...] = Field(description="Days at which the horizon's months end.")
    causes: tuple[str, ...] = Field(
        description="Told apart: voluntary and involuntary (for want of payment), or any."
    )
    calibration: dict[str, dict[str, float]] = Field(
        description="By cause and end of month, such as voluntary_60: a line in log-odds."
    )
    insufficient: str | None = Field(
        None, description="Why the model tells nobody apart, in words; null where it has learnt."
    )
    trained_on: tuple[str, ...] = Field(description="As-of dates trained on.")
    tested_on: tuple[str, ...] = Field(description="Later as-of dates judged on.")
    data_digest: str | None
    meant_for: str
    not_meant_for: str


class Health(Said):
    """Whether the service can answer, and from what."""

    status: str = Field(description="ok, or no_history: only what is sent can be scored then.")
    model_version: str
    data_until: date | None = Field(description="The last day with any known row.")
    as_of: date | None = Field(description="The as-of date where a request names none.")


class Problem(Said):
    """What is wrong with a request, and what to send instead."""

    error: str = Field(description="The kind of problem: stable, for automation.")
    detail: str
    do: str
