"""The Scorer: what the service, the pages and the night's job all ask for scores."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from threading import RLock
from typing import Any, TypeAlias

from features.columns import columns
from features.errors import SourceError
from features.history import History
from features.languages import ENGLISH, Language
from features.nightly import kept_parts
from features.reference import Plan, planned
from features.usable import Outside
from serving.cases import GONE, Cases, everybody, few, many
from serving.confidence import Record
from serving.freshness import LastDays, latest, stale
from serving.plays.choosing import USUAL, Playbook
from serving.predictions import Asking, Teller
from serving.ranks import ranked
from serving.reasons import Explainer
from serving.schemas import Explanation, Prediction, TablesScored, Vector
from serving.sent import Sent, cases_of, customers_of, history_of
from serving.store import Store
from serving.tracing import span
from training.model import ChurnModel

FEW = 50  # customers; for more, one query per table costs less than reading their rows
DIGITS = 6  # of limits, in what scores are made from
Told: TypeAlias = tuple[Cases, list[Prediction]]
Heard: TypeAlias = Callable[[Cases, Sequence[Prediction], str], None]
HISTORY, TABLES, VECTORS = "history", "tables", "vectors"  # where a vector came from


@dataclass(frozen=True)
class Everyone:
    """All customers known on a date: those that get a row, and all who get no score, by reason."""

    known: int
    cases: Cases
    set_aside: Mapping[str, int]


@dataclass(frozen=True)
class Scorer:
    """A model beside the history it scores from.

    `limits` are the probabilities at which medium, high and critical begin. `use_days` is for
    businesses without contracts: who used the product in so many days is a customer. A history's
    connection serves one thread at a time: hold `reading` while asking `history` anything. `heard`
    is told of the predictions that are answered one by one, with their vectors and where these
    came from; it must not wait. `store` has the night's predictions; `record` is what came of
    those scored alike; `freshness_days` is by table the oldest that its newest row may be;
    `partials` is a folder where use is kept summed up by day.
    """

    model: ChurnModel
    history: History
    limits: tuple[float, ...]
    clock: Callable[[], datetime]
    use_days: int | None = None
    playbook: Playbook = USUAL
    language: Language = ENGLISH
    freshness_days: Mapping[str, int] = field(default_factory=dict)
    store: Store | None = None
    record: Record = ()
    partials: Path | None = None
    heard: Heard = field(default=lambda cases, told, source: None, repr=False, compare=False)
    source: str = HISTORY
    reading: RLock = field(default_factory=RLock, repr=False, compare=False)
    _days: LastDays = field(default_factory=LastDays, repr=False, compare=False)

    def beside(self, history: History) -> "Scorer":
        """The same model beside another history."""
        return replace(
            self,
            history=history,
            store=None,
            partials=None,
            reading=RLock(),
            _days=LastDays(),
            source=TABLES,
        )

    def in_place_of(self, other: "Scorer") -> "Scorer":
        """This model beside the other's history; for a while both may be asking it."""
        return replace(self, history=other.history, reading=other.reading, _days=other._days)

    def one(self, customer_id: str, as_of: date) -> Prediction:
        """One customer; raises UnknownCustomer if there was none of this id on the date."""
        [prediction] = self.score([customer_id], as_of)
        return prediction

    def score(self, customers: Sequence[str], as_of: date) -> list[Prediction]:
        """One prediction per customer, in the order asked, ranked among themselves.

        Raises:
            UnknownCustomer: Not all of them were customers on the date; it names those.
        """
        asked = list(dict.fromkeys(customers))
        with span("read kept", customers=len(asked)):
            kept = self._kept(asked, as_of)
        return self._told(customers, kept or self._made(asked, as_of))

    def at_hand(self, customers: Sequence[str], as_of: date | None) -> list[Prediction] | None:
        """What `score` answers, where that is kept and nothing need be waited for; else None."""
        knows = partial(self._days.know, self.clock())
        when = (as_of or self.next_as_of()) if knows(self.clock().date()) else None
        kept = self._kept(list(dict.fromkeys(customers)), when) if when and knows(when) else None
        return self._told(customers, kept) if kept else None

    def explain(self, customer_id: str, as_of: date) -> Explanation:
        """One customer with everything that the score is made of."""
        case = self.cases([customer_id], as_of)
        explained = self.teller.explanation(case, self.asking(as_of))
        self.heard(case, [explained.prediction], self.source)
        return explained

    def score_vectors(self, vectors: Sequence[Vector], as_of: date) -> list[Prediction]:
        """Predictions from ready vectors; nothing is looked up.

        Raises:
            ContractError: A vector lacks a feature, or holds one that the model does not know.
        """
        cases = cases_of(self.model.features, vectors)
        told = ranked(list(self.teller.predictions(cases, Asking(as_of, None, self.clock()))))
        self.heard(cases, told, VECTORS)
        return told

    def score_tables(
        self, tables: Sent, as_of: date | None = None, outside: Outside = "keep"
    ) -> TablesScored:
        """Every customer among the rows sent, by the same code as from the history.

        Without an as-of date it is the day after the rows sent end.
        """
        history, accounts = history_of(tables, self.clock(), outside)
        beside = self.beside(history)
        when = as_of or beside.next_as_of()
        told = beside.score(customers_of(history), when)
        aside = {name: dict(account.set_aside) for name, account in accounts.items()}
        return TablesScored(
            predictions=tuple(told), set_aside={name: why for name, why in aside.items() if why}
        )

    def everyone(self, as_of: date) -> Everyone:
        """Every customer known on the date. Who has left gets no row, but is counted."""
        self._require_history()
        with self.reading:
            known = self.history.known(as_of)
            people = everybody(known, as_of, self.use_days)
            told = tuple(person for person in people if person.status not in GONE)
            ids = [person.customer_id for person in told]
            parts = self.model.features.parts
            kept = kept_parts(self.partials, parts, self.history, as_of, ids)
            made = columns(self.model.features, self.history, as_of, ids, kept)
        aside = Counter(person.insufficient for person in people if person.insufficient)
        return Everyone(len(people), Cases(told, made), dict(aside))

    def cases(self, customers: Sequence[str], as_of: date) -> Cases:
        """Customers with their vectors; raises UnknownCustomer."""
        self._require_history()
        with span("read", customers=len(customers)), self.reading:
            if len(customers) <= FEW:
                return few(self.plan, self.history, customers, as_of, self.use_days)
            return many(self.model.features, self.history, customers, as_of, self.use_days)

    def predictions(self, cases: Cases, as_of: date) -> Iterator[Prediction]:
        """One prediction per case, without ranks, which are among all."""
        return self.teller.predictions(cases, self.asking(as_of))

    @property
    def terms(self) -> dict[str, Any]:
        """What predictions depend on beside the customers' vectors."""
        return {
            "model_version": self.model.version,
            "bands": [round(limit, DIGITS) for limit in self.limits],
            "holdout_share": self.playbook.holdout_share,
            "language": self.language.code,
        }

    def stale(self, as_of: date) -> str | None:
        """Which tables end longer ago than they may; the newest as-of date is judged by today."""
        if not self.freshness_days:
            return None
        today = self.clock().date() if as_of >= self.next_as_of() else as_of
        return stale(self.last_days(as_of), self.freshness_days, today)

    def _made(self, customers: Sequence[str], as_of: date) -> Told:
        cases = self.cases(customers, as_of)
        return cases, ranked(list(self.predictions(cases, as_of)))

    def _told(self, customers: Sequence[str], told: Told) -> list[Prediction]:
        self.heard(*told, self.source)
        found = {each.customer_id: each for each in told[1]}
        return [found[customer] for customer in customers]

    def _kept(self, customers: Sequence[str], as_of: date) -> Told | None:
        """What the night said, if it was of this date, these terms and all that is known by now."""
        kept = self.store.kept() if self.store else None
        if kept is None or kept.inputs.get("as_of") != as_of.isoformat():
            return None
        now = self.terms | {"data_until": str(self.data_until(as_of))}
        same = now.items() <= kept.inputs.items()
        return kept.of(customers, {"stale": self.stale(as_of)}) if same else None

    def known_rows(self, as_of: date) -> dict[str, int]:
        """By table, how many rows are known on the date."""
        with self.reading:
            tables = self.history.known(as_of).tables
            return {name: int(rows.count().to_pyarrow().as_py()) for name, rows in tables.items()}

    def next_as_of(self) -> date:
        """The as-of date where none is named: the day after the data ends, today at the latest."""
        today = self.clock().date()
        until = self.data_until(today)
        return until + timedelta(days=1) if until else today

    def data_until(self, as_of: date) -> date | None:
        """The last day with a row known on the date."""
        return latest(self.last_days(as_of))

    def last_days(self, as_of: date) -> Mapping[str, date]:
        """By table, the last day with a row known on the date; looked up once an hour."""
        return self._days.of(self.history, as_of, self.clock(), self.reading)

    @cached_property
    def plan(self) -> Plan:
        """How the model's features are computed from one customer's rows."""
        return planned(self.model.features)

    @cached_property
    def teller(self) -> Teller:
        """What makes predictions of probabilities."""
        explainer = Explainer(self.model.features, self.model.references, self.language)
        return Teller(self.model, explainer, self.limits, self.playbook, self.record)

    def _require_history(self) -> None:
        if "customers" not in self.history.tables:
            raise SourceError("There is no history here to look customers up in.")

    def asking(self, as_of: date) -> Asking:
        """What all predictions as of a date share, said now."""
        return Asking(as_of, self.data_until(as_of), self.clock(), self.stale(as_of))
