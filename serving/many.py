"""Predictions of many customers as rows of the data set, made column by column.

They say what `Teller` says of one customer after the other; a test holds the two equal.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from serving.bands import RISING, band_of, bands_of
from serving.cases import Cases, Listed, blocks
from serving.chosen import NOBODY, Chooser, Chosen, Places, slopes
from serving.confidence import RISING as SURE
from serving.confidence import confidences, known_shares
from serving.dataset import SCHEMA, require_sound, schema_of
from serving.fitting import Numbers, Vectors
from serving.laid import Lists, laid, placed, same, words
from serving.plays.many import advised
from serving.plays.situations import Risk
from serving.predictions import MONTHS_A_YEAR, Asking, Teller
from serving.tracing import span
from serving.worded import Wording
from training.model import Told, typical_probability

LISTS = ("reasons", "protective", "context")
PERSON = ("customer_id", "name", "owner", "segment", "status")
SILENT = band_of(None, ())
Step: TypeAlias = Callable[[int], None]


@dataclass(frozen=True)
class Many:
    """Tells many customers at once what a Teller tells of one."""

    teller: Teller

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns of the rows."""
        return schema_of(self.teller.model.days)

    def blocks(
        self,
        cases: Listed,
        asking: Asking,
        at_once: int,
        begin: int = 0,
        step: Step = lambda _: None,
    ) -> Iterator[pa.Table]:
        """The rows of the cases from place `begin` on, so many at a time, without ranks.

        `step` is told how many more are done.
        """
        step(begin)
        for some in blocks(cases, at_once, begin):
            yield self.rows(some, asking)
            step(len(some.people))

    def rows(self, cases: Cases, asking: Asking) -> pa.Table:
        """One row for each case, in their order, without ranks."""
        size, sure = len(cases.people), self.teller.sure(cases)
        some = cases.where(sure)
        with span("score", customers=len(sure)):
            told = self.teller.model.told(some.columns) if len(sure) else None
        with span("explain", customers=len(sure)):
            said, risks = self._said(some, told) if told else ({}, [])
        columns = {name: placed(values, sure, size) for name, values in said.items()}
        columns |= self._known(cases, asking) | self._unsaid(cases, sure, columns.get("band"))
        columns |= self._advised(cases, sure, risks, asking)
        return require_sound(laid(columns, self.schema, size), size)

    def _said(self, some: Cases, told: Told) -> tuple[dict[str, Any], list[Risk]]:
        """What is said of those of whom enough is known, and what plays are chosen by."""
        vectors = Vectors(some.columns, told.contributions, self._usual(some))
        chosen, slope = self._chooser.chosen(vectors), slopes(told.contributions, told.typical)
        bands = bands_of(told.probability, self.teller.limits)
        spoken = [getattr(chosen, name) for name in LISTS]
        lists = self._wording.lists(vectors, spoken, slope)
        said = {
            "probability": told.probability,
            "typical": np.full(len(slope), typical_probability(told)),
            "band": words([band.value for band in RISING], bands),
            "confidence": self._confidence(some, told),
            "revenue_at_risk": told.probability * some.numbers("mrr") * MONTHS_A_YEAR,
            "themes": self._themes(chosen.themes * slope[:, None]),
            **_ahead(told),
            **dict(zip(LISTS, lists, strict=True)),
        }
        return said, self._risks(chosen, bands, said.get("cause"))

    def _confidence(self, some: Cases, told: Told) -> pa.Array:
        known = known_shares(self.teller.model.features, some.columns)
        beside = self.teller.record, self.teller.limits
        return words([each.value for each in SURE], confidences(told.probability, known, *beside))

    def _themes(self, points: Numbers) -> Lists:
        size, many = points.shape
        names = words(self._themed, np.tile(np.arange(many), size))
        fields = list(SCHEMA.field("themes").type.value_type)
        every = pa.StructArray.from_arrays([names, pa.array(points.ravel())], fields=fields)
        return np.full(size, many), every

    def _risks(self, chosen: Chosen, bands: Places, cause: pa.Array | None) -> list[Risk]:
        """The band, the cause, and the strongest of the themes that reasons are told of."""
        told, size = chosen.reasons.features, len(bands)
        themes = self._theme_of[told]
        weights = np.take_along_axis(chosen.themes, themes, axis=1)
        best = np.argmax(np.where(told == NOBODY, -np.inf, weights), axis=1)
        strongest = np.where(told[:, 0] == NOBODY, NOBODY, themes[np.arange(size), best])
        named = [*self._chooser.explainer.themes, None]
        causes = cause.to_pylist() if cause is not None else [None] * size
        every = zip(bands.tolist(), strongest.tolist(), causes, strict=True)
        return [Risk(RISING[band], named[theme], cause) for band, theme, cause in every]

    def _advised(
        self, cases: Cases, sure: Places, risks: list[Risk], asking: Asking
    ) -> dict[str, pa.Array]:
        every = [Risk(SILENT, None, None)] * len(cases.people)
        for place, risk in zip(sure.tolist(), risks, strict=True):
            every[place] = risk
        teller = self.teller
        advice, held = advised(teller.playbook, teller.model.references, cases, every, asking.as_of)
        return {"advice": advice, "held_out": held}

    def _known(self, cases: Cases, asking: Asking) -> dict[str, pa.Array]:
        """What is known of a customer whether or not anything is said."""
        size, model = len(cases.people), self.teller.model
        every = {name: getattr(asking, name) for name in ("as_of", "data_until", "scored_at")}
        every |= {"horizon_days": model.horizon_days, "model_version": model.version}
        told = {
            name: same(value, self.schema.field(name).type, size) for name, value in every.items()
        }
        for name in PERSON:
            told[name] = pa.array([getattr(each, name) for each in cases.people], pa.string())
        plans = [self.teller.plan(cases, place) for place in range(size)]
        days = np.trunc(cases.numbers("days_to_renewal"))
        return told | {
            "plan": pa.array(plans, pa.string()),
            "mrr": pa.array(cases.numbers("mrr"), from_pandas=True),
            "days_to_renewal": pa.array(days, from_pandas=True),
        }

    def _unsaid(self, cases: Cases, sure: Places, band: pa.Array | None) -> dict[str, pa.Array]:
        """Why nothing is said of the others."""
        said = set(sure.tolist())
        codes = [
            None if place in said else self.teller.why_not(each)
            for place, each in enumerate(cases.people)
        ]
        told = {code: self.teller.in_words(code) for code in set(codes) if code}
        silent = same(SILENT.value, pa.string(), len(codes))
        return {
            "band": silent if band is None else band.fill_null(SILENT.value),
            "insufficient_code": pa.array(codes, pa.string()),
            "insufficient": pa.array([told.get(code or "") for code in codes], pa.string()),
        }

    def _usual(self, cases: Cases) -> Numbers:
        """The middle value of each feature among each customer's peers."""
        codes: dict[str, int] = {}
        places = [codes.setdefault(each.segment or "", len(codes)) for each in cases.people]
        medians, features = self.teller.model.references.median, self._chooser.features
        usual = [[medians(each.name, segment) for each in features] for segment in codes]
        return np.array(usual)[places]

    @cached_property
    def _chooser(self) -> Chooser:
        return Chooser(self.teller.explainer)

    @cached_property
    def _wording(self) -> Wording:
        return Wording(self._chooser)

    @cached_property
    def _themed(self) -> list[str]:
        return [theme.value for theme in self._chooser.explainer.themes]

    @cached_property
    def _theme_of(self) -> Places:
        return np.array([self._themed.index(each.theme) for each in self._chooser.features])


def _ahead(told: Told) -> dict[str, Any]:
    """What lies ahead: probabilities by days and by cause, and days to be expected."""
    ahead = told.outlook
    said: dict[str, Any] = {"expected_days": ahead.expected_days}
    said |= {f"probability_{day}": ahead.leaving[:, k] for k, day in enumerate(ahead.days)}
    causes = {cause.value: chance[:, -1] for cause, chance in ahead.by_cause.items()}
    if len(causes) > 1:
        said |= {f"probability_{cause}": chance for cause, chance in causes.items()}
        likeliest = np.argmax(np.column_stack(list(causes.values())), axis=1)
        said["cause"] = words(list(causes), likeliest)
    return said
