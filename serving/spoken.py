"""The language of the API's answers: ?lang, else Accept-Language, else the one of the settings."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from features.languages import LANGUAGES, asked_language
from serving.retold import Words
from serving.schemas import Explanation, Prediction, TablesScored
from serving.scorer import Scorer

Answer = TypeVar("Answer", list[Prediction], TablesScored, Explanation)
ASKED: ContextVar[tuple[str, str]] = ContextVar("asked_language", default=("", ""))
PARAMETERS: tuple[dict[str, Any], ...] = (
    {
        "name": "lang",
        "in": "query",
        "required": False,
        "description": "The language of reasons; goes before Accept-Language. Without either it is "
        "the one of the settings. Anything else is as if it were not said.",
        "schema": {"type": "string"},
        "examples": {
            code: {"summary": name, "value": code} for code, (name, _) in LANGUAGES.items()
        },
    },
    {
        "name": "Accept-Language",
        "in": "header",
        "required": False,
        "description": "As browsers send it (RFC 9110): the first that there is.",
        "schema": {"type": "string"},
        "example": "th, en;q=0.5",
    },
)


class Spoken:
    """ASGI middleware: notes which language a request asks for."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, its wish noted for whoever answers it."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        named = parse_qs(scope["query_string"].decode("latin-1")).get("lang", [""])[0]
        token = ASKED.set((named, Headers(scope=scope).get("accept-language", "")))
        try:
            await self.app(scope, receive, send)
        finally:
            ASKED.reset(token)


def is_in_own_words(scorer: Scorer) -> bool:
    """Whether the request asks for the language that the scorer answers in anyway."""
    return asked_language(*ASKED.get(), otherwise=scorer.language.code) is scorer.language


def spoken(scorer: Scorer, answer: Answer) -> Answer:
    """An answer with its words in the language of the request."""
    language = asked_language(*ASKED.get(), otherwise=scorer.language.code)
    if language is scorer.language:
        return answer
    return _told(answer, Words(scorer.model.features, language).prediction)


def _told(answer: Answer, told: Callable[[Prediction], Prediction]) -> Answer:
    if isinstance(answer, list):
        return [told(prediction) for prediction in answer]
    if isinstance(answer, TablesScored):
        return answer.model_copy(update={"predictions": tuple(map(told, answer.predictions))})
    return answer.model_copy(update={"prediction": told(answer.prediction)})
