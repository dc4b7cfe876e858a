"""The model card: what a model is for, what it knows, how good it is, and what it must not be for.

Written from the declarations of features, the label and the scorecard, so that it says what is so.
Sections after Mitchell et al. (2019), "Model Cards for Model Reporting".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from features.feature import Declaration, Risk
from features.featureset import FeatureSet
from features.tables import TABLES
from training.attributes import PROXIES, by_theme, columns_read, of_the_customer, protected
from training.guarded import Guarded
from training.labels import InactivityLabel, Label
from training.model import ChurnModel
from training.page import words

Card = Mapping[str, Any]
NOT_FOR = (
    "to set a price, refuse a service or judge a person: it speaks of paying customers as wholes",
    "to say whom a call or a discount will keep: a score is a risk, not who can be saved",
    "for customers that have given notice or are at the end of dunning: it never saw any",
    "for another product, market or history than the one it was trained on",
)


@dataclass(frozen=True)
class Section:
    """A part of the card: sentences, and a table where there is one."""

    title: str
    lines: tuple[str, ...]
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def model_card(
    model: ChurnModel, label: Label, card: Card, guards: Sequence[Guarded] = (), decision: str = ""
) -> list[dict[str, Any]]:
    """The sections of a model's card, as JSON; `card` is its scorecard as JSON."""
    sections = (
        Section("The model", _model(model, label)),
        Section("What it is for", _uses(card, label)),
        Section("What it must not be used for", tuple(f"Not {each}." for each in NOT_FOR)),
        _data(model, card),
        _features(model.features),
        Section("How good it is", _quality(card)),
        Section("Where it is weak", _limits(card)),
        _ethics(model),
        Section("Who watches it", _watched(guards, decision)),
    )
    return [asdict(each) for each in sections]


def _model(model: ChurnModel, label: Label) -> tuple[str, ...]:
    about = model.about
    if model.insufficient:
        return (
            f"Version {model.version} tells nobody apart: it says the churn rate of all customers.",
            model.insufficient,
            meant(label),
        )
    causes = ", ".join(model.causes)
    return (
        f"Version {model.version}: {len(model.boosters)} boosters of decision trees (LightGBM), "
        f"averaged over the seeds {', '.join(map(str, about['seeds']))}, for the months that end "
        f"on day {', '.join(map(str, model.days))} and the causes {causes}; calibrated by Platt's "
        "line.",
        meant(label),
        f"Trained as of {about['trained_now']} on {len(about.get('trained_on', ()))} as-of dates. "
        f"Fingerprint of its data: {about.get('data_digest', 'not kept')}.",
    )


def meant(label: Label) -> str:
    """What the label counts as churn, in a sentence."""
    when = f"from {label.lead_days} to {label.lead_days + label.horizon_days} days after the date"
    if isinstance(label, InactivityLabel):
        return f"Churn means: the customer, active before, uses nothing at all {when}."
    gap = getattr(label, "gap_days", 0)
    return (
        f"Churn means: {when} the last subscription ends, and none starts for more than {gap} days."
    )


def _uses(card: Card, label: Label) -> tuple[str, ...]:
    lead = f", {label.lead_days} days of notice left out" if label.lead_days else ""
    return (
        f"To rank active customers by the probability that they leave within {label.horizon_days} "
        f"days{lead}, so that a team that can call {card['ranking']['capacity']:,} at a date calls "
        "the right ones first, and knows why.",
        "For customer success managers, who see score and reasons, and for the jobs that hand both "
        "to a CRM. A person decides what is done.",
    )


def _data(model: ChurnModel, card: Card) -> Section:
    data, dates = card["data"], model.about.get("trained_on", ())
    trained = f", from {dates[0]} to {dates[-1]}" if dates else ""
    left_out = "; ".join(f"{k.replace('_', ' ')}: {n:,}" for k, n in data["exclusions"].items())
    lines = (
        f"Learnt from {len(dates)} as-of dates{trained}; "
        f"{words.number(data['trained_on']['value']['point'])} of its customers churned.",
        f"Judged on {data['customers']:,} customers on {', '.join(data['as_of'])}, of whom "
        f"{words.number(data['churned']['value']['point'])} churned ({data['base_rate']:.1%} of "
        f"the rows); {data['embargo_days']} days lie between, so that no label reaches over.",
        f"Left out, by customer and date: {left_out or 'nobody'}.",
        "Every value is as it was known on its as-of date. Treatments are never a feature.",
    )
    rows = tuple(
        (name, _plain(TABLES[name].meaning.split(". ")[0]), ", ".join(c.name for c in read))
        for name, read in columns_read(model.features).items()
    )
    return Section("What it was made from", lines, ("table", "what it holds", "columns read"), rows)


def _plain(meaning: str) -> str:
    """What a table or column holds, for a page rather than for the docs."""
    return meaning.rstrip(".").replace("`", "")


def _features(features: FeatureSet) -> Section:
    rows = tuple(
        (theme, str(len(made)), str(_directed(made)), made[0].name)
        for theme, made in by_theme(features).items()
    )
    lines = (
        f"{len(features.names)} features in {len(rows)} themes; {_directed(features)} of them may "
        "move the score in one direction only, which the model cannot unlearn.",
    )
    return Section(
        "What it looks at", lines, ("theme", "features", "in one direction only", "such as"), rows
    )


def _directed(features: Iterable[Declaration]) -> int:
    return sum(each.risk is not Risk.EITHER for each in features)


def _quality(card: Card) -> tuple[str, ...]:
    grade = card["grade"]
    if grade["letter"] == "insufficient data":
        return (words.answer(card), grade["rule"])
    return (
        f"{words.answer(card)} Grade {grade['letter']}: {grade['rule']}",
        words.ranked(card),
        words.true(card),
        words.beaten(card),
        "Intervals are 90 %, from resamples of customers. It learnt from nothing it is judged on.",
    )


def _limits(card: Card) -> tuple[str, ...]:
    """What the scorecard shows to be weak or unknown."""
    found = [f"Breaks a rule: {line}" for line in words.broken(card)]
    few = [f"{s['column']} {s['value']}" for s in card["slices"] if s["verdict"] == "too few"]
    found += [f"Too few churned to judge it for: {', '.join(few)}."] if few else []
    return (*found, words.held_out(card), *_always(card))


def _always(card: Card) -> tuple[str, ...]:
    whole = [part for name, part in card.items() if name not in ("slices", "interventions")]
    unknown = sorted({m["name"] for m in words.measures(whole) if m["value"]["point"] is None})
    said = [f"Not measured: {', '.join(unknown)}."] if unknown else []
    last = card["data"]["as_of"][-1]
    said.append(
        f"Nothing later than {last} has judged it; when customers or the product change, drift and "
        "the months that have matured show it, not this card."
    )
    return tuple(said)


def _ethics(model: ChurnModel) -> Section:
    """Which attributes are used, and whether any is protected."""
    named = (*model.about.get("key_events", ()), *model.about.get("milestones", ()))
    found = protected(model.features, named)
    rows = tuple(
        (each.name, _plain(each.meaning), PROXIES.get(each.name, "is how the business works"))
        for each in of_the_customer(model.features)
    )
    lines = (
        _judged(found),
        "The other features count what the customer agreed, used, asked, paid and said to us. "
        "People inside a customer are counted, never described.",
        f"Events and milestones that the business names: {', '.join(named) or 'none'}.",
        "Of the customer itself it reads:" if rows else "Of the customer itself it reads nothing.",
    )
    return Section("Whom it could wrong", lines, ("attribute", "what it is", "care"), rows)


def _judged(found: Mapping[str, str]) -> str:
    if not found:
        return (
            "No protected attribute is read: no column, feature, event or milestone is named after "
            "a ground of article 21 of the EU Charter or of article 9 of the GDPR, and the data "
            "contract has no column for one."
        )
    said = "; ".join(f"{name} ({ground})" for name, ground in found.items())
    return f"LOOK AT THIS: it reads what is named after a protected ground: {said}."


def _watched(guards: Sequence[Guarded], decision: str) -> tuple[str, ...]:
    fired = [f"{each.name} ({each.subject or 'the whole'})" for each in guards if each.fired]
    asked = f"{len({each.name for each in guards})} guards against leaks and broken data were asked"
    return (
        f"{asked}; fired: {', '.join(fired) or 'none'}." if guards else "No guards were asked.",
        f"The gate's decision: {decision or 'none'}. A person who overrides it leaves a name and a "
        "reason, which stay with the model.",
        "Customers held out at random show what comes when nobody acts.",
    )


def written(sections: Sequence[Mapping[str, Any]], version: str) -> str:
    """The card as Markdown."""
    return "\n\n".join([f"# Model card of {version}", *map(_section, sections)]) + "\n"


def _section(section: Mapping[str, Any]) -> str:
    lines = [f"## {section['title']}", *(f"- {line}" for line in section["lines"])]
    if section["rows"]:
        rows = [section["head"], ["---"] * len(section["head"]), *section["rows"]]
        lines += ["", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)
