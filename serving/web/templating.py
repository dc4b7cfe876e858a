"""Templates, with the words they use; everything put into them is escaped."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from features.feature import Theme
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
    words.share,
    words.points,
    words.risen,
    words.day,
    words.written_day,
    words.moment,
    words.days,
    words.customers,
    words.signed_points,
    play_title,
)
ORDER_WORDS = {
    "": "Revenue at risk",
    "probability": "Highest probability",
    "change": "Risen most",
    "-change": "Fallen most",
    "mrr": "Highest MRR",
    "renewal": "Next renewal",
    "name": "Name",
    "owner": "Owner",
}


@cache
def templates(currency: str) -> Environment:
    """The pages' templates, for amounts in one currency."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # of i18n
    environment.filters |= {word.__name__: word for word in FILTERS}
    environment.filters["money"] = lambda value: words.money(value, currency)
    environment.filters["short_money"] = lambda value: words.short_money(value, currency)
    environment.globals |= _globals()
    return environment


def _globals() -> dict[str, Any]:
    return {
        "BANDS": words.BANDS,
        "PLAYS": PLAYS,
        "still_here": words.still_here,
        "survival": survival,
        "ORDERS": ORDER_WORDS,
        "THEMES": [theme.value for theme in Theme],
        "VIEWS": VIEWS,
        "WINDOWS": WINDOWS,
        "renewal_date": renewal_date,
        "style_version": sha256((STATIC / "pages.css").read_bytes()).hexdigest()[:10],
    }
