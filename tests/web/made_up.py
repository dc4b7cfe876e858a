"""A small book of customers, as the night's job would have scored it, written by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa

from features.history import History
from features.sources.files import in_memory
from serving.dataset import publish, row_of, schema_of
from serving.resumable import write
from serving.schemas import Advice, Prediction, Reason

TYPICAL = 0.08
LIMITS = (("critical", 0.6), ("high", 0.3), ("medium", 0.12), ("low", 0.0))


def reason(
    code: str,
    text: str,
    points: float,
    theme: str = "usage",
    unit: str = "",
    value: float | str | None = None,
    baseline: float | None = None,
) -> Reason:
    """One reason; negative points lower the score."""
    return Reason(
        code=code,
        theme=theme,
        text=text,
        value=value,
        baseline=baseline,
        reached=None,
        peers=None,
        days=28,
        unit=unit,
        raises_score=points > 0,
        points=points,
    )


def scored(customer_id: str, probability: float | None, **rest: Any) -> dict[str, Any]:
    """What is said of one customer; what is not given is ordinary."""
    mrr = rest.get("mrr", 100.0)
    unsaid = probability is None
    ordinary = {
        "name": customer_id.title(),
        "horizon_days": 90,
        "typical": None if unsaid else TYPICAL,
        "band": "insufficient_data" if unsaid else banded(probability or 0),
        "mrr": mrr,
        "revenue_at_risk": None if unsaid else (probability or 0) * mrr * 12,
        "reasons": () if unsaid else (ORDINARY,),
        "protective": (),
        "themes": {} if unsaid else {"usage": 100 * ((probability or 0) - TYPICAL)},
        "model_version": "7",
        "owner": "Ana Ruiz",
        "segment": "small",
        "plan": "team",
        "days_to_renewal": 120,
        "status": "active",
    }
    return {"customer_id": customer_id, "probability": probability, **ordinary, **rest}


def banded(probability: float) -> str:
    """The band of a probability in these tests."""
    return next(band for band, limit in LIMITS if probability >= limit)


def write_run(scores: Path, as_of: date, rows: Sequence[Mapping[str, Any]]) -> None:
    """One finished run in the data set, written by the night's own code."""
    scores.mkdir(parents=True, exist_ok=True)
    night = datetime(as_of.year, as_of.month, as_of.day, 2, tzinfo=UTC)
    about = {"as_of": as_of, "data_until": as_of, "scored_at": night}
    schema = schema_of((30, 60, 90))
    told = [row_of(Prediction(**(about | dict(row)))) for row in rows]
    made = write(scores, as_of, {}, lambda *_: iter([pa.Table.from_pylist(told, schema)]), schema)
    publish(made, scores, as_of, {})


ORDINARY = reason(
    "events_28d_change_28d", "Actions down 20 % against the 4 weeks before", 5.0, value=-1 / 9
)
TODAY, BEFORE, EARLIER = date(2026, 11, 1), date(2026, 10, 25), date(2026, 10, 18)
NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
ADVICE = Advice(
    play="training_session",
    touch="high",
    grounds=("theme=usage", "band=critical"),
    due=date(2026, 11, 3),
)
SCRIPT = "<script>document.title = 'taken over'</script>"
TRAVERSAL = "../../etc/passwd"
FELL = reason(
    "active_users_28d_change_28d",
    "Active people down 57 % against the 4 weeks before, from 14 to 6",
    21.0,
    unit="active people",
    value=-8 / 20,
    baseline=14.0,
)
OVERDUE = reason(
    "days_overdue_364d",
    "An invoice is 16 days overdue",
    9.0,
    theme="billing",
    unit="days",
    value=16.0,
)
URGENT = reason(
    "urgent_open_tickets_168d", "2 urgent open tickets now", 6.0, theme="support", value=2.0
)
HAPPY = reason(
    "csat_mean_168d",
    "CSAT answers 4.5 of 5, on average, in the last 24 weeks",
    -3.0,
    theme="sentiment",
    unit="of 5",
    value=4.5,
)
PLAN = reason("plan", "On the team plan", 1.0, theme="contract", value="team")
# Ranked by hand: cyan 10,800; gale 2,400; beta 1,200 and 10 days; acme 1,200 and 20 days; fern 420;
# script 60; dune unsaid.
LATEST = [
    scored("acme", 0.5, mrr=200.0, days_to_renewal=20, name="Ácme", segment="enterprise"),
    scored("beta", 0.25, mrr=400.0, days_to_renewal=10, owner="Ben Okafor"),
    scored(
        "cyan",
        0.9,
        mrr=1000.0,
        name="Cyan Foods",
        reasons=(FELL, OVERDUE),
        protective=(HAPPY,),
        context=(PLAN,),
        advice=ADVICE,
        themes={"usage": 60.0, "billing": 24.0, "sentiment": -3.0, "contract": 1.0},
    ),
    scored("dune", None, insufficient="Known for 9 days; 28 are needed"),
    scored("fern", 0.35, days_to_renewal=None, owner=None, segment=None),
    scored("gale", 0.4, mrr=500.0, name="=cmd|gale", reasons=(OVERDUE,), held_out=True),
    scored(TRAVERSAL, 0.05, name=SCRIPT),
]
RANKED = ["Cyan Foods", "=cmd|gale", "Beta", "Ácme", "Fern", SCRIPT, "Dune"]
PREVIOUS = [
    scored("acme", 0.3, mrr=200.0),
    scored("beta", 0.2449, mrr=400.0),
    scored(
        "cyan",
        0.65,
        mrr=1000.0,
        reasons=(OVERDUE, URGENT),
        themes={"usage": 8.0, "billing": 24.2, "support": 24.8},
    ),
    scored("gale", 0.55, mrr=500.0),
    scored(TRAVERSAL, 0.05),
]
FIRST = [scored("cyan", 0.61), scored("gale", 0.2)]


def write_book(scores: Path) -> None:
    """Three runs of seven customers."""
    for day, rows in ((EARLIER, FIRST), (BEFORE, PREVIOUS), (TODAY, LATEST)):
        write_run(scores, day, rows)


def at(days_ago: int) -> datetime:
    """Noon so many days before the newest run."""
    return datetime(2026, 11, 1, 12) - timedelta(days=days_ago)


def history() -> History:
    """Cyan went silent: used daily until 40 days ago, wrote tickets, pays late. Acme uses on."""
    customers = [
        {"customer_id": name, "created_at": at(700)} for name in ("acme", "cyan", "beta", TRAVERSAL)
    ]
    used = [("cyan", day) for day in range(40, 300)] + [("acme", day) for day in range(1, 300)]
    tickets = [("cyan", 60, "urgent"), ("cyan", 200, "normal"), ("acme", 3, "normal")]
    return in_memory(
        {
            "customers": pa.Table.from_pylist(customers),
            "usage": pa.Table.from_pylist(
                [
                    {"customer_id": c, "at": at(day), "event": "login", "user_id": "u"}
                    for c, day in used
                ]
            ),
            "tickets": pa.Table.from_pylist(
                [
                    {"customer_id": c, "ticket_id": f"t{n}", "opened_at": at(d), "priority": p}
                    for n, (c, d, p) in enumerate(tickets)
                ]
            ),
            "invoices": pa.Table.from_pylist(
                [
                    {
                        "customer_id": "cyan",
                        "invoice_id": f"i{n}",
                        "issued_at": at(30 * n + 20),
                        "due_at": at(30 * n + 6),
                        "amount": 1000.0,
                        "paid_at": at(30 * n - 10) if n else None,
                    }
                    for n in (0, 1, 2, 3, 13)  # the last is older than the record
                ]
            ),
            "subscriptions": pa.Table.from_pylist(
                [
                    {"customer_id": "cyan", "subscription_id": "s", "at": at(day), "mrr": mrr}
                    for day, mrr in ((700, 800.0), (100, 1000.0))
                ]
            ),
            "treatments": pa.Table.from_pylist(
                [{"customer_id": "cyan", "at": at(30), "play": "training", "channel": "mail"}]
            ),
        }
    )


@dataclass(frozen=True)
class Remembering:
    """In the place of the Scorer: all that the pages ask of it."""

    history: History
    reading: Lock = field(default_factory=Lock)
