"""What a CSM asks of the portfolio. The address says all of it, so a link shows the same again."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from features.feature import Theme
from features.languages import LANGUAGES, Language
from features.languages import marked as _
from serving.web import words

VIEWS = {
    "all": (_("Everybody"), _("Every customer scored in the newest run.")),
    "worsened": (
        _("Worsened in the last 7 days"),
        _("The band rose, or the probability by at least 2 points."),
    ),
    "persistent": (
        _("Persistently at risk"),
        _("High or critical in every run of the last 4 weeks, and in three at least."),
    ),
    "renewals": (
        _("Renewals at risk"),
        _("Medium risk or more, and up for renewal in the next 90 days."),
    ),
    "silent": (
        _("Silent"),
        _(
            "Stopped using and stopped asking: their use of the last 4 weeks is less than half of "
            "the 4 weeks before, or none, and they opened tickets this year but none in these "
            "4 weeks."
        ),
    ),
}
WINDOWS = {
    "30": _("Next 30 days"),
    "60": _("Next 60 days"),
    "90": _("Next 90 days"),
    "180": _("Next 180 days"),
}
SORTS = (
    "name",
    "band",
    "probability",
    "change",
    "revenue",
    "mrr",
    "renewal",
    "owner",
    "reason",
)
LONGEST = 100  # of a search or a name, in characters
FURTHEST = 100_000  # page


@dataclass(frozen=True)
class Asked:
    """A view, filters, a search, an order and a page; the empty one asks for everybody.

    `sort` is one of SORTS; with a minus before it, the other way round. `lang` is a language that
    was asked for; empty is the one of the settings.
    """

    view: str = "all"
    owner: str = ""
    segment: str = ""
    band: tuple[str, ...] = ()
    theme: str = ""
    renewal: str = ""
    search: str = ""
    sort: str = ""
    page: int = 1
    lang: str = ""

    def link(self, **changes: Any) -> str:
        """The query string that asks for this with changes; what is not asked is left out."""
        wanted = self._with(**changes)
        pairs = [(f.name, getattr(wanted, f.name), f.default) for f in fields(wanted)]
        given = {name: value for name, value, default in pairs if value != default}
        return f"?{urlencode(given, doseq=True)}" if given else "?"

    def sorted_by(self, column: str) -> str:
        """The order that a click on a column's heading asks for."""
        return f"-{column}" if self.sort == column else column

    @property
    def is_filtered(self) -> bool:
        """Whether anybody is left out beside those whom the view leaves out."""
        return any((self.search, self.owner, self.segment, self.theme, self.renewal, self.band))

    @property
    def cleared(self) -> "Asked":
        """The view without any filter."""
        return Asked(view=self.view, lang=self.lang)

    def filters(self, language: Language) -> dict[str, "Asked"]:
        """Each filter in force, in words, with what is asked without it."""
        renewal = language.say(WINDOWS[self.renewal]) if self.renewal else ""
        each = {
            "search": language.say("Search: {text}", text=self.search),
            "owner": language.say("Owner: {name}", name=self.owner),
            "segment": language.say("Segment: {name}", name=self.segment),
            "theme": language.say("Reason: {theme}", theme=words.theme(language, self.theme)),
            "renewal": language.say("Renewal: {when}", when=renewal),
        }
        singles = {
            said: self._with(**{name: ""}) for name, said in each.items() if getattr(self, name)
        }
        bands = {
            band: language.say("Band: {band}", band=words.band(language, band))
            for band in self.band
        }
        return singles | {said: self.without(band) for band, said in bands.items()}

    def without(self, band: str) -> "Asked":
        """The same without one band."""
        return self._with(band=tuple(b for b in self.band if b != band))

    def _with(self, **changes: Any) -> "Asked":
        return replace(self, **({"page": 1} | changes))


def asked(query: QueryParams) -> Asked:
    """What an address asks for; what it says wrongly is as if it were not said."""
    bands = tuple(band for band in words.BANDS if band in query.getlist("band"))
    return Asked(
        view=_one_of(VIEWS, query.get("view", ""), "all"),
        owner=query.get("owner", "")[:LONGEST],
        segment=query.get("segment", "")[:LONGEST],
        band=bands,
        theme=_one_of({theme.value: theme for theme in Theme}, query.get("theme", ""), ""),
        renewal=_one_of(WINDOWS, query.get("renewal", ""), ""),
        search=" ".join(query.get("search", "")[:LONGEST].split()),
        sort=_sort(query.get("sort", "")),
        page=_page(query.get("page", "")),
        lang=_one_of(LANGUAGES, query.get("lang", ""), ""),
    )


def _one_of(allowed: Mapping[str, Any], given: str, otherwise: str) -> str:
    return given if given in allowed else otherwise


def _sort(given: str) -> str:
    return given if given.removeprefix("-") in SORTS else ""


def _page(given: str) -> int:
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else 1
    return min(max(number, 1), FURTHEST)
