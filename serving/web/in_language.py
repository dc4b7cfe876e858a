"""The language of a request: the one its address asks for, else the one of the settings."""

from collections.abc import Iterator
from typing import Any

from starlette.requests import Request

from features.languages import LANGUAGES, Language, asked_language, offered, tag_of

PARAMETER = "lang"


def language_asked(request: Request, usual: Language) -> Language:
    """The language of an answer."""
    return asked_language(request.query_params.get(PARAMETER, ""), otherwise=usual.code)


def kept(request: Request) -> str:
    """The query that keeps the language that an address asks for; empty where it asks for none."""
    named = request.query_params.get(PARAMETER, "")
    return f"?{PARAMETER}={named}" if named in LANGUAGES else ""


def said_of(request: Request) -> dict[str, Any]:
    """What every template needs to know of languages."""
    return {"kept": kept(request), "languages": list(_everyone(request))}


def _everyone(request: Request) -> Iterator[dict[str, str]]:
    """Every language with the address of this page in it."""
    for code in offered():
        address = request.url.include_query_params(**{PARAMETER: code})
        here = f"{address.path}?{address.query}"
        yield {"code": code, "tag": tag_of(code), "name": LANGUAGES[code][0], "address": here}
