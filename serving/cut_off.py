"""The cut-off simulator: what calling the highest-scored customers would have brought."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a call costs and brings: CLV of who stays, what an accepted offer and a contact cost.

    `accept` is the share of those about to leave who accept and stay. Amounts in one currency.
    """

    clv: float
    incentive: float
    contact: float
    accept: float


@dataclass(frozen=True)
class Simulated:
    """One cut-off on the test customers, as a month of so many customers."""

    calls: int
    caught: float
    false_alarms: float
    leaving: float
    profit: float

    @property
    def share_caught(self) -> float:
        """Of those who left, how many were called."""
        return self.caught / self.leaving if self.leaving else 0.0

    @property
    def precision(self) -> float:
        """Of those called, how many left."""
        return self.caught / self.calls if self.calls else 0.0


def simulated(
    cut_offs: Mapping[str, Sequence[float]], customers: int, calls: int, terms: Terms
) -> Simulated:
    """So many calls among so many customers, at the rates that the test customers showed.

    Between two measured cut-offs it is a straight line. Profit is accept x (CLV - incentive) -
    contact for each caught, and -(incentive + contact) for each false alarm (Verbraken, Verbeke and
    Baesens 2013).
    """
    contacted, caught = cut_offs["contacted"], cut_offs["caught"]
    scale = customers / contacted[-1] if contacted[-1] else 0.0
    calls = max(0, min(calls, customers))
    found = _between(contacted, caught, calls / scale if scale else 0.0) * scale
    alarms = calls - found
    gain = terms.accept * (terms.clv - terms.incentive) - terms.contact
    profit = found * gain - alarms * (terms.incentive + terms.contact)
    return Simulated(calls, found, alarms, caught[-1] * scale, profit)


def best_calls(cut_offs: Mapping[str, Sequence[float]], customers: int, terms: Terms) -> int:
    """How many calls bring the most, of the measured cut-offs."""
    whole = cut_offs["contacted"][-1] or 1.0
    tried = sorted({round(one / whole * customers) for one in cut_offs["contacted"]})
    return max(tried, key=lambda calls: simulated(cut_offs, customers, calls, terms).profit)


def terms_of(offer: Mapping[str, Any], asked: Mapping[str, str]) -> Terms:
    """The terms that a form asks for; what it does not say, or cannot be, is the model's own."""
    clv = offer["clv"]
    mean = sum(clv) / len(clv) if isinstance(clv, list) else float(clv)
    own = {"clv": mean, "incentive": offer["incentive"], "contact": offer["contact"]}
    amounts = {name: _number(asked.get(name), float(value), 1e9) for name, value in own.items()}
    return Terms(**amounts, accept=_number(asked.get("accept"), 100 * offer["accept"], 100) / 100)


def _number(given: str | None, otherwise: float, most: float) -> float:
    try:
        value = float((given or "").replace(",", "."))
    except ValueError:
        return otherwise
    return value if 0 <= value <= most else otherwise


def _between(at: Sequence[float], values: Sequence[float], x: float) -> float:
    right = min(bisect_left(at, x), len(at) - 1)
    if right == 0 or at[right] == at[right - 1]:
        return values[right]
    share = (x - at[right - 1]) / (at[right] - at[right - 1])
    return values[right - 1] + share * (values[right] - values[right - 1])
