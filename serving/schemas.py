"""What the API, the pages, the batch table and the CRM all say. Descriptions become the API's docs."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Band(StrEnum):
    """How urgent a customer is; the limits between bands are settings."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"
    INSUFFICIENT_DATA = "insufficient_data"


class Said(BaseModel):
    """Everything said is frozen and closed: an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Reason(Said):
    """One thing about the customer that raises or lowers the score."""

    code: str = Field(description="The feature's name: stable, for automation.")
    theme: str = Field(description="What it is about: usage, support, billing, ...")
    text: str = Field(description="A sentence for a customer success manager.")
    value: float | str | None = Field(description="The customer's own value; null if unknown.")
    baseline: float | None = Field(None, description="The customer's value in the period before.")
    peers: float | None = Field(None, description="The middle value among its segment.")
    unit: str
    raises_score: bool
    points: float = Field(
        description="Share, in percentage points, of the difference to a typical customer."
    )


class Prediction(Said):
    """How likely one customer is to leave within the horizon, and what raises or lowers that."""

    customer_id: str
    name: str | None = None
    as_of: date = Field(description="What was known before midnight UTC of this date.")
    horizon_days: int
    probability: float | None = Field(
        ge=0, le=1, description="Calibrated: of 100 customers at .2, about 20 leave. Null if unsaid."
    )
    typical: float | None = Field(description="The probability of a typical customer.")
    band: Band
    mrr: float | None = Field(description="Recurring revenue a month on the as-of date.")
    revenue_at_risk: float | None = Field(description="probability x MRR x 12.")
    rank: int | None = Field(None, description="Place by revenue at risk among those scored together.")
    reasons: tuple[Reason, ...] = Field(max_length=4, description="What raises the score, strongest first.")
    protective: tuple[Reason, ...] = Field(max_length=2, description="What lowers it.")
    context: tuple[Reason, ...] = Field((), description="What moves the score but nobody can act on.")
    insufficient: str | None = Field(None, description="Why nothing is said, in words.")
    model_version: str
    data_until: date | None = Field(description="The last day with any known row of this history.")
    scored_at: datetime
