"""One look at a model in use: every check, on the newest run and the history behind it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.drift import REFERENCE, SCORE, Reference
from features.status import ACTIVE
from serving.board import Run, scoring_runs
from serving.cases import Cases
from serving.monitor.columns import nulls
from serving.monitor.finding import Check, Checked, Finding, Severity, worst_first
from serving.monitor.foreseen import foreseen
from serving.monitor.fresh import freshness
from serving.monitor.moved import Middles, drift, middle_of, moved_from
from serving.monitor.scored import bands, run_at, top_list
from serving.scorer import Scorer
from training.forecast import Forecast
from training.model import ChurnModel

Step: TypeAlias = Callable[[str], None]
Runs: TypeAlias = Sequence[tuple[date, Path]]
Outcomes: TypeAlias = Callable[[Runs], Checked]


@dataclass(frozen=True)
class Asked:
    """What a look is asked: on which day, against which limits, for a list of what size."""

    today: date
    freshness_days: Mapping[str, int] = field(default_factory=dict)
    capacity: int = 50


@dataclass(frozen=True)
class Look:
    """What was looked at, when, what was measured by check, and what was found, the worst first."""

    at: datetime
    today: date
    as_of: date
    model_version: str
    customers: int
    rows: Mapping[Check, Sequence[Mapping[str, Any]]]
    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Severity | None:
        """The severity of the heaviest finding."""
        return self.findings[0].severity if self.findings else None


@dataclass(frozen=True)
class Usual:
    """What travels with a model of where it was judged; None where it was published without."""

    reference: Reference | None = None
    forecast: Forecast | None = None


def usual_at(place: Path) -> Usual:
    """What lies beside the model in a bundle's folder."""
    file = place / REFERENCE
    if not file.is_file():
        return Usual()
    said = json.loads(file.read_text())
    before = said.get("forecast")
    return Usual(Reference.of(said), Forecast.of(before) if before else None)


def look(
    scorer: Scorer,
    scores: Path,
    usual: Usual,
    asked: Asked,
    outcomes: Outcomes,
    step: Step = lambda _: None,
) -> Look:
    """Look at everything as of a day: the newest run up to it, or the data's end without one."""
    runs = [run for run in scoring_runs(scores) if run.as_of <= asked.today]
    as_of = runs[-1].as_of if runs else min(scorer.next_as_of(), asked.today)
    step("the customers' vectors")
    cases = _active(scorer, as_of)
    step("freshness and missing values")
    with scorer.reading:
        fresh = freshness(scorer.history, asked.today, asked.freshness_days)
        missing = nulls(scorer.history, as_of)
    step("drift")
    checks = {Check.FRESHNESS: fresh, Check.MISSING: missing, **_scores(scorer, usual, cases)}
    step("bands and the list")
    checks |= _compared(runs, asked.capacity)
    step("outcomes")
    checks[Check.OUTCOMES] = outcomes([(run.as_of, run.folder) for run in runs])
    return Look(
        at=scorer.clock(),
        today=asked.today,
        as_of=as_of,
        model_version=scorer.model.version,
        customers=len(cases.people),
        rows={check: told.rows for check, told in checks.items()},
        findings=worst_first(f for told in checks.values() for f in told.findings),
    )


def _active(scorer: Scorer, as_of: date) -> Cases:
    """The customers a model learns from and speaks of: those with a running contract."""
    cases = scorer.everyone(as_of).cases
    chosen = [place for place, person in enumerate(cases.people) if person.status == ACTIVE]
    return cases.where(np.array(chosen, np.int64))


def _scores(scorer: Scorer, usual: Usual, cases: Cases) -> dict[Check, Checked]:
    """Drift and the forecast; what cannot be told of this model is information."""
    model = scorer.model
    if model.insufficient:
        return {Check.DRIFT: _unsaid("nothing_learnt", model, model.insufficient)}
    chance = model.probability(cases.columns)
    found = {Check.FORECAST: foreseen(chance, usual.forecast)}
    if usual.reference is None:
        return found | {Check.DRIFT: _unsaid("no_reference", model, "")}
    return found | {Check.DRIFT: drifted(model, usual, cases.columns, chance)}


def drifted(
    model: ChurnModel, usual: Usual, columns: Mapping[str, Any], chance: NDArray[np.float64]
) -> Checked:
    """How far scores and features have moved from where the model was judged."""
    if usual.reference is None:
        return Checked()
    dates = len(model.about.get("tested_on", ())) or 1
    moved = moved_from(usual.reference, columns, chance, dates)
    context = frozenset(f.name for f in model.features if f.context)
    before = usual.forecast.mean if usual.forecast else float("nan")
    middles = {SCORE: Middles(before, float(np.mean(chance)) if len(chance) else float("nan"))}
    for each in moved[1:]:
        if each.was.words is None:
            middles[each.name] = Middles(middle_of(each.was), _median(columns[each.name]))
    return drift(moved, middles, context)


def _median(values: Any) -> float:
    known = np.asarray(values, np.float64)
    known = known[~np.isnan(known)]
    return float(np.median(known)) if len(known) else float("nan")


def _unsaid(code: str, model: ChurnModel, why: str) -> Checked:
    given = {"model": model.version, "why": why}
    return Checked((), (Finding(Check.DRIFT, "model", Severity.INFO, code, given),))


def _compared(runs: Sequence[Run], capacity: int) -> dict[Check, Checked]:
    """The newest run beside the one before."""
    if len(runs) < 2:
        given = {"as_of": str(runs[-1].as_of)} if runs else {}
        alone = Finding(Check.BANDS, "bands", Severity.INFO, "one_run", given)
        return {Check.BANDS: Checked((), (alone,) if runs else ())}
    before, now = (run_at(run.folder, run.as_of) for run in runs[-2:])
    return {Check.BANDS: bands(now, before), Check.LIST: top_list(now, before, capacity)}
