"""The pages as one Starlette application: what each address shows."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from features.history import History
from serving.board import Board, Scored
from serving.web.asked import asked
from serving.web.customer import customer, recorded
from serving.web.export import pieces
from serving.web.guarded import Guarded
from serving.web.portfolio import choices, portfolio, views
from serving.web.record import Record, record
from serving.web.silent import is_marked, mark_silent
from serving.web.templating import STATIC, templates


class Remembers(Protocol):
    """What the pages need of the Scorer: the history, and the lock to hold while reading it."""

    @property
    def history(self) -> History:
        """The history of every customer."""

    @property
    def reading(self) -> AbstractContextManager[Any]:
        """One thread at a time."""


def pages(board: Board, scorer: Remembers | None = None, currency: str = "USD") -> Starlette:
    """The pages over one data set of scores; the scorer may be put into `state` later.

    Without a scorer the pages show the scores, but no customer's history.
    """
    app = Starlette(
        routes=[
            Route("/", show_portfolio),
            Route("/customers.csv", download),
            Route("/customers/{customer_id:path}", show_customer),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(Guarded)],
        exception_handlers={HTTPException: show_missing},
    )
    app.state.board, app.state.scorer, app.state.currency = board, scorer, currency
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
    found = customer(scored, customer_id) if scored else None
    if scored is None or found is None:
        raise HTTPException(404, f"No customer “{customer_id}” was scored in the newest run.")
    drawn = recorded(scored, _record(request, scored, customer_id), customer_id, state.currency)
    return _page(request, "customer.html", {"scored": scored, **found, **drawn})


def download(request: Request) -> Response:
    """Everybody who is asked for, as a file for a spreadsheet."""
    scored = _scored(request)
    if scored is None:
        raise HTTPException(404, "Nobody has been scored yet.")
    file = f"customers-{scored.latest.as_of}.csv"
    return StreamingResponse(
        pieces(scored, asked(request.query_params)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )


def show_missing(request: Request, missing: Exception) -> Response:
    """What is not there, in the same design."""
    status = missing.status_code if isinstance(missing, HTTPException) else 500
    detail = missing.detail if isinstance(missing, HTTPException) else ""
    return _page(request, "missing.html", {"detail": detail}, status)


def _scored(request: Request) -> Scored | None:
    scored: Scored | None = request.app.state.board.scored()
    scorer: Remembers | None = request.app.state.scorer
    if scored is not None and not is_marked(scored):
        with scorer.reading if scorer else nullcontext():
            mark_silent(scored, scorer.history if scorer else History({}))
    return scored


def _record(request: Request, scored: Scored, customer_id: str) -> Record | None:
    scorer: Remembers | None = request.app.state.scorer
    if scorer is None or not scorer.history.tables:
        return None
    with scorer.reading:
        return record(scorer.history, customer_id, scored.latest.as_of)


def _page(request: Request, name: str, said: dict[str, Any], status: int = 200) -> HTMLResponse:
    root = request.scope.get("root_path", "")
    template = templates(request.app.state.currency).get_template(name)
    said |= {
        "root": root,
        "status": status,
        "to_customer": lambda id_: f"{root}/customers/{quote(id_, safe='')}",
    }
    return HTMLResponse(template.render(said), status)
