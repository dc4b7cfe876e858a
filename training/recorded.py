"""What a training run leaves behind: parameters, metrics, documents and pages."""

from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from types import MappingProxyType
from typing import Any

from training import track
from training.figures import Measure, measures
from training.gate import Decision
from training.labels import Label
from training.model import ChurnModel
from training.model_card import model_card, written
from training.page.rendered import scorecard_files
from training.scorecard import Scorecard
from training.track import Run
from training.train import Trained, digest_of
from training.verdict import Verdict
from training.watched import watched

NO_PARTS: Mapping[str, Scorecard] = MappingProxyType({})


def report(
    trained: Trained,
    told: Verdict,
    label: Label,
    currency: str,
    parts: Mapping[str, Scorecard] = NO_PARTS,
) -> Run:
    """Everything a run logs beside its model; `parts` are the cards of horizons and causes."""
    names = trained.model.features.names
    card, others = told.scorecard.to_dict(), {n: each.to_dict() for n, each in parts.items()}
    about = _about(trained.model, told.decision, currency)
    words = model_card(trained.model, label, card, told.guards, told.decision.outcome)
    return Run(
        params=parameters(trained, label),
        metrics=metrics(told),
        tags={
            "digest": trained.digest,
            "grade": told.scorecard.grade.letter,
            track.TEST_DIGEST: digest_of_test(trained),
            track.MODEL_VERSION: trained.model.version,
        },
        documents={
            "scorecard": card,
            **{f"scorecard_{name}": each for name, each in others.items()},
            "contract": trained.model.features.contract,
            "about": about,
            "model_card": words,
            "drift": watched(trained),
            "guards": [asdict(each) for each in told.guards],
            "decision": {"outcome": told.decision.outcome, "reasons": told.decision.reasons},
        },
        texts={
            **scorecard_files(card, about, list(others.values())),
            "model_card.md": written(words, trained.model.version),
        },
        example=trained.test[names].head(3).reset_index(drop=True),
        data=trained.snapshots.rows,
        digest=trained.digest,
    )


def _about(model: ChurnModel, decision: Decision, currency: str) -> dict[str, Any]:
    """What the scorecard's page says of the model besides its figures."""
    about = {"version": model.version, "currency": currency}
    return about | {"decision": decision.outcome, "reasons": decision.reasons}


def parameters(trained: Trained, label: Label) -> dict[str, Any]:
    """The run's parameters: label, dates, seeds, calibration and the boosters' own settings."""
    settings = trained.model.boosters[0].params if trained.model.boosters else {}
    kept = {k: v for k, v in settings.items() if k not in ("monotone_constraints", "verbosity")}
    return {
        **{f"label_{k}": v for k, v in vars(label).items()},
        **{f"lightgbm_{k}": v for k, v in kept.items()},
        "train_dates": len(trained.split.train),
        "test_dates": len(trained.split.test),
        "train_rows": len(trained.snapshots.all_on(trained.split.train)),
        "test_rows": len(trained.test),
        "boosters": len(trained.model.boosters),
        "causes": ", ".join(trained.model.causes),
        "months": ", ".join(map(str, trained.model.days)),
        **calibrations(trained.model),
    }


def calibrations(model: ChurnModel) -> dict[str, float]:
    """Each component's line under a name of its own."""
    return {
        f"calibration_{each.cause}_{model.days[each.month - 1]}_{name}": value
        for each in model.components
        for name, value in asdict(each.calibration).items()
    }


def metrics(told: Verdict) -> dict[str, float]:
    """Every measure of the scorecard with its interval, under names MLflow takes."""
    card = told.scorecard
    found = {m.name: m for block in vars(card).values() for m in measures(block)}
    flat: dict[str, float] = {}
    for name, measure in found.items():
        flat |= _with_interval(_key(name), measure)
    return flat | {f"gate_{k}": float(v) for k, v in told.decision.numbers.items() if isfinite(v)}


def _with_interval(key: str, measure: Measure) -> dict[str, float]:
    value = measure.value
    parts = {key: value.point, f"{key}_low": value.low, f"{key}_high": value.high}
    return {name: float(v) for name, v in parts.items() if isfinite(v)}


def _key(name: str) -> str:
    """A metric's name: letters, digits and underscores."""
    return "_".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


def digest_of_test(trained: Trained) -> str:
    """A fingerprint of the test: which customers, on which dates, and what became of them."""
    return digest_of(trained.test[["churned", "churned_at"]])
