"""What the scorecard says to a manager: whether to act on the model, and why, in sentences."""

import math
from collections.abc import Mapping
from typing import Any

from training.bootstrap import figure
from training.page.charts import Card, share

ANSWERS = {
    "A": "Yes: good enough to act on.",
    "B": "Yes, with care: good enough to act on, but not for every kind of customer alike.",
    "C": "Not yet: it ranks better than simple rules, but breaks a rule for acting on it.",
    "D": "No: a simpler rule does as well.",
    "leak review": "Do not use it yet: it is too good to be true, so look for a leak first.",
    "insufficient data": "Nobody can say: too few customers churned to judge a model by.",
}
RULES = (
    ("A", "keeps every rule that could be measured"),
    ("B", "fails only for some kinds of customers, or calls others than the champion does"),
    ("C", "beats the baselines, but its probabilities, money, horizons or reasons break a rule"),
    ("D", "is not surely better than the base rate, the best single feature and a logistic model"),
    ("leak review", "is better than real churn data allow, as a whole or by one feature"),
    ("insufficient data", "has fewer than 100 churned customers to train on or 30 to test on"),
)
CUTS = (10, 15, 20, 25, 30, 40, 50, 70, 100)


def answer(card: Card) -> str:
    """Whether to act on the model."""
    return ANSWERS[card["grade"]["letter"]]


def found(value: float | None) -> float:
    """A number of the JSON, where null is unknown."""
    return math.nan if value is None else value


def number(value: float | None) -> str:
    """A number as in a sentence."""
    return figure(found(value))


def between(value: Mapping[str, Any]) -> str:
    """An interval in words, nothing where there is none."""
    return "" if value["low"] is None else f"{number(value['low'])} to {number(value['high'])}"


def ranked(card: Card) -> str:
    """What the team meets when it calls its capacity."""
    ranking, data = card["ranking"], card["data"]
    recall, size = found(ranking["recall_at_capacity"]["value"]["point"]), ranking["capacity"]
    if math.isnan(recall):
        return "Nobody churned among the customers it was judged on."
    dates = len(data["as_of"])
    caught, random = recall * data["churned_rows"] / dates, size * data["base_rate"]
    return (
        f"Of the {size:,} riskiest customers of a date, {caught:.0f} left within "
        f"{data['horizon_days']} days; of as many drawn at random it would be {random:.0f}. "
        f"That catches {share(recall)} of all who left."
    )


def true(card: Card) -> str:
    """Whether as many churned as foreseen."""
    rows = card["probability"]["months"]
    expected, observed = (sum(row[key] for row in rows) for key in ("expected", "observed"))
    ratio = card["probability"]["observed_expected"]["value"]
    return (
        f"It foresaw {expected:,.0f} churned rows and {observed:,} came: observed / expected "
        f"{number(ratio['point'])} ({between(ratio) or 'no interval'}; .8 to 1.25 will do)."
    )


def beaten(card: Card) -> str:
    """How it compares with the best of the simple rules."""
    rivals = [row for row in card["baselines"] if row["name"] != "champion"]
    best = max(rivals, key=lambda row: found(row["auc"]["point"]))
    kind = " model" if best["name"] == "logistic" else ""
    name = best["feature"] or f"the {best['name']}{kind}"
    gain = best["auc_gain"]
    return (
        f"Its AUC is {number(card['ranking']['auc']['value']['point'])}; that of the best simple "
        f"rule ({name}) is {number(best['auc']['point'])}, a gain of {number(gain['point'])} "
        f"({between(gain)})."
    )


def worth(card: Card, currency: str) -> str:
    """What acting on it brings, at the best cut-off, under the terms of the offer."""
    curve, offer = card["money"]["cut_offs"], card["money"]["offer"]
    best = max(range(len(curve["profit"])), key=curve["profit"].__getitem__)
    return (
        f"With an offer of {offer['incentive']:g} {currency} that {share(offer['accept'])} of "
        f"those about to leave accept, contact at {offer['contact']:g} and a customer worth "
        f"{offer['clv']:,.0f}, contacting {curve['contacted'][best]:,.0f} a date pays best: "
        f"{curve['profit'][best]:,.0f} {currency}."
    )


def held_out(card: Card) -> str:
    """What the customers held out at random say, or that there are none."""
    arms = {row["arm"]: row for row in card.get("interventions", ())}
    if not arms:
        return "The history records no treatments: whether acting on a score helps is not known."
    held = arms.get("held out at random")
    if held is None:
        return "Nobody was held out at random: what would come if nobody acted is not known."
    ratio = held["observed_expected"]["value"]
    if ratio["point"] is None:
        return f"Only {held['churned']} of those held out at random churned: too few to judge by."
    return (
        f"Where customers were held out at random, observed / expected is {number(ratio['point'])} "
        f"({between(ratio)}) and AUC {number(held['auc']['value']['point'])}; {held['treated']:,} "
        f"of {held['rows']:,} rows were treated all the same."
    )


def simulated(card: Card) -> list[dict[str, Any]]:
    """Cut-offs a team might choose, with its own capacity and the most profitable one."""
    curve = card["money"]["cut_offs"]
    own, last = own_cut(card), len(curve["contacted"]) - 1
    best = max(range(last + 1), key=curve["profit"].__getitem__)
    marks = {own: "near your capacity", best: "most profitable"}
    chosen = sorted({*(min(i, last) for i in CUTS), own, best})
    return [cut(curve, i) | {"mark": marks.get(i, "")} for i in chosen if curve["contacted"][i]]


def own_cut(card: Card) -> int:
    """The cut-off nearest to what the team can call."""
    contacted, size = card["money"]["cut_offs"]["contacted"], card["ranking"]["capacity"]
    return min(range(len(contacted)), key=lambda i: abs(contacted[i] - size))


def cut(curve: Mapping[str, Any], i: int) -> dict[str, Any]:
    """One cut-off: how many are contacted, caught, alarmed for nothing, and the profit."""
    contacted, caught = curve["contacted"][i], curve["caught"][i]
    return {
        "contacted": contacted,
        "of_all": contacted / curve["contacted"][-1],
        "lowest": curve["lowest"][i],
        "caught": caught,
        "recall": caught / (curve["caught"][-1] or 1),
        "false_alarms": curve["false_alarms"][i],
        "profit": curve["profit"][i],
    }


def broken(card: Card) -> list[str]:
    """Every rule that is broken, in a sentence."""
    return [each["sentence"] for each in measures(card) if each["passed"] is False]


def measures(part: Any) -> list[Mapping[str, Any]]:
    """Every measure inside a part of the JSON."""
    if isinstance(part, Mapping):
        own = [part] if "sentence" in part else []
        return own + [each for value in part.values() for each in measures(value)]
    if isinstance(part, list):
        return [each for value in part for each in measures(value)]
    return []
