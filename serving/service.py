"""The churn service: it takes requests and answers them. Nothing is decided here."""

import gc
import logging
import os
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, TypeVar, cast

# BentoML reads this when it is imported; only the word True counts.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

import bentoml
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.server.http import traffic
from opentelemetry import trace
from pydantic import AfterValidator, Field
from starlette.middleware.cors import CORSMiddleware

from features.languages import language_of
from features.settings import read_settings
from serving.about import card_of, catalogue_of, health_of, is_ready
from serving.access import Access, Rules
from serving.answers import FAULTS_LOGGED_BY, Problems, WithoutInputs, answered
from serving.board import Board
from serving.cases import Cases
from serving.ending import Ending
from serving.live import Watch, warm
from serving.logs import log_as_json
from serving.metrics import counted
from serving.openapi import described
from serving.opening import history_if_any, keys_of, live_of, words_of
from serving.predictionlog import PredictionLog
from serving.reads import reads
from serving.schemas import Explanation, FeatureSaid, Health, ModelCard, Prediction, TablesScored
from serving.scorer import Scorer
from serving.seen import Seen
from serving.sent import CustomerId, Ids, SentTables, Vectors
from serving.sessions import logins
from serving.spoken import Spoken, is_in_own_words, spoken
from serving.tokens import tokens_of
from serving.tracing import tracing_of
from serving.treatments import Ledger
from serving.web import pages

log_as_json()
logging.getLogger("churn").setLevel(logging.INFO)
logging.getLogger(FAULTS_LOGGED_BY).addFilter(WithoutInputs())
log = logging.getLogger(__name__)
settings = read_settings()
rules = Rules(
    keys_of(settings),
    settings.requests_a_minute,
    tokens_of(settings.oidc, lambda: datetime.now(UTC)),
)
ledger = Ledger(settings.recorded, lambda: datetime.now(UTC))
site = pages(
    Board(settings.scores),
    currency=settings.currency,
    ledger=ledger,
    bundle=settings.bundle,
    findings=settings.findings,
    words=words_of(settings),
)

# Ending has a timer of its own. That of BentoML 1.4 is not taken down by the answer: it keeps each
# request until the timeout, and the garbage collector goes through a million objects again.
traffic.TimeoutMiddleware = lambda app, timeout: app  # type: ignore[misc, assignment, return-value]

EARLIEST = date(1990, 1, 1)
LONGEST_SECONDS = 115  # of a request
THREADS = 4  # that look something up or work at the same time
AT_HAND = 20  # customers; to look up more would keep everybody else waiting
Method = TypeVar("Method", bound=Callable[..., Any])
on_startup: Callable[[Method], Method] = bentoml.on_startup
on_shutdown: Callable[[Method], Method] = bentoml.on_shutdown


def api(method: Method) -> Method:
    """A method that is an API, and whose named errors are answers."""
    made = bentoml.api(answered(method))
    made.input_spec.model_config["extra"] = "forbid"  # a misspelt field is an error, not ignored
    made.input_spec.model_rebuild(force=True)
    return cast("Method", made)


def _plausible(as_of: date) -> date:
    """No date before there were such businesses, and none of which nothing can be known yet."""
    latest = datetime.now(UTC).date() + timedelta(days=1)  # somewhere it is tomorrow already
    if not EARLIEST <= as_of <= latest:
        raise ValueError(f"should lie between {EARLIEST} and {latest}")
    return as_of


AsOf = Annotated[
    Annotated[date, AfterValidator(_plausible)] | None,
    Field(
        description="What was known before midnight UTC of this date; null: the day after the data "
        "ends, today at the latest.",
        examples=["2026-11-01"],
    ),
]


class Churn:
    """How likely customers are to leave within the horizon, and what raises or lowers that."""

    def __init__(self) -> None:
        self.traces = BentoMLContainer.tracer_provider.get()
        trace.set_tracer_provider(self.traces)  # BentoML keeps its own: our steps belong into it
        history = history_if_any(settings)
        self.kept = PredictionLog(settings.prediction_log) if settings.prediction_log else None
        self.live = live_of(settings, history, lambda: datetime.now(UTC), self.heard)
        warm(self.scorer)
        read.state.live = self.live
        site.state.live = self.live if history.tables else None
        if rules.tokens:
            rules.tokens.begin()
        if rules.are_open:
            log.warning("NO KEY IS CONFIGURED: only this machine is answered; `churn keys add`")
        self.watch = Watch(self.live, settings.watch_seconds)
        self.busy = CapacityLimiter(THREADS)
        # BentoML works out a method's signature anew for every request, unless it finds it here.
        vars(self).update({name: getattr(self, name) for name in ChurnService.apis})

    def heard(self, cases: Cases, predictions: Sequence[Prediction], source: str) -> None:
        """What was answered is counted, and kept where that is asked for."""
        counted(predictions)
        if self.kept:
            self.kept.heard(cases, predictions, source)

    @property
    def scorer(self) -> Scorer:
        """The one that answers now: read it once, and keep it until the answer is out."""
        return self.live.scorer

    @on_startup
    def settle(self) -> None:
        """What is there by now stays: the garbage collector need not look at it again."""
        self.watch.start()
        if self.kept:
            self.kept.start()
        gc.collect()
        gc.freeze()

    @on_shutdown
    def end(self) -> None:
        """Write down what waits to be, and leave nothing behind."""
        self.watch.end()
        if self.kept:
            self.kept.end()
        self.traces.shutdown()  # sends what waits: the process ends by a signal, not by atexit

    def __is_ready__(self) -> bool:
        """Whether a request can be answered: there is a model, and its history can be read."""
        return is_ready(self.scorer)

    @api
    async def score(self, customer_ids: Ids, as_of: AsOf = None) -> list[Prediction]:
        """Score customers from the history, in the order asked, ranked among themselves."""
        scorer = self.scorer
        few = len(customer_ids) <= AT_HAND and is_in_own_words(scorer)
        told = scorer.at_hand(customer_ids, as_of) if few else None
        if told is None:
            looking = partial(_looked_up, scorer, customer_ids, as_of)
            told = await run_sync(looking, limiter=self.busy)
        return told

    @api
    def score_tables(self, tables: SentTables, as_of: AsOf = None) -> TablesScored:  # type: ignore[valid-type]  # made of the declarations
        """Score every customer among rows of the canonical tables that are sent along."""
        scorer = self.scorer
        told = scorer.score_tables(tables, as_of, settings.usage_outside_subscription)
        return spoken(scorer, told)

    @api
    def score_vectors(self, vectors: Vectors, as_of: AsOf = None) -> list[Prediction]:
        """Score ready vectors: every feature by its name, null for what is not known."""
        scorer = self.scorer
        return spoken(scorer, scorer.score_vectors(vectors, as_of or scorer.next_as_of()))

    @api
    def explain(self, customer_id: CustomerId, as_of: AsOf = None) -> Explanation:
        """Score one customer and give every feature's part in it."""
        scorer = self.scorer
        return spoken(scorer, scorer.explain(customer_id, as_of or scorer.next_as_of()))

    @api
    def features(self) -> list[FeatureSaid]:
        """Every feature that the model looks at."""
        return catalogue_of(self.scorer.model)

    @api
    def model_card(self) -> ModelCard:
        """What the model is, what it was trained on and what it must not be used for."""
        scorer = self.scorer
        return card_of(scorer.model, scorer.limits)

    @api
    def health(self) -> Health:
        """Whether customers can be scored by id, and how far the history reaches."""
        return health_of(self.scorer)


def _looked_up(scorer: Scorer, customers: Sequence[str], as_of: date | None) -> list[Prediction]:
    """A score that has to be waited for: for the history, the model or another language."""
    return spoken(scorer, scorer.score(customers, as_of or scorer.next_as_of()))


def description() -> dict[str, Any]:
    """The API as OpenAPI."""
    return described(ChurnService.openapi_spec.asdict())


# BentoML's own /metrics would name every path that anybody ever asked for; ours does not.
ChurnService = bentoml.service(
    name="churn",
    workers=settings.workers,
    traffic={"timeout": LONGEST_SECONDS + 5},
    threads=THREADS,
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},  # nor would its log: see Seen
    tracing=tracing_of(settings.traces_to, settings.traced_share),
)(Churn)
read = reads(description)
read.state.findings = settings.findings
ChurnService.mount_asgi_app(read, name="reads")
ChurnService.mount_asgi_app(logins(rules.keys, language_of(settings.language)), name="logins")
ChurnService.mount_asgi_app(site, name="pages")
ChurnService.add_asgi_middleware(Spoken)
ChurnService.add_asgi_middleware(Seen)
ChurnService.add_asgi_middleware(Ending, longest=LONGEST_SECONDS, grace=settings.grace_seconds)
if settings.cors_origins:  # before the keys: a browser asks beforehand, and without a key
    ChurnService.add_asgi_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Accept-Language", "Authorization", "Content-Type"],
    )
ChurnService.add_asgi_middleware(Access, rules=rules)
ChurnService.add_asgi_middleware(Problems)
