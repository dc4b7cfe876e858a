"""What the page of one customer shows: its score with reasons, what changed, and its record."""

from collections.abc import Mapping
from typing import Any

from features.languages import Language
from serving.board import Scored, scores_of, told
from serving.retold import Words
from serving.web.drawing import Writing
from serving.web.plays import recommended
from serving.web.reasons import by_theme, differences
from serving.web.record import Record, gaps
from serving.web.timeline import timeline

MONTH = "probability_"


def customer(scored: Scored, customer_id: str, words: Words) -> Mapping[str, Any] | None:
    """What the newest run says of a customer, and how it differs; None if it has no such customer.

    The names are those that the template uses.
    """
    now = told(scored, scored.runs[-1], customer_id)
    if now is None:
        return None
    now = words.row(now)
    [row] = scored.rows("SELECT * FROM board WHERE customer_id = ?", customer_id)
    compared = row["previous"] is not None and row["probability"] is not None
    before = told(scored, scored.runs[-2], customer_id) if compared else None
    before = words.row(before) if before else None
    return {
        "told": {**now, "by_days": by_days(now)},
        "row": row,
        "themes": by_theme(now),
        "recommended": recommended(now, words.language),
        "differences": differences(now, before) if before else [],
    }


def by_days(told: Mapping[str, Any]) -> list[tuple[int, float]]:
    """The probability of leaving by each end of a month, of the columns such as probability_30."""
    ends = {name.removeprefix(MONTH): chance for name, chance in told.items() if MONTH in name}
    known = {
        int(end): chance for end, chance in ends.items() if end.isdigit() and chance is not None
    }
    return sorted(known.items())


def recorded(
    scored: Scored, record: Record | None, customer_id: str, currency: str, language: Language
) -> Mapping[str, Any]:
    """A customer's record with its charts and gaps; nothing where there is no history to read."""
    if record is None:
        return {"record": None, "timeline": None, "gaps": []}
    drawn = timeline(record, scores_of(scored, customer_id), Writing(language, currency))
    return {"record": record, "timeline": drawn, "gaps": gaps(record, language)}
