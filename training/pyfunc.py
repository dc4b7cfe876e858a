"""How MLflow's own tools run the model: `_load_pyfunc` is the name MLflow looks for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from training.model import ChurnModel, loaded


@dataclass(frozen=True)
class Pyfunc:
    """The model behind MLflow's one method."""

    model: ChurnModel

    def predict(self, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """`probability` of the horizon and of each month's end before, for vectors as signed."""
        leaving = self.model.outlook(model_input).leaving
        names = [f"probability_{days}" for days in self.model.days]
        return pd.DataFrame(
            {"probability": leaving[:, -1], **dict(zip(names, leaving.T, strict=True))}
        )


def _load_pyfunc(path: str) -> Pyfunc:
    return Pyfunc(loaded(Path(path)))
