"""The kernel says what LightGBM says, of any trees and any values; by theme, what theory says."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.treeshap.cost import WALKED, walked
from training.treeshap.explain import Explainer, by_kernel
from training.treeshap.forest import forest_of
from training.treeshap.trees import MISSING_ZERO, trees_of

Numbers = NDArray[np.float64]
FEATURES = 7
WORDS = (5, 6)  # the columns that hold categories
ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-36, -1e-36, 1e-30, -1.0, 2.5, -0.5, 3e9, 1e300]
NO_TABLES = 0  # bytes


def values(rows: int, seed: int) -> Numbers:
    """Whole and fractional numbers, a constant, and categories; some of each are missing."""
    draw = np.random.default_rng(seed)
    matrix = draw.normal(size=(rows, FEATURES))
    matrix[:, 1] = draw.integers(-2, 3, rows)
    matrix[:, 2] = np.where(draw.random(rows) < 0.6, 0.0, matrix[:, 2])
    matrix[:, 4] = 3.0
    matrix[:, 5] = draw.integers(0, 4, rows)
    matrix[:, 6] = draw.integers(0, 90, rows)
    for column in (0, 2, 5):
        matrix[draw.random(rows) < 0.2, column] = np.nan
    return matrix


def booster(matrix: Numbers, seed: int, trees: int = 6, **how: Any) -> lgb.Booster:
    draw = np.random.default_rng(seed)
    told = np.nan_to_num(matrix)
    odds = told[:, 0] * told[:, 3] + (told[:, 1] > 0) - told[:, 2] + (told[:, 5] == 2)
    odds = odds + np.sin(told[:, 6]) + draw.normal(size=len(matrix))
    given = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": seed}
    given |= {
        "min_data_in_leaf": 2,
        "min_data_per_group": 2,
        "cat_smooth": 1,
        "feature_fraction": 0.8,
    }
    data = lgb.Dataset(matrix, odds > 0.5, categorical_feature=list(WORDS), params=given | how)
    return lgb.train(given | how, data, trees)


def odd(matrix: Numbers, seed: int) -> Numbers:
    """The same with values in it that nobody was trained on."""
    draw = np.random.default_rng(seed)
    return np.where(draw.random(matrix.shape) < 0.3, draw.choice(ODD, matrix.shape), matrix)


def same(boosters: Sequence[lgb.Booster], matrix: Numbers, **how: Any) -> None:
    told = by_kernel(forest_of([[each.model_to_string() for each in boosters]], **how), matrix)
    oracle = np.mean(
        [b.predict(matrix, pred_contrib=True, num_threads=1) for b in boosters], axis=0
    )
    margins = np.mean([b.predict(matrix, raw_score=True, num_threads=1) for b in boosters], axis=0)
    assert told.contributions[0] == pytest.approx(oracle[:, :-1], abs=1e-9)
    assert told.typical[0] == pytest.approx(oracle[0, -1], abs=1e-9)
    assert told.margins[0] == pytest.approx(margins, abs=1e-9)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    leaves=st.sampled_from([2, 3, 7, 15, 31, 90]),
    boosters=st.integers(1, 3),
    zero_as_missing=st.booleans(),
    use_missing=st.booleans(),
    max_bin=st.sampled_from([4, 255]),
    max_cat_to_onehot=st.sampled_from([1, 8]),
    most_bytes=st.sampled_from([NO_TABLES, 20_000, 2**27]),
)
def test_contributions_margins_and_the_typical_are_lightgbms(
    seed: int, leaves: int, boosters: int, most_bytes: int, **how: Any
):
    matrix = values(400, seed)
    made = [booster(matrix, seed + k, num_leaves=leaves, **how) for k in range(boosters)]
    same(made, odd(matrix, seed), most_bytes=most_bytes)


@pytest.mark.parametrize("rows", [1, 255, 256, 257, 5_000])
def test_any_number_of_rows_is_told_also_where_threads_share_them(rows: int):
    matrix = values(rows, 1)
    same([booster(values(400, 1), 1, num_leaves=9)], matrix)


def test_trees_without_a_split_say_the_same_of_everybody():
    matrix = values(50, 2)
    same([booster(matrix, 2, min_data_in_leaf=500)], matrix)
    same([booster(matrix, 2, min_data_in_leaf=500), booster(matrix, 2, num_leaves=5)], matrix)


def test_very_deep_trees_of_many_features_are_told():
    draw = np.random.default_rng(5)
    matrix = draw.normal(size=(3_000, 40))
    how = {"objective": "regression", "num_leaves": 300, "min_data_in_leaf": 1, "verbosity": -1}
    made = lgb.train(how | {"num_threads": 1}, lgb.Dataset(matrix, matrix.sum(axis=1) ** 3), 3)
    same([made], matrix[:200])


def test_one_pass_tells_the_parts_of_a_model_apart():
    matrix = values(400, 3)
    parts = [[booster(matrix, k, num_leaves=k + 3), booster(matrix, 9 - k)] for k in range(3)]
    told = Explainer(parts).explained(matrix)
    for k, part in enumerate(parts):
        alone = by_kernel(forest_of([[each.model_to_string() for each in part]]), matrix)
        assert told.contributions[k] == pytest.approx(alone.contributions[0], abs=1e-12)
        assert told.margins[k] == pytest.approx(alone.margins[0], abs=1e-12)


def test_few_rows_are_told_by_lightgbm_until_the_tables_are_made_and_nobody_can_tell():
    matrix = values(400, 4)
    explainer = Explainer([[booster(matrix, 4)], [booster(matrix, 5)]])
    before = explainer.explained(matrix[:3])
    assert "forest" not in vars(explainer)
    assert explainer.forest is not None
    after = explainer.explained(matrix[:3])
    assert after.contributions == pytest.approx(before.contributions, abs=1e-12)
    assert after.margins == pytest.approx(before.margins, abs=1e-12)


def test_tables_take_no_more_memory_than_they_may():
    matrix = values(400, 6)
    text = booster(matrix, 6, num_leaves=31, trees=20).model_to_string()
    sizes = [forest_of([[text]], most_bytes=most).tables.told.nbytes for most in (10**8, 30_000)]
    assert sizes[0] > 30_000 >= sizes[1] > 0


def test_the_cost_of_a_row_grows_with_the_trees_and_their_leaves_and_is_the_same_every_time():
    matrix = values(400, 11)
    small, large = booster(matrix, 11, num_leaves=4), booster(matrix, 11, num_leaves=31)
    alone, again = Explainer([[small]]).cost, Explainer([[small]]).cost
    assert alone == again > 0
    assert Explainer([[small], [small]]).cost == pytest.approx(2 * alone)
    assert Explainer([[large]]).cost > 2 * alone


def test_lightgbms_own_way_costs_what_its_paths_have_of_branches():
    matrix = values(400, 12)
    [two_leaves] = [booster(matrix, 12, trees=1, num_leaves=2).model_to_string()]
    assert walked([two_leaves]) == WALKED * (1 * 2 + 1 * 2)
    linear = booster(np.nan_to_num(matrix), 12, linear_tree=True)
    assert math.isnan(Explainer([[linear]]).cost)


@pytest.mark.parametrize(
    "how", [{"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1}, {"linear_tree": True}]
)
def test_boosters_of_another_kind_are_left_to_lightgbm(how: dict[str, Any]):
    matrix = np.nan_to_num(values(400, 7))
    made = booster(matrix, 7, **how)
    with pytest.raises(ValueError, match="read"):
        trees_of([made.model_to_string()])


def goes_left(trees: Any, number: int, value: float) -> bool:
    """Which way a value goes at a node, by what LightGBM's documentation says of missing values."""
    if trees.categorical[number]:
        return abs(value) < 2**31 and int(value) in trees.categories[number]
    kind, zero = trees.missing[number], bool(abs(value) <= np.float32(1e-35))
    if (np.isnan(value) and kind) or (zero and kind == MISSING_ZERO):
        return not trees.default_right[number]
    return bool((0.0 if np.isnan(value) or zero else value) <= trees.threshold[number])


@dataclass(frozen=True)
class Game:
    """The game that a row's themes play: what the trees say where only some of them are known."""

    trees: Any
    themes: Sequence[int]
    row: Numbers

    def worth(self, known: set[int]) -> float:
        every = range(len(self.trees.node_start) - 1)
        return sum(self._below(tree, 0 if self._grown(tree) else ~0, known) for tree in every)

    def _grown(self, tree: int) -> bool:
        return bool(self.trees.node_start[tree + 1] > self.trees.node_start[tree])

    def _below(self, tree: int, node: int, known: set[int]) -> float:
        trees = self.trees
        first, leaf = trees.node_start[tree], trees.leaf_start[tree]
        if node < 0:
            return float(trees.value[leaf + ~node])
        number = first + node
        ways = int(trees.left[number]), int(trees.right[number])
        feature = trees.feature[number]
        if self.themes[feature] in known:
            left = goes_left(trees, number, self.row[feature])
            return self._below(tree, ways[0] if left else ways[1], known)
        rows = [trees.count[first + c] if c >= 0 else trees.leaf_count[leaf + ~c] for c in ways]
        return float(np.average([self._below(tree, c, known) for c in ways], weights=rows))


def shapley(game: Game, themes: int) -> list[float]:
    """By theme, by its definition: the mean of what it adds to all coalitions of the others."""
    told = [0.0] * themes
    for theme in range(themes):
        others = [other for other in range(themes) if other != theme]
        for size in range(themes):
            weight = math.factorial(size) * math.factorial(themes - size - 1)
            for some in combinations(others, size):
                gain = game.worth({*some, theme}) - game.worth({*some})
                told[theme] += weight / math.factorial(themes) * gain
    return told


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    themes=st.lists(st.integers(0, 3), min_size=FEATURES, max_size=FEATURES),
    leaves=st.sampled_from([2, 5, 12]),
    zero_as_missing=st.booleans(),
    most_bytes=st.sampled_from([NO_TABLES, 2**27]),
)
def test_contributions_by_theme_are_the_shapley_values_of_the_game_among_themes(
    seed: int, themes: list[int], leaves: int, zero_as_missing: bool, most_bytes: int
):
    matrix = values(300, seed)
    made = booster(matrix, seed, 3, num_leaves=leaves, zero_as_missing=zero_as_missing)
    text, rows = made.model_to_string(), odd(matrix, seed)[:3]
    told = by_kernel(forest_of([[text]], players=themes, most_bytes=most_bytes), rows)
    trees, many = trees_of([text]), max(themes) + 1
    expected = np.array([shapley(Game(trees, themes, row), many) for row in rows])
    assert told.contributions[0] == pytest.approx(expected, abs=1e-9)
    assert told.margins[0] == pytest.approx(made.predict(rows, raw_score=True), abs=1e-9)
