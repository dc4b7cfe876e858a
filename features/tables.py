"""The canonical tables: what a business hands over, column by column, and what reveals what.

Everything that reads, checks, cuts or documents a table reads these declarations.
"""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from functools import partial


class Kind(StrEnum):
    """What a column holds; engines map each kind to a type of their own."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    TIME = "time"


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    `revealed_by` names the time before which the column is not yet known: a ticket's `csat` is
    null on every as-of date up to and including the moment of `csat_at`. `if_empty` is what a
    missing value means, where it means one.
    """

    kind: Kind
    name: str
    meaning: str
    _: KW_ONLY
    unit: str = ""
    required: bool = False
    revealed_by: str = ""
    allowed: tuple[str, ...] = ()
    if_empty: float | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """One canonical table: `at` is its event time, `key` is what makes a row unique.

    A table without a key may hold equal rows: two clicks in one second are two clicks. The
    attributes of a static table are facts that never change.
    """

    name: str
    meaning: str
    at: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    static: bool = False

    def __post_init__(self) -> None:
        if self.at not in self.names:
            raise ValueError(f"Table {self.name!r} has no column {self.at!r}, its event time.")
        if unknown := {c.revealed_by for c in self.columns} - {"", *self.names}:
            raise ValueError(f"Table {self.name!r} is revealed by unknown columns {unknown}.")

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"Table {self.name!r} has no column {name!r}; it has {self.names}.")

    @property
    def names(self) -> tuple[str, ...]:
        """Every column's name, arrival times included, in the order of the contract."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns without which the table cannot be read."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def reveals(self) -> dict[str, tuple[str, ...]]:
        """Each revealing time with the columns that are null until it has passed."""
        times = dict.fromkeys(c.revealed_by for c in self.columns if c.revealed_by)
        return {t: tuple(c.name for c in self.columns if c.revealed_by == t) for t in times}


def arrival_of(time: str) -> str:
    """The column that says when a reveal arrived: `resolved_at` -> `resolved_known_at`."""
    return f"{time.removesuffix('_at')}_known_at"


text = partial(Column, Kind.TEXT)
number = partial(Column, Kind.NUMBER)
flag = partial(Column, Kind.FLAG)
time = partial(Column, Kind.TIME)


def reveal(name: str, meaning: str) -> tuple[Column, Column]:
    """A moment that is known once it has come, and the optional column of its own arrival."""
    return (
        time(name, meaning, revealed_by=name),
        time(arrival_of(name), f"When `{name}` arrived, where later than it.", revealed_by=name),
    )


CUSTOMER_ID = text("customer_id", "The paying customer.", required=True)
KNOWN_AT = time("known_at", "When the row arrived, where later than it happened.")

CUSTOMERS = Table(
    name="customers",
    meaning="One row per paying customer. Its attributes must never change; a field that is "
    "overwritten in place (a health score, a life-cycle stage) does not belong here.",
    at="created_at",
    key=("customer_id",),
    static=True,
    columns=(
        CUSTOMER_ID,
        text("name", "The name a person knows the customer by."),
        time("created_at", "When the customer signed up.", required=True),
        text("segment", "The business's own grouping, such as small or enterprise."),
        text("country", "Country or region of the customer."),
        text("channel", "How the customer was won."),
        text("touch", "How the customer is looked after.", allowed=("tech", "high")),
        text("owner", "The CSM in charge."),
        KNOWN_AT,
    ),
)
SUBSCRIPTIONS = Table(
    name="subscriptions",
    meaning="One row per change of a subscription: the state that holds from `at` until the "
    "subscription's next row.",
    at="at",
    key=("subscription_id", "at"),
    columns=(
        CUSTOMER_ID,
        text("subscription_id", "The subscription that changed.", required=True),
        time("at", "When this state began.", required=True),
        text("plan", "The plan from then on."),
        number("seats", "Seats paid for.", unit="seats"),
        number(
            "mrr", "Recurring revenue a month; discounts in, tax and one-off out.", unit="money"
        ),
        text("currency", "Currency of `mrr`; one currency in a history."),
        number("term_months", "Length of the term.", unit="months"),
        time("term_ends_at", "When the running term ends; known from `at` on."),
        flag("auto_renew", "Whether the term renews by itself."),
        *reveal("cancel_requested_at", "When notice was given."),
        *reveal("ended_at", "When the subscription ended."),
        text(
            "end_reason",
            "Why it ended: asked for, not paid, or neither.",
            revealed_by="ended_at",
            allowed=("voluntary", "involuntary", "other"),
        ),
        KNOWN_AT,
    ),
)
USAGE = Table(
    name="usage",
    meaning="What people did in the product: raw events, or daily rows with their quantity.",
    at="at",
    columns=(
        CUSTOMER_ID,
        time("at", "When it was done; a daily row says its day.", required=True),
        text("event", "What was done, in the product's own names.", required=True),
        text("user_id", "The person who did it."),
        number("quantity", "How often, in a daily row; 1 where empty.", unit="times", if_empty=1.0),
        KNOWN_AT,
    ),
)
TICKETS = Table(
    name="tickets",
    meaning="One row per support ticket.",
    at="opened_at",
    key=("ticket_id",),
    columns=(
        CUSTOMER_ID,
        text("ticket_id", "The ticket.", required=True),
        time("opened_at", "When it was opened.", required=True),
        text("priority", "As opened.", allowed=("low", "normal", "high", "urgent")),
        text("channel", "How it came in."),
        flag("complaint", "Whether it complains about the product or the service."),
        *reveal("first_response_at", "When a person first answered."),
        *reveal("resolved_at", "When it was resolved."),
        number("handle_minutes", "Work spent.", unit="minutes", revealed_by="resolved_at"),
        *reveal("reopened_at", "When it was last reopened."),
        number("csat", "Answer to the satisfaction question, 1 to 5.", revealed_by="csat_at"),
        *reveal("csat_at", "When the satisfaction question was answered."),
        KNOWN_AT,
    ),
)
INVOICES = Table(
    name="invoices",
    meaning="One row per invoice.",
    at="issued_at",
    key=("invoice_id",),
    columns=(
        CUSTOMER_ID,
        text("invoice_id", "The invoice.", required=True),
        time("issued_at", "When it was issued.", required=True),
        time("due_at", "When it has to be paid; known when issued."),
        number("amount", "What is asked for.", unit="money"),
        *reveal("paid_at", "When it was paid in full."),
        *reveal("voided_at", "When it was withdrawn."),
        KNOWN_AT,
    ),
)
PAYMENTS = Table(
    name="payments",
    meaning="One row per attempt to pay.",
    at="at",
    columns=(
        CUSTOMER_ID,
        text("invoice_id", "The invoice it was for."),
        time("at", "When it was attempted.", required=True),
        text("status", "How it went.", required=True, allowed=("succeeded", "failed", "refunded")),
        number("amount", "How much.", unit="money"),
        KNOWN_AT,
    ),
)
SURVEYS = Table(
    name="surveys",
    meaning="One row per answer to a survey.",
    at="at",
    columns=(
        CUSTOMER_ID,
        time("at", "When it was answered.", required=True),
        text("kind", "Which question.", required=True, allowed=("NPS", "CSAT", "CES")),
        number("score", "The answer: NPS 0 to 10, CSAT 1 to 5, CES 1 to 7.", required=True),
        number("scale", "The highest answer possible, where not 10, 5 or 7."),
        text("user_id", "Who answered."),
        KNOWN_AT,
    ),
)
MILESTONES = Table(
    name="milestones",
    meaning="One row per step of onboarding reached; `first_value` is the one that matters most.",
    at="at",
    columns=(
        CUSTOMER_ID,
        time("at", "When it was reached.", required=True),
        text("milestone", "Which step.", required=True),
        KNOWN_AT,
    ),
)
TREATMENTS = Table(
    name="treatments",
    meaning="One row per thing done about a risk. Never a feature: treatment follows risk.",
    at="at",
    columns=(
        CUSTOMER_ID,
        time("at", "When it was done.", required=True),
        text("play", "What was done.", required=True),
        text("channel", "How the customer was reached."),
        text("arm", "Drawn at random or chosen.", allowed=("random", "control", "chosen")),
        number("cost", "What it cost.", unit="money"),
        KNOWN_AT,
    ),
)

TABLES = {
    table.name: table
    for table in (
        CUSTOMERS,
        SUBSCRIPTIONS,
        USAGE,
        TICKETS,
        INVOICES,
        PAYMENTS,
        SURVEYS,
        MILESTONES,
        TREATMENTS,
    )
}
