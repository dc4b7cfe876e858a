"""A minimal FastAPI application on the same model: what a service costs at the least.

Usage: python -m experiments.benchmarks.bare_app HOME PORT. The customers' vectors lie in memory;
nobody is asked for a key, nothing is counted or logged, and reasons are numbers without words.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from features.sources import opened
from features.usable import usable
from serving.bands import limits_of
from serving.bundle import bundle_at
from serving.cases import Cases
from serving.scorer import Scorer
from training.model import ChurnModel, loaded

MOST = 5


class Asked(BaseModel):
    """Whom to score."""

    customer_ids: list[str]


def app_of(model: ChurnModel, cases: Cases) -> FastAPI:
    """One route: the probability, and the five features that raise it most."""
    app = FastAPI()
    place = {person.customer_id: row for row, person in enumerate(cases.people)}
    names = model.features.names

    @app.post("/score")
    def score(asked: Asked) -> list[dict[str, object]]:
        rows = np.array([place[customer] for customer in asked.customer_ids])
        told = model.told({name: values[rows] for name, values in cases.columns.items()})
        return [
            {
                "customer_id": customer,
                "probability": float(told.probability[row]),
                "reasons": [
                    names[at] for at in np.argsort(told.contributions[row])[: -MOST - 1 : -1]
                ],
            }
            for row, customer in enumerate(asked.customer_ids)
        ]

    return app


def main(home: Path, port: int) -> None:
    """Serve with one worker."""
    model = loaded(bundle_at(home / "bundle"))
    history = usable(opened(str(home / "history")))[0]
    scorer = Scorer(model, history, limits_of(model.about), lambda: datetime.now(UTC))
    cases = scorer.everyone(scorer.next_as_of()).cases
    uvicorn.run(app_of(model, cases), port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
