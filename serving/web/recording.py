"""A CSM's records: taken from the form or as JSON, and what they add up to against the model."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from json import JSONDecodeError
from typing import Any

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from serving.board import Scored, told
from serving.treatments import Ledger, Treatment
from serving.web.export import MARK, plain
from serving.web.forms import form_of, require_own

COLUMNS = (
    "customer_id",
    "name",
    "owner",
    "segment",
    "verdict",
    "probability",
    "horizon_days",
    "band",
    "note",
    "by",
    "at",
    "play",
    "as_of",
    "model_version",
)


@dataclass(frozen=True)
class Disagreement:
    """Verdicts beside the model's: the latest of each customer, those who disagree in full."""

    disagreed: tuple[Mapping[str, Any], ...]
    agreed: int
    by_band: Mapping[str, tuple[int, int]]

    @property
    def asked(self) -> int:
        """How many customers have a verdict."""
        return self.agreed + len(self.disagreed)


def disagreement(verdicts: Sequence[Mapping[str, Any]], owner: str = "") -> Disagreement:
    """The report over verdicts that come the newest first; `by_band` is (agreed, disagreed)."""
    latest: dict[str, Mapping[str, Any]] = {}
    for row in verdicts:
        if not owner or row["owner"] == owner:
            latest.setdefault(row["customer_id"], row)
    counts = Counter((row["band"], row["verdict"]) for row in latest.values())
    bands = dict.fromkeys(band for band, _ in counts)
    return Disagreement(
        disagreed=tuple(row for row in latest.values() if row["verdict"] == "disagree"),
        agreed=sum(count for (_, verdict), count in counts.items() if verdict == "agree"),
        by_band={band: (counts[band, "agree"], counts[band, "disagree"]) for band in bands},
    )


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Verdicts as a file for a spreadsheet."""
    text = StringIO()
    file = csv.writer(text)
    file.writerow(COLUMNS)
    file.writerows([plain(row[name]) for name in COLUMNS] for row in rows)
    return MARK + text.getvalue().encode()


def as_json(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Verdicts as JSON values."""
    return [{n: r[n] if n not in ("at", "as_of") else str(r[n]) for n in COLUMNS} for r in rows]


async def record_treatment(request: Request) -> Response:
    """POST: keeps what was done; a form is led back to the customer, JSON is answered with an id.

    Raises:
        HTTPException: From another site (403), not known (404), or not as it should be (422).
    """
    if request.headers.get("content-type", "").startswith("application/json"):
        require_own(request)
        said = treatment_of(await _json(request))
        record_id = await run_in_threadpool(kept, request, said)
        return JSONResponse({"record_id": record_id}, 201)
    said = treatment_of(await form_of(request))
    await run_in_threadpool(kept, request, said)
    to = request.app.state.to_customer(request, said.customer_id)
    mark = "&" if "?" in to else "?"
    return RedirectResponse(f"{to}{mark}recorded=1#done", 303)


def treatment_of(given: Mapping[str, Any]) -> Treatment:
    """What was sent, if it can be; raises HTTPException (422) with what is wrong."""
    try:
        return Treatment(**given)
    except ValidationError as error:
        raise HTTPException(422, "; ".join(_worded(fault) for fault in error.errors())) from error
    except TypeError as error:
        raise HTTPException(422, "Send one JSON object.") from error


def kept(request: Request, said: Treatment) -> str:
    """Keeps one record about a customer of the newest run."""
    ledger: Ledger | None = request.app.state.ledger
    scored: Scored | None = request.app.state.board.scored()
    score = told(scored, scored.runs[-1], said.customer_id) if scored else None
    if ledger is None or score is None:
        raise HTTPException(404, f"No customer “{said.customer_id}” was scored in the newest run.")
    try:
        return ledger.add(said, score)
    except ValueError as error:
        raise HTTPException(422, str(error)) from error


async def _json(request: Request) -> Any:
    try:
        return await request.json()
    except (JSONDecodeError, UnicodeDecodeError) as error:
        raise HTTPException(400, "The body is no JSON.") from error


def _worded(fault: Any) -> str:
    where = ".".join(map(str, fault["loc"]))
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
