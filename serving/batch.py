"""The night's job: everybody's score as of a date, written once, replaced only by other inputs."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from features.errors import InsufficientData
from features.featureset import Values
from features.locked import only_writer
from features.outside import into
from serving.cases import Cases
from serving.dataset import FILE, publish, run_before, run_of, schema_of
from serving.freshness import require_fresh
from serving.likely import Limits, differences, require_likely
from serving.many import Many
from serving.resumable import write
from serving.schemas import Band
from serving.scorer import Everyone, Scorer
from serving.store import fill

DIGITS = 6  # of values in the digest: sums in another order differ behind the fifteenth
Step = Callable[[int], None]


@dataclass(frozen=True)
class Outcome:
    """What became of a run: its folder, its manifest, and whether anything had to be written."""

    folder: Path
    manifest: Mapping[str, Any]
    changed: bool


@dataclass(frozen=True)
class Terms:
    """How far a run may be from what is expected, and what somebody said about it.

    `freshness_days` is by table the oldest that its newest row may be. `accepted` is the reason
    for which a run that differs too much from the one before is published all the same.
    """

    freshness_days: Mapping[str, int] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    accepted: str = ""


def score_everyone(
    scorer: Scorer,
    as_of: date,
    scores: Path,
    terms: Terms = Terms(),
    total: Step = lambda _: None,
    step: Step = lambda _: None,
) -> Outcome:
    """Score everybody as of a date into the data set; the same inputs again change nothing.

    A run that was killed goes on where it was. `total` is told how many customers there are,
    `step` how many more are done.

    Raises:
        Busy: Another process writes into the data set.
        StaleData: A table ends too long before the date.
        InsufficientData: Nobody can be scored on it.
        Unlikely: The scores differ too much from those of the run before.
    """
    with into(scores), only_writer(scores):
        everyone, inputs = _asked(scorer, as_of, terms)
        total(len(everyone.cases.people))
        found = run_of(scores, as_of)
        if found and found.is_of(inputs):
            fill(scores, found.folder, inputs, everyone.cases)  # a killed run may not have
            return Outcome(found.folder, found.manifest, changed=False)
        made, manifest = _written(scorer, everyone, inputs, as_of, scores, step)
        outcome = settled(made, manifest, scores, as_of, terms)
        fill(scores, outcome.folder, inputs, everyone.cases)
        return outcome


def settled(
    made: Path, manifest: Mapping[str, Any], scores: Path, as_of: date, terms: Terms
) -> Outcome:
    """Puts a written run into its place, if it is likely.

    Raises:
        Unlikely: The scores differ too much from those of the run before.
    """
    require_likely(made, manifest, run_before(scores, as_of), terms.limits, terms.accepted)
    said = {**manifest, "previous": _previous(scores, as_of), "accepted": terms.accepted or None}
    return Outcome(publish(made, scores, as_of, said), said, changed=True)


def tried(
    scorer: Scorer, as_of: date, scores: Path, terms: Terms, step: Step = lambda _: None
) -> tuple[dict[str, Any], list[str]]:
    """What a run would publish, and what would hold it back; nothing is left of it."""
    everyone, inputs = _asked(scorer, as_of, terms)
    with TemporaryDirectory() as place:
        made, manifest = _written(scorer, everyone, inputs, as_of, Path(place), step)
        before = run_before(scores, as_of)
        held = differences(made, manifest, before, terms.limits) if before else []
    return manifest, held


def _asked(scorer: Scorer, as_of: date, terms: Terms) -> tuple[Everyone, dict[str, Any]]:
    require_fresh(scorer.last_days(as_of), terms.freshness_days, as_of)
    everyone = scorer.everyone(as_of)
    if not everyone.known > sum(everyone.set_aside.values()):
        raise InsufficientData(nobody(everyone.known, everyone.set_aside, as_of))
    return everyone, inputs_of(scorer, digest_of(everyone.cases), as_of)


def inputs_of(scorer: Scorer, digest: str, as_of: date) -> dict[str, Any]:
    """What the scores are made from, beside the cases of a digest: equal inputs, equal scores."""
    return {
        "as_of": as_of.isoformat(),
        **scorer.terms,
        "data_digest": digest,
        "data_until": str(scorer.data_until(as_of)),
    }


def digest_of(cases: Cases) -> str:
    """A fingerprint of the customers and their vectors."""
    found = hashlib.sha256(repr(cases.people).encode())
    for name, values in sorted(cases.columns.items()):
        found.update(name.encode() + _bytes(values))
    return found.hexdigest()[:16]


def _bytes(values: Values) -> bytes:
    if values.dtype == object:
        return repr(values.tolist()).encode()
    rounded = np.round(values.astype(np.float64), DIGITS) + 0.0  # no -0
    return np.where(np.isnan(rounded), np.nan, rounded).tobytes()


def _written(
    scorer: Scorer,
    everyone: Everyone,
    inputs: Mapping[str, Any],
    as_of: date,
    scores: Path,
    step: Step,
) -> tuple[Path, dict[str, Any]]:
    """The run's folder, not in its place yet, and what the run says of itself."""
    many, asking = Many(scorer.teller), scorer.asking(as_of)
    made = write(
        scores,
        as_of,
        inputs,
        lambda begin, at_once: many.blocks(everyone.cases, asking, at_once, begin, step),
        schema_of(scorer.model.days),
    )
    return made, manifest_of(scorer, inputs, everyone.known, everyone.set_aside, made)


def manifest_of(
    scorer: Scorer, inputs: Mapping[str, Any], known: int, aside: Mapping[str, int], made: Path
) -> dict[str, Any]:
    """What a written run says of itself."""
    return dict(inputs) | {
        "horizon_days": scorer.model.horizon_days,
        "insufficient": scorer.model.insufficient,
        "created_at": scorer.clock().isoformat(),
        "customers": known,
        "known_rows": scorer.known_rows(date.fromisoformat(inputs["as_of"])),
        "set_aside": dict(aside),
        **tallied(made),
    }


def tallied(folder: Path) -> dict[str, Any]:
    """What a written run adds up to; customers = scored + all set aside, whether or not in rows."""
    columns = ["probability", "revenue_at_risk", "band"]
    rows = pq.read_table(folder / FILE, columns=columns).to_pydict()
    bands = Counter(Band(band) for band in rows["band"])
    chances = [chance for chance in rows["probability"] if chance is not None]
    return {
        "rows": len(rows["band"]),
        "scored": len(chances),
        "mean_probability": sum(chances) / len(chances) if chances else None,
        "revenue_at_risk": sum(money or 0.0 for money in rows["revenue_at_risk"]),
        "by_band": {band.value: bands[band] for band in reversed(Band) if bands[band]},
    }


def nobody(known: int, aside: Mapping[str, int], as_of: date) -> str:
    """That there is nobody to score, and why."""
    why = ", ".join(f"{count} {reason}" for reason, count in aside.items())
    return f"Nobody can be scored on {as_of}: of {known} customers {why or 'none is known'}."


def _previous(scores: Path, as_of: date) -> dict[str, Any] | None:
    found = run_before(scores, as_of)
    return {name: found.inputs.get(name) for name in ("as_of", "model_version")} if found else None
