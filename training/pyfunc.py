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
        """One column, `probability`, for vectors as the signature names them."""
        return pd.DataFrame({"probability": self.model.probability(model_input)})


def _load_pyfunc(path: str) -> Pyfunc:
    return Pyfunc(loaded(Path(path)))
