"""What the page of one customer shows: its score with reasons, what changed, and its record."""

from collections.abc import Mapping
from typing import Any

from features.history import History
from serving.board import Scored, scores_of, told
from serving.web.reasons import by_theme, differences
from serving.web.record import gaps, record
from serving.web.timeline import timeline


def customer(
    scored: Scored, history: History | None, customer_id: str, currency: str
) -> Mapping[str, Any] | None:
    """Everything known of a customer, by the names that the template uses; None if unknown."""
    now = told(scored, scored.runs[-1], customer_id)
    if now is None:
        return None
    [row] = scored.rows("SELECT * FROM board WHERE customer_id = ?", customer_id)
    before = told(scored, scored.runs[-2], customer_id) if len(scored.runs) > 1 else None
    comparable = before is not None and before["probability"] is not None
    return {
        "told": now,
        "row": row,
        "themes": by_theme(now["reasons"] or ()),
        "differences": differences(now, before) if before and comparable else [],
        **_recorded(scored, history, customer_id, currency),
    }


def _recorded(
    scored: Scored, history: History | None, customer_id: str, currency: str
) -> dict[str, Any]:
    if history is None:
        return {"record": None, "timeline": None, "gaps": []}
    found = record(history, customer_id, scored.latest.as_of)
    drawn = timeline(found, scores_of(scored, customer_id), currency)
    return {"record": found, "timeline": drawn, "gaps": gaps(found)}
