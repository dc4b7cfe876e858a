"""From a scorecard's JSON to one page that fetches nothing and can be read without scripts."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from training.page import words
from training.page.charts import Card, pictures, share
from training.page.svg import alone

TEMPLATES = Path(__file__).parent / "templates"
SHEETS = ("page.css", "charts.css")


def scorecard_page(card: Card, about: Mapping[str, Any], others: Sequence[Card] = ()) -> str:
    """The page of one scorecard; `others` are those of further horizons and causes.

    `about` holds "version", "decision", "reasons" and "currency".
    """
    return rendered("scorecard.html", told=told(card, about, others))


def scorecard_files(
    card: Card, about: Mapping[str, Any], others: Sequence[Card] = ()
) -> dict[str, str]:
    """By name: the page, and its pictures as files of their own."""
    drawn = {f"plots/{name}.svg": alone(picture) for name, picture in pictures(card).items()}
    return {"scorecard.html": scorecard_page(card, about, others), **drawn}


def told(card: Card, about: Mapping[str, Any], others: Sequence[Card] = ()) -> dict[str, Any]:
    """All that the scorecard's part of a page shows."""
    return {
        "card": card,
        "about": about,
        "others": others,
        "pictures": pictures(card),
        "answer": words.answer(card),
        "lines": [words.ranked(card), words.true(card), words.beaten(card)],
        "worth": words.worth(card, about["currency"]),
        "broken": words.broken(card),
        "own": words.own_cut(card),
        "cuts": words.simulated(card),
        "simulator": Markup(json.dumps(_every_cut(card))),  # noqa: S704 (numbers only)
        "rules": words.RULES,
    }


def rendered(template: str, **given: Any) -> str:
    """A page from its template, with its style in it."""
    style = "\n".join((TEMPLATES / name).read_text() for name in SHEETS)
    return environment().get_template(template).render(style=Markup(style), **given)  # noqa: S704


@cache
def environment() -> Environment:
    """The templates; whatever is put into them is escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": words.number, "between": words.between, "share": share}
    return made


def _every_cut(card: Card) -> list[list[float]]:
    """Contacted, caught, false alarms and profit of every cut-off, for the slider."""
    curve = card["money"]["cut_offs"]
    columns = (curve[key] for key in ("contacted", "caught", "false_alarms", "profit"))
    return [[round(value, 1) for value in row] for row in zip(*columns, strict=True)]
