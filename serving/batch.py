"""The night's job: everybody's score as of a date, written once, replaced only by other inputs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.errors import InsufficientData
from features.locked import only_writer
from features.outside import into
from serving import resumable
from serving.cases import Listed
from serving.dataset import FILE, publish, run_before, run_of, schema_of
from serving.filling import fill
from serving.freshness import require_fresh
from serving.likely import Limits, differences, require_likely
from serving.many import Many
from serving.resumable import write
from serving.schemas import Band
from serving.scorer import Everyone, Scorer
from serving.staged import digest_of, stage

STAGED = ".cases-"
Step = Callable[[int], None]


@dataclass(frozen=True)
class Outcome:
    """What became of a run: its folder, its manifest, and whether anything had to be written."""

    folder: Path
    manifest: Mapping[str, Any]
    changed: bool


@dataclass(frozen=True)
class Base:
    """Everybody known on a date: those who get a row, and how many get no score, by reason.

    `digest` is the fingerprint of the cases.
    """

    known: int
    set_aside: Mapping[str, int]
    cases: Listed
    digest: str


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

    A run that was killed goes on where it was. `total` is told how many steps there are, two
    for each customer, `step` how many more are done.

    Raises:
        Busy: Another process writes into the data set.
        StaleData: A table ends too long before the date.
        InsufficientData: Nobody can be scored on it.
        Unlikely: The scores differ too much from those of the run before.
    """
    with into(scores), only_writer(scores), _asked(scorer, as_of, scores, terms) as base:
        total(2 * len(base.cases))  # each is scored, and kept for whoever asks by id
        return score_base(scorer, base, as_of, scores, terms, step)


def score_base(
    scorer: Scorer,
    base: Base,
    as_of: date,
    scores: Path,
    terms: Terms = Terms(),
    step: Step = lambda _: None,
) -> Outcome:
    """Score a base whose vectors are there, and put it in force; nobody else may be writing.

    Raises:
        Unlikely: The scores differ too much from those of the run before.
    """
    inputs = inputs_of(scorer, base.digest, as_of)
    found = run_of(scores, as_of)
    if found and found.is_of(inputs):
        fill(scores, found.folder, inputs, base.cases, step)  # a killed run may not have
        return Outcome(found.folder, found.manifest, changed=False)
    made, manifest = _written(scorer, base, inputs, as_of, scores, step)
    outcome = settled(made, manifest, scores, as_of, terms)
    fill(scores, outcome.folder, inputs, base.cases, step)
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
    with TemporaryDirectory() as place, _asked(scorer, as_of, Path(place), terms) as base:
        inputs = inputs_of(scorer, base.digest, as_of)
        made, manifest = _written(scorer, base, inputs, as_of, Path(place), step)
        before = run_before(scores, as_of)
        held = differences(made, manifest, before, terms.limits) if before else []
    return manifest, held


@contextmanager
def _asked(scorer: Scorer, as_of: date, place: Path, terms: Terms) -> Iterator[Base]:
    """Everybody who gets a row, kept in a file of `place` as long as they are needed."""
    require_fresh(scorer.last_days(as_of), terms.freshness_days, as_of)
    for left in place.glob(f"{STAGED}*.parquet"):  # by a run that was killed
        left.unlink()
    file = place / f"{STAGED}{as_of}.parquet"
    try:
        yield _base(scorer.everyone(as_of), as_of, file)
    finally:
        file.unlink(missing_ok=True)


def _base(everyone: Everyone, as_of: date, file: Path) -> Base:
    known, aside = everyone.known, everyone.set_aside
    if not known > sum(aside.values()):
        raise InsufficientData(nobody(known, aside, as_of))
    digest = digest_of(everyone.cases)
    return Base(known, aside, stage(everyone.cases, file, resumable.AT_ONCE), digest)


def inputs_of(scorer: Scorer, digest: str, as_of: date) -> dict[str, Any]:
    """What the scores are made from, beside the cases of a digest: equal inputs, equal scores."""
    return {
        "as_of": as_of.isoformat(),
        **scorer.terms,
        "data_digest": digest,
        "data_until": str(scorer.data_until(as_of)),
    }


def _written(
    scorer: Scorer,
    base: Base,
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
        lambda begin, at_once: many.blocks(base.cases, asking, at_once, begin, step),
        schema_of(scorer.model.days),
    )
    return made, manifest_of(scorer, inputs, base.known, base.set_aside, made)


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
    rows = pq.read_table(folder / FILE, columns=columns)
    counted = pc.value_counts(rows["band"]).to_pylist()
    bands = {each["values"]: each["counts"] for each in counted}
    chances = rows["probability"]
    return {
        "rows": len(rows),
        "scored": len(chances) - chances.null_count,
        "mean_probability": pc.mean(chances).as_py(),
        "revenue_at_risk": pc.sum(rows["revenue_at_risk"], min_count=0).as_py(),
        "by_band": {band.value: bands[band] for band in reversed(Band) if band in bands},
    }


def nobody(known: int, aside: Mapping[str, int], as_of: date) -> str:
    """That there is nobody to score, and why."""
    why = ", ".join(f"{count} {reason}" for reason, count in aside.items())
    return f"Nobody can be scored on {as_of}: of {known} customers {why or 'none is known'}."


def _previous(scores: Path, as_of: date) -> dict[str, Any] | None:
    found = run_before(scores, as_of)
    return {name: found.inputs.get(name) for name in ("as_of", "model_version")} if found else None
