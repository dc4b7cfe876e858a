"""Contributions of whole themes: the exact Shapley values of the game in which themes play.

Summing features' contributions splits what two features of different themes do together among
features; here it is split among themes. Where a theme's features say the same thing in many ways,
the sums depend on how many ways there are, and these values do not.
"""

from features.errors import ContractError
from features.feature import Theme
from training.contract import Vectors
from training.model import ChurnModel, Told
from training.treeshap.explain import Explainer


def themes_of(model: ChurnModel) -> tuple[Theme, ...]:
    """The model's themes, in the order of the columns that are told by theme."""
    return tuple(dict.fromkeys(feature.theme for feature in model.features))


def theme_explainer(model: ChurnModel) -> Explainer:
    """What tells the themes' contributions; its tables are made once, so keep it.

    Raises:
        ContractError: The kernel is not installed, or the model tells nobody apart.
    """
    if model.insufficient:
        raise ContractError(f"No theme contributes: {model.insufficient}")
    themes = themes_of(model)
    made = Explainer(model.ensembles, [themes.index(each.theme) for each in model.features])
    if made.forest is None:
        raise ContractError(
            "Contributions by theme are told by the compiled kernel alone: install the extra "
            "`fast`, or add up the features' contributions."
        )
    return made


def told_by_theme(model: ChurnModel, vectors: Vectors, by: Explainer | None = None) -> Told:
    """What a model says of vectors, with contributions (rows, themes) in log-odds.

    A theme's contribution is its Shapley value among themes (Shapley 1953, with the path-dependent
    game of Lundberg et al. 2020 in which a coalition is a set of whole themes); they sum to
    logit(probability) - typical, as the features' do. `by` is a kept `theme_explainer`.

    Raises:
        ContractError: As `theme_explainer`.
    """
    return model.told(vectors, by=by or theme_explainer(model))
