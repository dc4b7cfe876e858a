"""Sessions: a key shown once on the login page, and a signed cookie from then on."""

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from features.languages import ENGLISH, Language
from serving.keys import Caller, Keys
from serving.web.guarded import HEADERS
from serving.web.in_language import language_asked, said_of
from serving.web.templating import templates

COOKIE = "churn_session"
HOURS = 12
LONGEST = 500  # of a key, in characters


def session_of(request: Request, keys: Keys) -> Caller | None:
    """Whose session a cookie is of; None if it is forged, too old, or its key was revoked."""
    try:
        id_ = _signer(keys).loads(request.cookies.get(COOKIE, ""), max_age=HOURS * 3600)
    except BadSignature:
        return None
    role = keys.role_of(str(id_))
    return Caller(str(id_), frozenset((role,))) if role else None


def logins(keys: Keys, language: Language = ENGLISH) -> Starlette:
    """The login page and what its form does."""
    app = Starlette(
        routes=[
            Route("/login", show_login, methods=["GET"]),
            Route("/login", log_in, methods=["POST"]),
            Route("/logout", log_out, methods=["POST"]),
        ]
    )
    app.state.keys, app.state.language = keys, language
    return app


def show_login(request: Request) -> Response:
    """The form that asks for a key."""
    return _form(request, wrong=False)


async def log_in(request: Request) -> Response:
    """A cookie for who shows a key of ours; the form again for anybody else."""
    keys: Keys = request.app.state.keys
    async with request.form(max_files=0, max_fields=5) as form:
        caller = keys.caller(str(form.get("key", ""))[:LONGEST].strip())
        target = _ours(str(form.get("next", "")))
    if caller is None:
        return _form(request, wrong=True)
    answer = RedirectResponse(target, 303, HEADERS)
    answer.set_cookie(
        COOKIE,
        _signer(keys).dumps(caller.id),
        max_age=HOURS * 3600,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


def log_out(request: Request) -> Response:
    """Forgets the session."""
    answer = RedirectResponse("/login", 303, HEADERS)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _form(request: Request, wrong: bool) -> Response:
    said = {"root": "", "wrong": wrong, "next": _ours(request.query_params.get("next", ""))}
    language = language_asked(request, request.app.state.language)
    template = templates("USD", language).get_template("login.html")
    page = template.render(said | said_of(request))
    return HTMLResponse(page, 401 if wrong else 200, HEADERS | {"Cache-Control": "no-store"})


def _ours(target: str) -> str:
    """An address here: what begins with two slashes would be another machine's."""
    plain = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if plain and target.isprintable() else "/"


def _signer(keys: Keys) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(keys.secret, salt=COOKIE)
