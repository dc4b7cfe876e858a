"""The tables of the contract side: customers, subscriptions, invoices, payments, treatments."""

import numpy as np

from features.demo.arrays import NEVER, Columns, Days, Ints, Texts, where_told
from features.demo.billing import DUE_DAYS, DUNNING_DAYS, RETRY_DAYS
from features.demo.lives import Lives
from features.demo.names import companies, numbered, texts
from features.demo.recorded import late
from features.demo.treating import PLAYS

SIGN_UP = 0.75  # of the day: after the customer came to be, before its next day
OFFICE = 0.45
CHARGED = 0.2
LATE_NOTICE, LATE_CHANGE = 0.05, 0.01
REFUNDS, REFUND_DAYS = 0.003, 9.0
PLAY_CHANNEL = np.array(["email", "email", "call"])
PLAY_COST = np.array([15.0, 120.0, 60.0])


def customers(rng: np.random.Generator, lives: Lives) -> Columns:
    """One row per customer; who comes back keeps the first one."""
    rows = np.flatnonzero(lives.people.life == 0)
    new = lives.people.of(rows)
    seen = ("segment", "country", "channel", "touch", "owner")
    return {
        "customer_id": lives.ids(rows),
        "name": companies(rng, len(new)),
        "created_at": lives.calendar.moment(new.created + rng.uniform(0.3, SIGN_UP, len(new))),
        **{name: getattr(new, name) for name in seen},
    }


def subscriptions(rng: np.random.Generator, lives: Lives) -> Columns:
    """One row per sign-up, renewal or change of seats; the last one of a life tells its end."""
    rows, day = _changes(lives)
    some, seats = lives.people.of(rows), lives.seats.held(day, rows)
    last = np.append(rows[1:] != rows[:-1], True)[: len(rows)]
    notice, ends = (np.where(last, d[rows], NEVER) for d in (lives.exits.notice, lives.exits.ends))
    at = day + np.where(day == some.created, SIGN_UP, 0.0)
    given = np.where(notice < NEVER, notice + OFFICE, NEVER)
    moment, renews = lives.calendar.moment, lives.calendar.next_renewal
    return {
        "customer_id": lives.ids(rows),
        "subscription_id": _subscription_ids(lives, rows),
        "at": moment(at),
        "plan": some.plan,
        "seats": seats,
        "mrr": np.round(seats * some.seat_price * lives.seats.price_factor(day, rows), 2),
        "currency": np.full(len(rows), "EUR"),
        "term_months": some.term.astype(np.float64),
        "term_ends_at": moment(renews(some.created, some.term, day)),
        "auto_renew": some.auto_renew,
        "cancel_requested_at": moment(given),
        "cancel_requested_known_at": late(rng, lives.calendar, given, LATE_NOTICE),
        "ended_at": moment(ends),
        "ended_known_at": late(rng, lives.calendar, ends, LATE_NOTICE),
        "end_reason": where_told(ends < NEVER, lives.exits.reason[rows]),
        "known_at": late(rng, lives.calendar, at, LATE_CHANGE),
    }


def _subscription_ids(lives: Lives, rows: Ints) -> Texts:
    number = (lives.people.life[rows] + 1).astype(np.str_)
    return texts(lives.ids(rows), np.full(len(rows), "-S"), number)


def _changes(lives: Lives) -> tuple[Ints, Ints]:
    """Every life's days of change, up to its notice and before its end, in order."""
    rows, renewals = _renewals(lives)
    who, day = np.concatenate([rows, lives.seats.rows]), np.concatenate([renewals, lives.seats.day])
    runs = (day >= lives.people.created[who]) & (day < lives.exits.ends[who])
    kept = runs & (day <= lives.exits.notice[who]) & (day < lives.calendar.days)
    pairs = np.unique(np.stack([who[kept], day[kept]], axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _renewals(lives: Lives) -> tuple[Ints, Ints]:
    """The first day of each term, sign-up included, also of those long past."""
    calendar, people = lives.calendar, lives.people
    terms = np.maximum(calendar.full_months(people.created, calendar.days), 0) // people.term + 1
    rows = np.repeat(np.arange(len(people)), terms)
    number = np.arange(len(rows)) - np.repeat(np.cumsum(terms) - terms, terms)
    return rows, calendar.anniversary(people.created[rows], number * people.term[rows])


def billed(rng: np.random.Generator, lives: Lives) -> tuple[Columns, Columns]:
    """Invoices issued while subscriptions run, and the attempts to pay them."""
    made, people = lives.invoices, lives.people
    issued = made.issued
    running = (issued < lives.exits.ends[made.rows]) & (issued < lives.calendar.days)
    kept = np.flatnonzero(running & (issued >= people.created[made.rows]))
    order = kept[np.argsort(issued[kept], kind="stable")]
    at = issued[order] + np.where(issued == people.created[made.rows], SIGN_UP, CHARGED)[order]
    paid = made.paid[order] + np.where(made.paid[order] < NEVER, at - issued[order], 0.0)
    names = {
        "customer_id": lives.ids(made.rows[order]),
        "invoice_id": numbered(f"I{people.life.max(initial=0)}", np.arange(len(order))),
        "amount": made.amount[order],
    }
    invoices = names | _invoiced(rng, lives, at, at + DUE_DAYS * ~made.card[order], paid)
    return invoices, _payments(rng, lives, names, at, made.failed[order], paid)


def _invoiced(rng: np.random.Generator, lives: Lives, at: Days, due: Days, paid: Days) -> Columns:
    """What an invoice says over its life; one that is given up is withdrawn."""
    moment = lives.calendar.moment
    return {
        "issued_at": moment(at),
        "due_at": moment(due),
        "paid_at": moment(paid),
        "paid_known_at": late(rng, lives.calendar, paid),
        "voided_at": moment(np.where(paid < NEVER, NEVER, at + DUNNING_DAYS + 0.5)),
        "known_at": late(rng, lives.calendar, at),
    }


def _payments(
    rng: np.random.Generator, lives: Lives, names: Columns, at: Days, failed: Ints, paid: Days
) -> Columns:
    """Failed attempts, the one that went well, and now and then money that goes back."""
    missed, which = np.nonzero(np.arange(len(RETRY_DAYS)) < failed[:, None])
    good = np.flatnonzero(paid < NEVER)
    back = good[rng.random(len(good)) < REFUNDS]
    rows = np.concatenate([missed, good, back])
    when = np.concatenate([at[missed] + RETRY_DAYS[which], paid[good], paid[back] + REFUND_DAYS])
    status = np.repeat(["failed", "succeeded", "refunded"], [len(missed), len(good), len(back)])
    return {
        **{name: column[rows] for name, column in names.items()},
        "at": lives.calendar.moment(when),
        "status": status,
        "known_at": late(rng, lives.calendar, when),
    }


def treatments(lives: Lives) -> Columns:
    """What was done while subscriptions ran; a control is a row too, and costs nothing."""
    made = lives.treatments
    kept = lives.lasts(made.rows, made.day)
    rows, day, arm, play = made.rows[kept], made.day[kept], made.arm[kept], made.play[kept]
    control = arm == "control"
    return {
        "customer_id": lives.ids(rows),
        "at": lives.calendar.moment(day.astype(np.float64) + OFFICE),
        "play": np.array(PLAYS)[play],
        "channel": where_told(~control, PLAY_CHANNEL[play]),
        "arm": arm,
        "cost": np.where(control, 0.0, PLAY_COST[play]),
    }
