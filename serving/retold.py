"""Reasons told anew: one night's scores hold values, and are read in the language of the reader."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from features.feature import Declaration
from features.languages import ENGLISH, Language
from features.words import told
from serving.cases import INSUFFICIENT
from serving.predictions import UNTAUGHT
from serving.schemas import Prediction, Reason

Row: TypeAlias = Mapping[str, Any]

UNSAID = {"insufficient", "insufficient_code"}
LISTS = ("reasons", "protective", "context")


@dataclass(frozen=True)
class Words:
    """The features that reasons are about, and the language they are told in."""

    features: Iterable[Declaration] = ()
    language: Language = ENGLISH

    @cached_property
    def by_code(self) -> Mapping[str, Declaration]:
        """The features by their stable names."""
        return {feature.name: feature for feature in self.features}

    def reason(self, reason: Row) -> str:
        """A reason that was stored; one about a feature that there is no more, as it was told."""
        feature = self.by_code.get(reason["code"])
        if feature is None:
            return str(reason["text"])
        value = reason["value"] if reason.get("value_text") is None else reason["value_text"]
        ends = reason["baseline"], reason.get("reached")
        return told(feature, value, *ends, reason["peers"], self.language)

    def row(self, row: Row) -> dict[str, Any]:
        """A row of the data set with its words in the language."""
        lists = {name: [self._of_row(one) for one in row.get(name) or ()] for name in LISTS}
        return {**row, **lists, "insufficient": self.insufficient(row)}

    def prediction(self, prediction: Prediction) -> Prediction:
        """A prediction with its words in the language."""
        lists = {name: self._all(getattr(prediction, name)) for name in LISTS}
        said = {"insufficient": self.insufficient(prediction.model_dump(include=UNSAID))}
        return prediction.model_copy(update=lists | said)

    def insufficient(self, row: Row) -> str | None:
        """Why nothing is said; runs of before there were codes are told as they were."""
        code, stored = row.get("insufficient_code"), row["insufficient"]
        if message := INSUFFICIENT.get(code or ""):
            return self.language.say(message)
        if code and self.language is not ENGLISH:
            return self.language.say(UNTAUGHT)
        return None if stored is None else self.language.catalogue.gettext(stored)

    def _all(self, reasons: Sequence[Reason]) -> tuple[Reason, ...]:
        return tuple(
            one.model_copy(update={"text": self.reason(one.model_dump())}) for one in reasons
        )

    def _of_row(self, reason: Row) -> dict[str, Any]:
        return {**reason, "text": self.reason(reason)}
