"""What a CSM asks of the portfolio. The address says all of it, so a link shows the same again."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from features.feature import Theme
from serving.web import words

VIEWS = {
    "all": ("Everybody", "Every customer scored in the newest run."),
    "worsened": (
        "Worsened in the last 7 days",
        "The band rose, or the probability by at least 2 points",
    ),
    "persistent": (
        "Persistently at risk",
        "High or critical in every run of the last 4 weeks, and in three at least.",
    ),
    "renewals": (
        "Renewals at risk",
        "Medium risk or more, and up for renewal in the next 90 days.",
    ),
    "silent": (
        "Silent",
        "Stopped using and stopped asking: their use of the last 4 weeks is less than half of the "
        "4 weeks before, or none, and they opened tickets this year but none in these 4 weeks.",
    ),
}
WINDOWS = {"30": "next 30 days", "60": "next 60 days", "90": "next 90 days", "180": "next 180 days"}
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

    `sort` is one of SORTS; with a minus before it, the other way round.
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
    def filters(self) -> dict[str, "Asked"]:
        """Each filter in force, in words, with what is asked without it."""
        each = {
            "search": f"Search: {self.search}",
            "owner": f"Owner: {self.owner}",
            "segment": f"Segment: {self.segment}",
            "theme": f"Reason: {self.theme}",
            "renewal": f"Renewal: {WINDOWS.get(self.renewal)}",
        }
        singles = {
            said: self._with(**{name: ""}) for name, said in each.items() if getattr(self, name)
        }
        return singles | {f"Band: {words.band(band)}": self.without(band) for band in self.band}

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
    )


def _one_of(allowed: Mapping[str, Any], given: str, otherwise: str) -> str:
    return given if given in allowed else otherwise


def _sort(given: str) -> str:
    return given if given.removeprefix("-") in SORTS else ""


def _page(given: str) -> int:
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else 1
    return min(max(number, 1), FURTHEST)
