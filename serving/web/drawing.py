"""What the charts of one customer share: their time, what was done in it, and how they write."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from markupsafe import Markup

from features.languages import Language
from serving.charts import Shape, Span, chart

Key: TypeAlias = tuple[tuple[Shape, str, str], ...]


@dataclass(frozen=True)
class Panel:
    """One chart with its title and what it says in a sentence; `key` explains its shapes."""

    title: str
    sentence: str
    drawn: Markup
    key: Key = ()


@dataclass(frozen=True)
class Writing:
    """How the charts write: in which language, and amounts in which currency."""

    language: Language
    currency: str

    def money(self, value: float) -> str:
        """An amount."""
        return self.language.money(value, self.currency)


@dataclass(frozen=True)
class Drawing:
    """What all panels share: their time, what was done in it, and how they write."""

    span: Span
    treated: Sequence[date]
    writing: Writing

    @property
    def language(self) -> Language:
        """The language of all sentences."""
        return self.writing.language

    def panel(
        self, title: str, sentence: str, height: int, drawn: Sequence[Markup], key: Key = ()
    ) -> Panel:
        """One panel, its chart said in words too."""
        said = f"{title}: {sentence}"
        return Panel(title, sentence, chart(said, height, self.span, drawn, self.treated), key)
