"""From a trained model to its scorecard and the gate's decision."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from training.below import churned_customers, decision_below
from training.blocks import CHAMPION, About
from training.calibrate import log_odds
from training.evaluate import judge
from training.fit import Numbers
from training.gate import Candidate, Change, Decision, decide
from training.guarded import Guarded
from training.hazards import Cause
from training.judged import Judged
from training.kinds import newcomers, slices
from training.labels import Label
from training.measured import given
from training.model import ChurnModel
from training.money import Offer
from training.probes import PROBES
from training.risks import unpaid_of
from training.scorecard import Scorecard
from training.stored import outcomes_of
from training.train import Trained
from training.treated import arm_rows


@dataclass(frozen=True)
class Verdict:
    """What is known of a challenger: its scorecard, the rows behind it, and the gate's decision."""

    scorecard: Scorecard
    rows: Judged
    decision: Decision
    guards: tuple[Guarded, ...] = ()


@dataclass(frozen=True)
class Before:
    """What a challenger meets: the champion, and how often these test rows have judged.

    `test_uses` counts the candidates, this one included.
    """

    champion: ChurnModel | None = None
    test_uses: int = 1


FIRST = Before()


def verdict(
    trained: Trained,
    label: Label,
    offer: Offer,
    capacity: int,
    before: Before = FIRST,
    guards: Sequence[Guarded] = (),
    resamples: int = 1_000,
) -> Verdict:
    """Judge a challenger out of time, beside its baselines and the champion on the same rows.

    A guard that fired holds it for a person, and so does a champion that it cannot be fairly
    compared with. A challenger that is made otherwise than the champion (other features, settings
    or label) has to be better, not just no worse.
    """
    champion = before.champion
    fired = [*_fired(guards), *_unfair(trained, champion)]
    rows = judged(trained.model, trained.test)
    rows = replace(rows, slices={**rows.slices, **newcomers(trained.test, trained.train)})
    rivals = _rivals(trained, champion)
    how: dict[str, Any] = {"capacity": capacity, "resamples": resamples}
    how["offer"] = worth(offer, rows)
    known = given(trained, guards, champion)
    card = judge(rows, rivals, about_of(trained, label), given=known, **how)
    arms, treated = (trained.test[name].to_numpy() for name in ("arm", "treated"))
    card = replace(card, interventions=arm_rows(rows, arms.astype(str), treated, resamples))
    if trained.model.insufficient:
        said = decision_below(trained.model, champion, fired)
        return Verdict(card, rows, said, tuple(guards))
    reigning = None
    if champion is not None:
        theirs = judged(champion, trained.test)
        reigning = Candidate(judge(theirs, rivals, about_of(trained, label), **how), theirs)
    decision = decide(
        Candidate(card, rows),
        reigning,
        change=change_of(trained.model, champion),
        test_uses=before.test_uses,
        guards=fired,
        resamples=resamples,
    )
    return Verdict(card, rows, decision, tuple(guards))


def change_of(challenger: ChurnModel, champion: ChurnModel | None) -> Change:
    """Whether a challenger is the champion's recipe on later data, or another recipe."""
    if champion is None:
        return Change.RETRAIN
    same = challenger.features.contract == champion.features.contract
    return Change.RETRAIN if same and _recipe(challenger) == _recipe(champion) else Change.REDESIGN


def _fired(guards: Sequence[Guarded]) -> list[str]:
    """Of the guards that fired, those whose figure is not on the card, which says it itself."""
    return [each.sentence for each in guards if each.fired and each.name not in PROBES]


def _unfair(trained: Trained, champion: ChurnModel | None) -> list[str]:
    """Why the two cannot be compared on these test rows, if they cannot."""
    if champion is None:
        return []
    reasons, model = [], trained.model
    if champion.horizon_days != model.horizon_days:
        reasons.append(
            f"The champion speaks of {champion.horizon_days} days and the challenger of "
            f"{model.horizon_days}: their probabilities are of different things."
        )
    theirs = max(champion.about.get("trained_on", ()), default="")
    if theirs > trained.split.train[-1].isoformat():
        reasons.append(
            f"The champion was trained on as-of dates up to {theirs}, later than the challenger's "
            f"{trained.split.train[-1]}: it may have seen the answers. Train as of a later day."
        )
    return reasons


def _recipe(model: ChurnModel) -> tuple[object, ...]:
    return (model.horizon_days, len(model.ensembles[0]), model.about.get("recipe"))


def judged(
    model: ChurnModel, rows: pd.DataFrame, days: int | None = None, cause: Cause = Cause.ANY
) -> Judged:
    """Labelled vectors as a model scores them.

    `days` names an earlier end of a month than the horizon, `cause` one that the model tells apart:
    who left later, or for another cause, then counts as one who did not.
    """
    ahead = model.outlook(rows)
    place = len(model.days) - 1 if days is None else model.days.index(days)
    chance = ahead.leaving if cause is Cause.ANY else ahead.by_cause[cause]
    whole = days is None and cause is Cause.ANY
    return Judged(
        customer=rows.index.get_level_values("customer_id").to_numpy(),
        as_of=rows.index.get_level_values("as_of").astype(str).to_numpy(),
        churned=rows["churned"].to_numpy() if whole else left_by(rows, place + 1, cause),
        margin=model.margins(model.matrix(rows)) if whole else log_odds(chance[:, place]),
        probability=chance[:, place],
        mrr=_mrr(rows),
        slices=slices(rows),
    )


def left_by(rows: pd.DataFrame, month: int, cause: Cause) -> Numbers:
    """1 for each row whose customer left for a cause by the end of a month, else 0."""
    left = rows["month"].between(1, month).to_numpy()
    if cause is not Cause.ANY:
        left = left & (unpaid_of(rows) == (cause is Cause.INVOLUNTARY))
    return np.asarray(left, float)


def _rivals(trained: Trained, champion: ChurnModel | None) -> dict[str, Numbers]:
    rivals = trained.baselines.rivals
    if champion is not None:
        rivals[CHAMPION] = champion.probability(trained.test)
    return rivals


def about_of(trained: Trained, label: Label) -> About:
    """What the judged rows cannot say of themselves."""
    learnt_from = outcomes_of(trained.snapshots.all_on(trained.split.train))
    last = trained.split.test[-1] + timedelta(days=label.reach_days)
    return About(
        trained_churned=churned_customers(learnt_from),
        horizon_days=label.horizon_days,
        matured_on=last.isoformat(),
        embargo_days=label.reach_days,
        exclusions=trained.snapshots.excluded,
        best_feature=trained.baselines.best_single_name,
    )


def worth(offer: Offer, rows: Judged) -> Offer:
    """The offer with each customer's own worth, a year of MRR, where MRR is known."""
    return replace(offer, clv=rows.worth * 12) if rows.worth.any() else offer


def _mrr(rows: pd.DataFrame) -> Numbers:
    return rows["mrr"].to_numpy(float) if "mrr" in rows else np.zeros(len(rows))
