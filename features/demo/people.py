"""The demo's customers: what they are from the first day on, seen and unseen."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from features.demo.arrays import Flags, Floats, Ints, Texts, pick
from features.demo.calendar import Calendar
from features.demo.names import OWNERS

SEGMENTS = ("startup", "small", "mid", "enterprise")
PLANS = ("basic", "team", "business", "enterprise")
CHANNELS = ("organic", "referral", "partner", "outbound", "paid_search")
COUNTRIES = ("DE", "FR", "GB", "NL", "ES", "PL", "SE", "US")
TERMS = (1, 12, 24)

# One row per segment.
SEGMENT_SHARE = np.array([0.38, 0.34, 0.22, 0.06])
PLAN_SHARE = np.array(
    [[0.7, 0.25, 0.05, 0.0], [0.3, 0.5, 0.2, 0.0], [0.03, 0.3, 0.6, 0.07], [0.0, 0.02, 0.38, 0.6]]
)
CHANNEL_SHARE = np.array(
    [
        [0.35, 0.15, 0.05, 0.05, 0.4],
        [0.3, 0.2, 0.15, 0.1, 0.25],
        [0.2, 0.2, 0.25, 0.25, 0.1],
        [0.05, 0.2, 0.35, 0.4, 0.0],
    ]
)
TERM_SHARE = np.array(
    [[0.72, 0.27, 0.01], [0.6, 0.36, 0.04], [0.42, 0.46, 0.12], [0.25, 0.5, 0.25]]
)
SEATS_MEDIAN = np.array([3.0, 6.5, 20.0, 62.0])
SEATS_SPREAD = np.array([0.6, 0.7, 0.75, 0.8])
HIGH_TOUCH = np.array([0.02, 0.12, 0.6, 1.0])
CARD_RISK_SEGMENT = np.array([1.35, 1.0, 0.55, 0.35])

COUNTRY_SHARE = np.array([0.24, 0.14, 0.18, 0.08, 0.08, 0.08, 0.05, 0.15])
CARD_RISK_COUNTRY = np.array([0.8, 1.0, 0.95, 0.75, 1.2, 1.25, 0.75, 1.2])
CARD_SHARE = np.array([0.9, 0.22, 0.1])  # by term
SEAT_PRICE = np.array([15.0, 24.0, 38.0, 50.0])  # by plan, a month
SEATS_CAP = 600

# What a segment, a plan, a channel and a country add to the log of the intent to leave.
LEAN_SEGMENT = np.array([0.35, 0.05, -0.3, -0.45])
LEAN_PLAN = np.array([0.38, 0.0, -0.25, -0.4])
LEAN_CHANNEL = np.array([-0.1, -0.5, -0.15, 0.2, 0.6])
LEAN_COUNTRY = np.array([-0.2, 0.0, 0.1, -0.25, 0.2, 0.35, -0.15, 0.15])

HERE_AT_START = 0.56
MEAN_AGE_DAYS, OLDEST_DAYS = 600, 2_200  # of those who are
STRUGGLES, STRUGGLED_AND_STAYED = 0.2, 0.06
FIT_SPREAD = 0.65
CARD_RISK = 0.023  # the mean chance that a month's first charge fails
CARD_RISK_SHAPE = 10.0


@dataclass(frozen=True, kw_only=True)
class People:
    """One row per life of a customer: most have one, who comes back has two.

    Seen: the columns up to `auto_renew`, and whether it pays by card. Unseen: how risky the card
    is; `lean`, what the visible traits add to the intent to leave; the `fit` health reverts to;
    whether onboarding went wrong; which part of the seats is used and how eagerly; how readily it
    complains (`voice`), how much it minds prices, and how fast it winds down before it leaves.
    """

    customer: Ints
    life: Ints
    created: Ints
    segment: Texts
    plan: Texts
    country: Texts
    channel: Texts
    touch: Texts
    owner: Texts
    term: Ints
    seats: Floats
    seat_price: Floats
    auto_renew: Flags
    card: Flags
    card_risk: Floats
    lean: Floats
    fit: Floats
    struggled: Flags
    adoption: Floats
    vigour: Floats
    voice: Floats
    price_care: Floats
    wind_down: Floats

    def __len__(self) -> int:
        return len(self.customer)

    def of(self, rows: Ints | Flags) -> Self:
        """Some of them."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def signed_up(rng: np.random.Generator, calendar: Calendar, count: int) -> People:
    """As many customers, oldest first: a part was there on the first day, the others come later."""
    created = _created(rng, calendar, count)
    segment = rng.choice(len(SEGMENTS), count, p=SEGMENT_SHARE)
    country = rng.choice(len(COUNTRIES), count, p=COUNTRY_SHARE)
    channel = pick(rng, CHANNEL_SHARE[segment])
    plan, term = pick(rng, PLAN_SHARE[segment]), pick(rng, TERM_SHARE[segment])
    struggled = rng.random(count) < np.where(created >= 0, STRUGGLES, STRUGGLED_AND_STAYED)
    seats = np.exp(rng.normal(np.log(SEATS_MEDIAN)[segment], SEATS_SPREAD[segment]))
    risk = CARD_RISK * CARD_RISK_SEGMENT[segment] * CARD_RISK_COUNTRY[country] / CARD_RISK_SHAPE
    lean = LEAN_SEGMENT[segment] + LEAN_PLAN[plan] + LEAN_CHANNEL[channel] + LEAN_COUNTRY[country]
    return People(
        customer=np.arange(count),
        life=np.zeros(count, np.int64),
        created=created,
        segment=np.array(SEGMENTS)[segment],
        plan=np.array(PLANS)[plan],
        country=np.array(COUNTRIES)[country],
        channel=np.array(CHANNELS)[channel],
        touch=np.where(rng.random(count) < HIGH_TOUCH[segment], "high", "tech"),
        owner=np.array(OWNERS)[rng.integers(0, len(OWNERS), count)],
        term=np.array(TERMS)[term],
        seats=np.clip(np.round(seats), 1, SEATS_CAP),
        seat_price=np.round(SEAT_PRICE[plan] * rng.uniform(0.75, 1.1, count), 2),
        auto_renew=rng.random(count) < np.where(term == 0, 1.0, 0.85),
        card=rng.random(count) < CARD_SHARE[term],
        card_risk=np.minimum(rng.gamma(CARD_RISK_SHAPE, risk), 0.4),
        lean=lean,
        fit=_fit(rng, created, struggled),
        struggled=struggled,
        adoption=rng.beta(12, 6, count),
        vigour=np.exp(rng.normal(0, 0.22, count)),
        voice=rng.gamma(0.8, 1 / 0.8, count),
        price_care=rng.gamma(1.0, 1.0, count),
        wind_down=np.exp(rng.normal(np.log(0.65), 1.0, count)),
    )


def _created(rng: np.random.Generator, calendar: Calendar, count: int) -> Ints:
    """Sign-up days, in order; new customers come a little faster every month."""
    here = int(count * HERE_AT_START)
    old = -1 - rng.exponential(MEAN_AGE_DAYS, here).clip(0, OLDEST_DAYS)
    new = rng.random(count - here) ** 0.9 * (calendar.days - 1)
    return np.sort(calendar.early(np.floor(np.concatenate([old, new])).astype(np.int64)))


def _fit(rng: np.random.Generator, created: Ints, struggled: Flags) -> Floats:
    """How well the product suits them: who has stayed for years is suited better."""
    years = np.maximum(-created, 0) / 365
    return rng.normal(0, FIT_SPREAD, len(created)) + 0.22 * np.log1p(years) - 0.35 * struggled
