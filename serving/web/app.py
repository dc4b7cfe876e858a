"""The pages as one Starlette application: what each address shows."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from features.catalogue import CHURN
from features.history import History
from features.languages import marked as _
from features.words import label
from serving.board import Board, Scored
from serving.live import Live
from serving.lookup import RowsOf, customer_rows
from serving.retold import Words
from serving.scorer import Scorer
from serving.treatments import Ledger
from serving.web.asked import asked
from serving.web.customer import customer, recorded
from serving.web.export import pieces
from serving.web.guarded import Guarded
from serving.web.in_language import kept, language_asked, said_of
from serving.web.model import judgement
from serving.web.monitor import watched
from serving.web.portfolio import choices, portfolio, views
from serving.web.record import record
from serving.web.recording import (
    Disagreement,
    as_csv,
    as_json,
    disagreement,
    record_treatment,
)
from serving.web.silent import is_marked, mark_silent
from serving.web.templating import STATIC, templates
from serving.what_if import WhatIf, what_if

USUAL = Words(CHURN)
NOBODY = _("No customer “{customer}” was scored in the newest run.")


class Remembers(Protocol):
    """What the pages need of the Scorer: the history, and the lock to hold while reading it."""

    @property
    def history(self) -> History:
        """The history of every customer."""

    @property
    def reading(self) -> AbstractContextManager[Any]:
        """One thread at a time."""


def pages(
    board: Board,
    scorer: Remembers | None = None,
    currency: str = "USD",
    ledger: Ledger | None = None,
    bundle: Path | None = None,
    words: Words = USUAL,
    findings: Path | None = None,
) -> Starlette:
    """The pages over one data set of scores; the scorer may be put into `state` later.

    Without a scorer the pages show the scores, but no customer's history; without a ledger nothing
    can be recorded. `words` are the features that reasons are about, and the language where an
    address asks for none.
    """
    app = Starlette(
        routes=[
            Route("/", show_portfolio),
            Route("/customers.csv", download),
            Route("/treatments", record_treatment, methods=["POST"]),
            Route("/model", show_model),
            Route("/monitor", show_monitor),
            Route("/disagreement", show_disagreement),
            Route("/disagreement.csv", download_disagreement),
            Route("/disagreement.json", list_disagreement),
            Route("/customers/{customer_id:path}", show_customer),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(Guarded)],
        exception_handlers={HTTPException: show_missing},
    )
    app.state.board, app.state.scorer, app.state.currency = board, scorer, currency
    app.state.ledger, app.state.to_customer, app.state.bundle = ledger, to_customer, bundle
    app.state.live, app.state.words, app.state.findings = None, words, findings
    return app


def show_portfolio(request: Request) -> Response:
    """Everybody, ranked by revenue at risk, or who is asked for."""
    scored = _scored(request)
    if scored is None:
        return _page(request, "empty.html", {})
    wanted = asked(request.query_params)
    said = {"scored": scored, "asked": wanted, "found": portfolio(scored, wanted)}
    offered = {"choices": choices(scored), "views": views(scored)}
    return _page(request, "portfolio.html", said | offered)


def show_customer(request: Request) -> Response:
    """One customer: the score, its reasons, what changed and the record of a year."""
    customer_id, scored = request.path_params["customer_id"], _scored(request)
    state = request.app.state
    words = _words(request)
    found = customer(scored, customer_id, words) if scored else None
    if scored is None or found is None:
        raise HTTPException(404, words.language.say(NOBODY, customer=customer_id))
    done = state.ledger.records().of(customer_id) if state.ledger else None
    rows = _rows(request, customer_id)
    kept = record(rows, scored.latest.as_of) if rows else None
    drawn = recorded(scored, kept, customer_id, state.currency, words.language)
    drawn = {**drawn, "what_if": _what_if(request, rows, found["told"])}
    said = {"scored": scored, "done": done, "thanks": "recorded" in request.query_params}
    today = {"today": state.ledger.today if state.ledger else None}
    return _page(request, "customer.html", {**said, **found, **drawn, **today})


def download(request: Request) -> Response:
    """Everybody who is asked for, as a file for a spreadsheet."""
    scored = _scored(request)
    if scored is None:
        raise HTTPException(404, _words(request).language.say("Nobody has been scored yet"))
    file = f"customers-{scored.latest.as_of}.csv"
    return StreamingResponse(
        pieces(scored, asked(request.query_params), _words(request)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )


def show_model(request: Request) -> Response:
    """How good the model is, how many to call, how scores move and what it looks at."""
    scored, bundle = _scored(request), request.app.state.bundle
    model = getattr(_scorer(request), "model", None)
    language = _words(request).language
    features = [(one, label(one, language)) for one in model.features] if model else []
    said = judgement(bundle, scored, request.query_params, language)
    return _page(request, "model.html", {"scored": scored, "features": features, **said})


def show_monitor(request: Request) -> Response:
    """What the monitor found, since when, and what it measured."""
    said = watched(request.app.state.findings, datetime.now(UTC))
    return _page(request, "monitor.html", said)


def show_disagreement(request: Request) -> Response:
    """Where those who know the customers do not agree with the model."""
    owner = request.query_params.get("owner", "")
    return _page(request, "disagreement.html", {"found": _disagreement(request), "owner": owner})


def download_disagreement(request: Request) -> Response:
    """The same as a file for a spreadsheet."""
    headers = {"Content-Disposition": 'attachment; filename="disagreement.csv"'}
    rows = as_csv(_disagreement(request).disagreed)
    return Response(rows, media_type="text/csv; charset=utf-8", headers=headers)


def list_disagreement(request: Request) -> Response:
    """The same as JSON."""
    return JSONResponse(as_json(_disagreement(request).disagreed))


def to_customer(request: Request, customer_id: str) -> str:
    """The address of a customer's page."""
    root: str = request.scope.get("root_path", "")
    return f"{root}/customers/{quote(customer_id, safe='')}{kept(request)}"


def _disagreement(request: Request) -> Disagreement:
    ledger: Ledger | None = request.app.state.ledger
    verdicts = ledger.records().verdicts if ledger else ()
    return disagreement(verdicts, request.query_params.get("owner", ""))


def show_missing(request: Request, missing: Exception) -> Response:
    """What is not there, in the same design."""
    status = missing.status_code if isinstance(missing, HTTPException) else 500
    detail = missing.detail if isinstance(missing, HTTPException) else ""
    if detail == HTTPStatus.NOT_FOUND.phrase:  # the router's, not ours
        detail = _words(request).language.say("There is no page at this address.")
    return _page(request, "missing.html", {"detail": detail}, status)


def _scored(request: Request) -> Scored | None:
    scored: Scored | None = request.app.state.board.scored()
    scorer = _scorer(request)
    if scored is not None and not is_marked(scored):
        with scorer.reading if scorer else nullcontext():
            mark_silent(scored, scorer.history if scorer else History({}))
    return scored


def _rows(request: Request, customer_id: str) -> RowsOf:
    """The customer's rows of every table; none at all where there is no history to read."""
    if (scorer := _scorer(request)) is None:
        return {}
    with scorer.reading:
        return customer_rows(scorer.history, customer_id)


def _words(request: Request) -> Words:
    """The words in the language that the address asks for."""
    usual: Words = request.app.state.words
    return replace(usual, language=language_asked(request, usual.language))


def _what_if(request: Request, rows: RowsOf, told: Mapping[str, Any]) -> WhatIf | None:
    """A reading by the model that made the score; none where another one answers by now."""
    scorer = _scorer(request)
    if not isinstance(scorer, Scorer) or told["probability"] is None:
        return None
    if scorer.model.version != told["model_version"]:
        return None
    return what_if(scorer, rows, told["as_of"], _words(request).language)


def _scorer(request: Request) -> Remembers | None:
    """The scorer that answers now."""
    live: Live | None = request.app.state.live
    scorer: Remembers | None = live.scorer if live else request.app.state.scorer
    return scorer


def _page(request: Request, name: str, said: dict[str, Any], status: int = 200) -> HTMLResponse:
    root = request.scope.get("root_path", "")
    words = _words(request)
    template = templates(request.app.state.currency, words.language).get_template(name)
    said |= {
        "root": root,
        **said_of(request),
        "words": words,
        "status": status,
        "to_customer": lambda id_: to_customer(request, id_),
    }
    return HTMLResponse(template.render(said), status)
