"""A training run from history to registry: train, judge, pass the gate, record."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from features.errors import ContractError
from features.featureset import FeatureSet
from features.history import History
from training import champions, track
from training.gate import Decision
from training.guards import guarded
from training.labels import Label
from training.model import ChurnModel, loaded
from training.money import Offer
from training.parts import cards
from training.recorded import digest_of_test, report
from training.track import Registered, Registry
from training.train import Plan, Trained, train
from training.verdict import Before, Verdict, verdict

Step = Callable[[str], None]


@dataclass(frozen=True)
class Business:
    """What a business says of itself: its offer, how many customers its team can call in a month,
    the key events and milestones that its features were made from, and the vectors it has served.
    """

    offer: Offer
    capacity: int
    named: Mapping[str, Any]
    currency: str = "USD"
    log: pd.DataFrame | None = None


@dataclass(frozen=True)
class Outcome:
    """How a run ended: the model, what is known of it, and where it is registered."""

    trained: Trained
    verdict: Verdict
    registered: Registered

    @property
    def promoted(self) -> bool:
        """Whether the model is the champion now."""
        return self.verdict.decision.outcome == "promote"


def run(
    history: History,
    features: FeatureSet,
    label: Label,
    plan: Plan,
    registry: Registry,
    business: Business,
    step: Step = lambda _: None,
) -> Outcome:
    """Train and judge a challenger, register it, and move the alias if the gate says so."""
    track.ready(registry)
    made = train(history, features, label, plan, step)
    trained = replace(made, model=named(made.model, {**business.named, **described(made)}))
    step("asking the guards")
    guards = guarded(history, label, trained, plan.now, business.log)
    step("judging it out of time")
    champion = reigning(registry, trained.model)
    before = Before(champion, uses_of_test(registry, trained))
    told = verdict(trained, label, business.offer, business.capacity, before, guards)
    step("judging each horizon and cause")
    parts = cards(trained, label, business.offer, business.capacity)
    step("recording the run")
    left = report(trained, told, label, business.currency, parts)
    decision = noting(told.decision, registry, champion)
    tags = champions.tags_of(decision)
    registered = track.record(registry, trained.model, left, tags)
    champions.settle(registry, registered, decision)
    return Outcome(trained, replace(told, decision=decision), registered)


def noting(decision: Decision, registry: Registry, champion: ChurnModel | None) -> Decision:
    """The decision, and that there was a champion it could not be compared with."""
    held = track.champion_version(registry)
    if champion is not None or held is None:
        return decision
    note = (
        f"The champion before, version {held}, was made with other features than this code "
        "declares: it cannot be scored, and the challenger was judged without it."
    )
    return replace(decision, reasons=(*decision.reasons, note))


def uses_of_test(registry: Registry, trained: Trained) -> int:
    """How many candidates these test rows have judged, this one included.

    The same model made again is no other candidate.
    """
    return len(track.judged_on(registry, digest_of_test(trained)) | {trained.model.version})


def described(trained: Trained) -> dict[str, Any]:
    """What a model knows of its own making."""
    return {
        "recipe": recipe_of(trained),
        "base_rate": float(trained.train["churned"].mean()),
        "data_digest": trained.digest,
        "trained_on": [d.isoformat() for d in trained.split.train],
        "tested_on": [d.isoformat() for d in trained.split.test],
    }


def recipe_of(trained: Trained) -> dict[str, Any]:
    """What was chosen and not learnt: two models of one recipe differ by their data only."""
    kept = (
        "learning_rate",
        "subsample",
        "colsample_bytree",
        "reg_lambda",
        "monotone_constraints_method",
    )
    if trained.model.insufficient:
        return {"baseline": True}
    first = trained.model.boosters[0]
    chosen = {"booster": trained.model.about["booster"]}
    trees = {"trees": first.num_trees()}
    return {name: first.params[name] for name in kept} | trees | chosen


def named(model: ChurnModel, about: Mapping[str, Any]) -> ChurnModel:
    """The model with its version: its training date, and a hash of all that it computes with."""
    parts = [booster.model_to_string() for booster in model.boosters]
    parts += [
        repr(model.components),
        repr(model.days),
        repr(sorted(model.features.contract.items())),
    ]
    fingerprint = hashlib.sha256("".join(parts).encode()).hexdigest()[:8]
    told = {**model.about, **about}
    return replace(model, about={**told, "version": f"{told['trained_now']}-{fingerprint}"})


def reigning(registry: Registry, challenger: ChurnModel) -> ChurnModel | None:
    """The champion, if there is one that can score the challenger's vectors."""
    if track.champion_version(registry) is None:
        return None
    with TemporaryDirectory() as folder:
        try:
            champion = loaded(track.champion(registry, Path(folder)))
        except ContractError:
            # Trained on other definitions: it cannot be scored by this code, nor served by it.
            return None
    asked = set(champion.features.names) <= set(challenger.features.names)
    return champion if asked else None
