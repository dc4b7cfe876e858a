"""What can be read with GET, in a browser or by a probe; and the one thing that an admin may do."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from serving.about import card_of, catalogue_of, health_of
from serving.metrics import TYPE, exposed, reaching
from serving.monitor.counted import count_findings
from serving.schemas import Problem


def reads(describe: Callable[[], Mapping[str, Any]]) -> Starlette:
    """The addresses as an application; put `live` into its `state` before it is asked.

    `describe` gives the API's description when it is asked for.
    """
    app = Starlette(
        routes=[
            Route("/docs.json", show_description),
            Route("/features", show_features),
            Route("/model_card", show_card),
            Route("/health", show_health),
            Route("/metrics", show_metrics),
            Route("/reload", reload, methods=["POST"]),
        ]
    )
    app.state.describe = describe
    return app


def show_description(request: Request) -> JSONResponse:
    """The API as OpenAPI."""
    return JSONResponse(request.app.state.describe())


def show_features(request: Request) -> JSONResponse:
    """Every feature that the model looks at."""
    told = catalogue_of(request.app.state.live.scorer.model)
    return JSONResponse([feature.model_dump(mode="json") for feature in told])


def show_card(request: Request) -> JSONResponse:
    """What the model is."""
    scorer = request.app.state.live.scorer
    return JSONResponse(card_of(scorer.model, scorer.limits).model_dump(mode="json"))


def show_health(request: Request) -> JSONResponse:
    """Whether the service can answer."""
    return JSONResponse(health_of(request.app.state.live.scorer).model_dump(mode="json"))


def show_metrics(request: Request) -> Response:
    """What Prometheus reads."""
    scorer = request.app.state.live.scorer
    if scorer.history.tables:
        reaching(scorer.last_days(scorer.next_as_of()))
    if folder := getattr(request.app.state, "findings", None):
        count_findings(folder)
    return Response(exposed(), media_type=TYPE)


def reload(request: Request) -> JSONResponse:
    """Looks for another model at once, also for one that was refused: 409 if it is refused again.

    The other workers find it when they look next.
    """
    live = request.app.state.live
    if live.look(again=True):
        return JSONResponse({"model_version": live.scorer.model.version})
    said = Problem(
        error="ModelRefused",
        detail=f"The published model is refused; {live.scorer.model.version} goes on.",
        do="See the service's log, and publish the model again with `churn follow --once`.",
    )
    return JSONResponse(said.model_dump(), 409)
