"""From the made-up company's life to the canonical tables it would hand over."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.demo.billing import RETRY_DAYS, DUNNING_DAYS, DUE_DAYS, Invoices
from features.demo.calendar import NEVER, Calendar, Floats, Ints
from features.demo.exits import Exits
from features.demo.names import companies
from features.demo.people import People
from features.demo.seats import Seats
from features.demo.support import Tickets
from features.demo.treating import CHANNELS, COSTS, PLAYS, Treatments
from features.demo.voice import STEPS, Answers
from features.tables import TABLES, Kind, Table, arrival_of

ARROW = {
    Kind.TEXT: pa.string(),
    Kind.NUMBER: pa.float64(),
    Kind.FLAG: pa.bool_(),
    Kind.TIME: pa.timestamp("us"),
}
LATE_SHARE = 0.03
LATE_DAYS = 2.5


def schema(table: Table) -> Any:
    """The Arrow schema of a canonical table."""
    return pa.schema([(column.name, ARROW[column.kind]) for column in table])


def recorded(name: str, columns: Mapping[str, Any], now: np.datetime64) -> Any:
    """A canonical table as the company's systems hold it at `now`: nothing later is in it."""
    table, size = TABLES[name], len(columns["customer_id"])
    found = {c.name: _array(columns.get(c.name), ARROW[c.kind], size) for c in table}
    kept = _before(found[table.at], found["known_at"], now)
    for moment, hidden in table.reveals.items():
        shown = _before(found[moment], found[arrival_of(moment)], now)
        found |= {n: pc.if_else(shown, found[n], pa.scalar(None, found[n].type)) for n in hidden}
    rows = pa.table(found, schema=schema(table)).filter(kept)
    return rows.take(pc.sort_indices(rows, sort_keys=[(table.at, "ascending")]))


def _array(values: Any, kind: Any, size: int) -> Any:
    if values is None:
        return pa.nulls(size, kind)
    return pa.array(values, kind, from_pandas=True)


def _before(happened: Any, arrived: Any, now: np.datetime64) -> Any:
    """Whether it had happened and arrived by then."""
    then = pa.scalar(now, pa.timestamp("us"))
    late = pc.less(pc.coalesce(arrived, happened), then)
    return pc.fill_null(pc.and_(pc.less(happened, then), late), False)


def late(rng: np.random.Generator, calendar: Calendar, at: Floats, share: float = LATE_SHARE) -> Any:
    """Arrival times of rows: most arrive as they happen (null), a few some days later."""
    behind = rng.random(len(at)) < share
    return calendar.moment(np.where(behind, at + rng.uniform(0.2, LATE_DAYS, len(at)), NEVER))


def customers(rng: np.random.Generator, calendar: Calendar, people: People, ids: Any) -> dict[str, Any]:
    """One row per customer; who came back keeps the first row."""
    first = people.of(people.life == 0)
    at = first.created + rng.uniform(0.3, 0.75, len(first))
    return {
        "customer_id": ids[first.customer], "name": companies(rng, len(first)),
        "created_at": calendar.moment(at), "segment": first.segment, "country": first.country,
        "channel": first.channel, "touch": first.touch, "owner": first.owner,
    }  # fmt: skip


def subscriptions(
    rng: np.random.Generator, calendar: Calendar, people: People, seats: Seats, exits: Exits, ids: Any
) -> dict[str, Any]:
    """One row per sign-up, renewal or change of seats; the last one of a life tells its end."""
    rows, day = _changes(calendar, people, seats, exits)
    some = people.of(rows)
    at = np.where(day == some.created, day + 0.75, day + 0.0)
    held = seats.seats(day, rows)
    mrr = np.round(held * some.seat_price * seats.price_factor(day, rows), 2)
    last = np.append(rows[1:] != rows[:-1], True)
    notice = np.where(last & (exits.notice[rows] < NEVER), exits.notice[rows] + 0.45, NEVER)
    ends = np.where(last, exits.ends[rows], NEVER)
    number = np.strings.add(np.where(some.life > 0, "-S", "-S"), (some.life + 1).astype(str))
    return {
        "customer_id": ids[some.customer],
        "subscription_id": np.strings.add(ids[some.customer], number),
        "at": calendar.moment(at), "plan": some.plan, "seats": held, "mrr": mrr,
        "currency": np.full(len(rows), "EUR"), "term_months": some.term.astype(float),
        "term_ends_at": calendar.moment(calendar.next_renewal(some.created, some.term, day)),
        "auto_renew": some.auto_renew,
        "cancel_requested_at": calendar.moment(notice),
        "cancel_requested_known_at": late(rng, calendar, notice, 0.05),
        "ended_at": calendar.moment(ends), "ended_known_at": late(rng, calendar, ends, 0.05),
        "end_reason": np.where(ends < NEVER, exits.reason[rows], None),
        "known_at": late(rng, calendar, at, 0.01),
    }  # fmt: skip


def _changes(calendar: Calendar, people: People, seats: Seats, exits: Exits) -> tuple[Ints, Ints]:
    """Every life's days of change before its notice and its end, in order."""
    zero = np.zeros(len(people), np.int64)
    passed = np.maximum(calendar.full_months(people.created, zero) // people.term, 0)
    terms = passed[:, None] + np.arange(calendar.days // 28 + 2)
    rows = np.repeat(np.arange(len(people)), terms.shape[1])
    renewals = calendar.anniversary(people.created[rows], (terms * people.term[:, None]).ravel())
    who = np.concatenate([np.arange(len(people)), rows, seats.rows])
    day = np.concatenate([people.created, renewals, seats.day])
    until = np.minimum(exits.ends, exits.notice)[who]
    kept = (day == people.created[who]) | ((day > people.created[who]) & (day < until))
    kept &= day < calendar.days
    pairs = np.unique(np.stack([who[kept], day[kept]], axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def tickets(rng: np.random.Generator, calendar: Calendar, people: People, made: Tickets, ids: Any) -> dict[str, Any]:
    """Tickets, numbered as they were opened."""
    order = np.argsort(made.opened, kind="stable")
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    moment = calendar.moment
    return {
        "customer_id": ids[people.customer[made.rows]],
        "ticket_id": np.strings.add("T", (number + 10_001).astype(str)),
        "opened_at": moment(made.opened), "priority": made.priority, "channel": made.channel,
        "complaint": made.complaint, "first_response_at": moment(made.answered),
        "resolved_at": moment(made.resolved), "resolved_known_at": late(rng, calendar, made.resolved),
        "handle_minutes": made.handle_minutes, "reopened_at": moment(made.reopened),
        "csat": np.where(made.rated < NEVER, made.csat, np.nan), "csat_at": moment(made.rated),
        "csat_known_at": late(rng, calendar, made.rated, 0.05),
        "known_at": late(rng, calendar, made.opened),
    }  # fmt: skip


def invoices(rng: np.random.Generator, calendar: Calendar, people: People, made: Invoices, exits: Exits, ids: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Invoices and the attempts to pay them, until the subscription ends."""
    ends = exits.ends[made.rows]
    kept = np.flatnonzero((made.issued < ends) & (made.issued < calendar.days))
    order = kept[np.argsort(made.issued[kept], kind="stable")]
    number = np.strings.add("I", (np.arange(len(order)) + 100_001).astype(str))
    rows, day, card = made.rows[order], made.issued[order], made.card[order]
    at = day + 0.2
    owner = ids[people.customer[rows]]
    paid = np.where(made.paid[order] < NEVER, made.paid[order] + 0.2, NEVER)
    void = np.where(paid >= NEVER, np.minimum(day + DUNNING_DAYS, ends[order] if False else day + DUNNING_DAYS), NEVER)
    table = {
        "customer_id": owner, "invoice_id": number, "issued_at": calendar.moment(at),
        "due_at": calendar.moment(np.where(card, at, at + DUE_DAYS)), "amount": made.amount[order],
        "paid_at": calendar.moment(paid), "paid_known_at": late(rng, calendar, paid),
        "voided_at": calendar.moment(void + 0.5 * (void < NEVER)), "known_at": late(rng, calendar, at),
    }  # fmt: skip
    return table, _payments(rng, calendar, owner, number, at, card, made.tries[order], paid, made.amount[order])


def _payments(rng: np.random.Generator, calendar: Calendar, owner: Any, number: Any, at: Floats, card: Any, tries: Ints, paid: Floats, amount: Floats) -> dict[str, Any]:
    """Failed attempts first, then the one that went well; now and then money goes back."""
    failed, which = np.nonzero(np.arange(len(RETRY_DAYS)) < tries[:, None])
    good = np.flatnonzero(paid < NEVER)
    back = good[rng.random(len(good)) < 0.003]
    rows = np.concatenate([failed, good, back])
    status = np.repeat(["failed", "succeeded", "refunded"], [len(failed), len(good), len(back)])
    when = np.concatenate([at[failed] + RETRY_DAYS[which], paid[good], paid[back] + 9.0])
    return {
        "customer_id": owner[rows], "invoice_id": number[rows], "at": calendar.moment(when),
        "status": status, "amount": amount[rows], "known_at": late(rng, calendar, when),
    }  # fmt: skip


def surveys(rng: np.random.Generator, calendar: Calendar, people: People, made: Answers, ids: Any) -> dict[str, Any]:
    """Answers to surveys."""
    owner = ids[people.customer[made.rows]]
    return {
        "customer_id": owner, "at": calendar.moment(made.at), "kind": made.kind,
        "score": made.score, "user_id": np.strings.add(np.strings.add(owner, "-"), made.user.astype(str)),
        "known_at": late(rng, calendar, made.at, 0.04),
    }  # fmt: skip


def milestones(calendar: Calendar, people: People, made: tuple[Ints, Ints, Floats], ids: Any) -> dict[str, Any]:
    """Steps of onboarding."""
    rows, step, day = made
    return {
        "customer_id": ids[people.customer[rows]], "at": calendar.moment(day + 1.0),
        "milestone": np.array(STEPS)[step],
    }  # fmt: skip


def treatments(calendar: Calendar, people: People, made: Treatments, exits: Exits, ids: Any) -> dict[str, Any]:
    """What was done; a control is a row too, at no cost."""
    kept = exits.alive(people, NEVER * 0 + made.day) if False else (exits.ends[made.rows] > made.day)
    rows, play, arm = made.rows[kept], made.play[kept], made.arm[kept]
    control = arm == "control"
    return {
        "customer_id": ids[people.customer[rows]], "at": calendar.moment(made.day[kept] + 0.4),
        "play": np.array(PLAYS)[play], "channel": np.where(control, None, np.array(CHANNELS)[play]),
        "arm": arm, "cost": np.where(control, 0.0, np.array(COSTS)[play]),
    }  # fmt: skip
