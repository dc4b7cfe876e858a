"""Templates, with the words they use; everything put into them is escaped."""

from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from features.feature import Risk
from features.languages import Language
from features.languages import marked as _
from serving.curves import survival
from serving.plays.catalogue import PLAYS
from serving.web import words
from serving.web.asked import VIEWS, WINDOWS
from serving.web.export import renewal_date
from serving.web.plays import play_title

HERE = Path(__file__).parent
STATIC = HERE / "static"
FILTERS = (
    words.band,
    words.theme,
    words.share,
    words.points,
    words.day,
    words.written_day,
    words.moment,
    words.days,
    words.customers,
    words.signed_points,
    words.name,
    play_title,
)
ORDERS = {
    "": _("Revenue at risk"),
    "probability": _("Highest probability"),
    "change": _("Risen most"),
    "-change": _("Fallen most"),
    "mrr": _("Highest MRR"),
    "renewal": _("Next renewal"),
    "name": _("Name"),
    "owner": _("Owner"),
}
RISKS = {
    Risk.RISES: _("risk rises with it"),
    Risk.FALLS: _("risk falls with it"),
    Risk.EITHER: _("risk may rise or fall with it"),
}


@cache
def templates(currency: str, language: Language) -> Environment:
    """The pages' templates, in one language, for amounts in one currency."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {word.__name__: partial(word, language) for word in FILTERS}
    environment.filters |= {
        "money": lambda value: words.money(language, value, currency),
        "short_money": lambda value: words.short_money(language, value, currency),
        "risen": words.risen,
        "number": language.number,
        "fixed": language.fixed,
        "whole": lambda value: language.number(round(value)),
    }
    environment.globals |= _globals(language)
    return environment


def _globals(language: Language) -> dict[str, Any]:
    return {
        "_": partial(_said, language),
        "plural": partial(_plural, language),
        "language": language,
        "BANDS": words.BANDS,
        "PLAYS": PLAYS,
        "still_here": partial(words.still_here, language),
        "survival": survival,
        "ORDERS": ORDERS,
        "RISKS": RISKS,
        "VIEWS": VIEWS,
        "WINDOWS": WINDOWS,
        "renewal_date": renewal_date,
        "style_version": sha256((STATIC / "pages.css").read_bytes()).hexdigest()[:10],
    }


def _said(language: Language, message: str, /, **named: object) -> Markup:
    """A message, which may have tags, with what is put into it escaped."""
    return Markup(language.catalogue.gettext(message)).format(**named)  # noqa: S704  (our catalogue)


def _plural(language: Language, one: str, many: str, count: int, /, **named: object) -> Markup:
    said = language.catalogue.ngettext(one, many, count)
    return Markup(said).format(**{"number": language.number(count), **named})  # noqa: S704
