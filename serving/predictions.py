"""From cases to predictions: probability, band, money and reasons."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.featureset import Values
from features.languages import ENGLISH
from features.languages import marked as _
from serving.bands import band_of
from serving.cases import INSUFFICIENT, Cases, Person
from serving.confidence import Record, confidence_of, known_shares
from serving.plays.choosing import USUAL, Playbook
from serving.plays.situations import risk_of, situation
from serving.ranks import ranked
from serving.reasons import Explainer, Score
from serving.schemas import Confidence, Explanation, Prediction, Share
from serving.tracing import span
from training.model import ChurnModel, Told, typical_probability

AT_ONCE = 1_000  # customers explained at a time
MONTHS_A_YEAR = 12
UNTAUGHT_CODE = "model_without_learning"
UNTAUGHT = _("The model has seen too few customers leave to tell anybody apart.")
Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Asking:
    """What all predictions of one asking share."""

    as_of: date
    data_until: date | None
    scored_at: datetime
    stale: str | None = None


@dataclass(frozen=True)
class Teller:
    """A model with the words and the limits that make predictions of its probabilities."""

    model: ChurnModel
    explainer: Explainer
    limits: tuple[float, ...]
    playbook: Playbook = USUAL
    record: Record = ()

    def predictions(self, cases: Cases, asking: Asking) -> Iterator[Prediction]:
        """One prediction per case, in their order, without ranks; for a base see `serving.many`."""
        for start in range(0, len(cases.people), AT_ONCE):
            chosen = np.arange(start, min(start + AT_ONCE, len(cases.people)))
            yield from self._told(cases.where(chosen), asking)

    def explanation(self, case: Cases, asking: Asking) -> Explanation:
        """One case with every feature's part in its score."""
        [prediction] = ranked(list(self.predictions(case, asking)))
        if prediction.probability is None:
            return Explanation(prediction=prediction, log_odds=None, typical_log_odds=None)
        score = self._score(case, 0, self.model.told(case.columns), 0)
        shares = [self._share(score, name) for name in self.model.features.names]
        return Explanation(
            prediction=prediction,
            log_odds=score.typical + sum(score.shares.values()),
            typical_log_odds=score.typical,
            shares=tuple(sorted(shares, key=lambda share: -abs(share.log_odds))),
        )

    def sure(self, cases: Cases) -> Places:
        """The places of those of whom enough is known, by a model that knows enough itself."""
        if self.model.insufficient:
            return np.empty(0, np.int64)
        return np.array([i for i, p in enumerate(cases.people) if not p.insufficient], np.int64)

    def _told(self, cases: Cases, asking: Asking) -> list[Prediction]:
        sure = self.sure(cases)
        columns = cases.where(sure).columns
        with span("score", customers=len(sure)):
            told = self.model.told(columns) if len(sure) else None
        confident = self._confident(columns, told) if told else ()
        rows = {int(place): row for row, place in enumerate(sure)}
        with span("explain", customers=len(sure)):
            return [
                self._one(cases, place, told, rows.get(place), confident, asking)
                for place in range(len(cases.people))
            ]

    def _one(
        self,
        cases: Cases,
        place: int,
        told: Told | None,
        row: int | None,
        confident: Sequence[Confidence],
        asking: Asking,
    ) -> Prediction:
        known = self._known(cases, place, asking)
        if told is None or row is None:
            said = self._unsaid(cases.people[place])
        else:
            said = self._said(cases, place, told, row) | {"confidence": confident[row]}
        return Prediction(**known, **said, **self._advised(cases, place, said, asking))

    def _confident(self, columns: Mapping[str, Values], told: Told) -> list[Confidence]:
        shares = known_shares(self.model.features, columns).tolist()
        chances = zip(told.probability.tolist(), shares, strict=True)
        return [confidence_of(p, known, self.record, self.limits) for p, known in chances]

    def _advised(
        self, cases: Cases, place: int, said: Mapping[str, Any], asking: Asking
    ) -> dict[str, Any]:
        """The play for one case, or the mark of who is left alone on purpose."""
        person = cases.people[place]
        if self.playbook.holds_out(person.customer_id):
            return {"held_out": True}
        found = situation(self.model.references, cases, place, risk_of(said))
        days = cases.number(place, "days_to_renewal")
        renewal = None if days is None else int(days)
        return {"advice": self.playbook.advice(found, asking.as_of, renewal)}

    def _known(self, cases: Cases, place: int, asking: Asking) -> dict[str, Any]:
        """What a prediction says whether or not there is enough data."""
        person = cases.people[place]
        days = cases.number(place, "days_to_renewal")
        return {
            "customer_id": person.customer_id,
            "name": person.name,
            "owner": person.owner,
            "segment": person.segment,
            "plan": self.plan(cases, place),
            "status": person.status,
            "as_of": asking.as_of,
            "horizon_days": self.model.horizon_days,
            "mrr": cases.number(place, "mrr"),
            "days_to_renewal": None if days is None else int(days),
            "model_version": self.model.version,
            "data_until": asking.data_until,
            "stale": asking.stale,
            "scored_at": asking.scored_at,
        }

    def plan(self, cases: Cases, place: int) -> str | None:
        """The plan of a case, if it has one."""
        plan = cases.word(place, "plan")
        return None if plan is None or plan == self.model.features["plan"].if_none else plan

    def _unsaid(self, person: Person) -> dict[str, Any]:
        nothing = dict.fromkeys(("probability", "typical", "revenue_at_risk"))
        code = self.why_not(person)
        return nothing | {
            "band": band_of(None, self.limits),
            "reasons": (),
            "protective": (),
            "insufficient": self.in_words(code),
            "insufficient_code": code,
        }

    def why_not(self, person: Person) -> str:
        """The code of why nothing is said of somebody of whom nothing is said."""
        return person.insufficient or (
            UNTAUGHT_CODE if self.model.insufficient else "nothing_known"
        )

    def in_words(self, code: str) -> str | None:
        """The same in words."""
        language = self.explainer.language
        if code in INSUFFICIENT:
            return language.say(INSUFFICIENT[code])
        return self.model.insufficient if language is ENGLISH else language.say(UNTAUGHT)

    def _said(self, cases: Cases, place: int, told: Told, row: int) -> dict[str, Any]:
        why = self.explainer.why(self._score(cases, place, told, row))
        chance, mrr = float(told.probability[row]), cases.number(place, "mrr")
        return {
            "probability": chance,
            "typical": typical_probability(told),
            **ahead_of(told, row),
            "band": band_of(chance, self.limits),
            "revenue_at_risk": None if mrr is None else chance * mrr * MONTHS_A_YEAR,
            "reasons": why.reasons,
            "protective": why.protective,
            "context": why.context,
            "themes": dict(why.themes),
        }

    def _score(self, cases: Cases, place: int, told: Told, row: int) -> Score:
        vector = {name: values[place] for name, values in cases.columns.items()}
        shares = dict(zip(self.model.features.names, told.contributions[row].tolist(), strict=True))
        return Score(vector, shares, told.typical, cases.people[place].segment or "")

    def _share(self, score: Score, name: str) -> Share:
        value = score.vector[name]
        return Share(
            code=name,
            theme=self.model.features[name].theme,
            value=value if isinstance(value, str) else _known_number(value),
            log_odds=score.shares[name],
            points=score.slope * score.shares[name],
        )


def ahead_of(told: Told, row: int) -> dict[str, Any]:
    """What lies ahead of one row: the probability by days and by cause, and days to be expected."""
    ahead = told.outlook
    causes = {cause.value: float(chance[row, -1]) for cause, chance in ahead.by_cause.items()}
    apart = causes if len(causes) > 1 else {}
    return {
        "by_days": dict(zip(ahead.days, ahead.leaving[row].tolist(), strict=True)),
        "by_cause": apart,
        "cause": max(apart, key=lambda cause: apart[cause]) if apart else None,
        "expected_days": float(ahead.expected_days[row]),
    }


def _known_number(value: Any) -> float | None:
    return None if value is None or isnan(value) else float(value)
