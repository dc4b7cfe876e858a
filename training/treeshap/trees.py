"""Trees as arrays, read from the text that LightGBM writes of a booster: nothing in it can run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.int64]
Lines: TypeAlias = Mapping[str, str]

CATEGORICAL, DEFAULT_RIGHT = 1, 0  # of decision_type: its first bit; its second where it is 0
MISSING_ZERO, MISSING_NAN = 1, 2
SINGLE = {"num_class": "1", "num_tree_per_iteration": "1"}
WORD = 32  # bits of one number of a set of categories


@dataclass(frozen=True)
class Trees:
    """The trees of some boosters, one after the other; their inner nodes and leaves likewise.

    A child is an inner node of its tree if it is not negative, else the leaf ~child; a node's
    number is smaller than its children's. `categories` go left, by node. `count` and `leaf_count`
    are the rows that a node or leaf was grown on. `size` is the number of each booster's trees.
    """

    feature: Places
    threshold: Floats
    decision: Places
    left: Places
    right: Places
    count: Floats
    value: Floats
    leaf_count: Floats
    node_start: Places
    leaf_start: Places
    categories: Mapping[int, Places]
    size: Places
    features: int

    @property
    def categorical(self) -> NDArray[np.bool_]:
        """Whether each node asks for a category."""
        return (self.decision & CATEGORICAL) > 0

    @property
    def default_right(self) -> NDArray[np.bool_]:
        """Whether each node sends what is missing to the right."""
        return np.asarray((self.decision >> 1) & 1 == DEFAULT_RIGHT)

    @property
    def missing(self) -> Places:
        """What each node takes as missing: nothing, zeros too, or what is no number."""
        return (self.decision >> 2) & 3

    @property
    def typical(self) -> Floats:
        """Each tree's mean over the rows that it was grown on: where contributions start."""
        first = self.leaf_start[:-1]
        weighed = np.add.reduceat(self.value * self.leaf_count, first)
        rows = np.add.reduceat(self.leaf_count, first)
        alone = np.diff(self.leaf_start) == 1
        return np.where(alone, self.value[first], weighed / np.where(alone, 1, rows))


def trees_of(texts: Sequence[str]) -> Trees:
    """The trees of some boosters, in their order.

    Raises:
        ValueError: A booster is of a kind that is not read here: of several classes, of linear
            leaves, or a random forest.
    """
    heads, boosters = zip(*(_parted(text) for text in texts), strict=True)
    trees = [tree for booster in boosters for tree in booster]
    leaf_start = _starts([int(tree["num_leaves"]) for tree in trees])
    node_start = leaf_start - np.arange(len(leaf_start))
    return Trees(
        feature=_whole(trees, "split_feature"),
        threshold=_numbers(trees, "threshold"),
        decision=_whole(trees, "decision_type"),
        left=_whole(trees, "left_child"),
        right=_whole(trees, "right_child"),
        count=_numbers(trees, "internal_count"),
        value=_numbers(trees, "leaf_value"),
        leaf_count=_numbers([{"leaf_count": "1"} | tree for tree in trees], "leaf_count"),
        node_start=node_start,
        leaf_start=leaf_start,
        categories=_categories(trees, node_start),
        size=np.array([len(booster) for booster in boosters]),
        features=max(int(head["max_feature_idx"]) + 1 for head in heads),
    )


def _parted(text: str) -> tuple[Lines, list[Lines]]:
    """A booster's head and its trees, each as its lines by their keys."""
    head, *trees = text.split("\nend of trees", maxsplit=1)[0].split("\nTree=")
    said, lines = _lines(head), [_lines(tree) for tree in trees]
    if any(said.get(key) != only for key, only in SINGLE.items()) or "average_output" in said:
        raise ValueError("Only boosters of one sum of trees are read.")
    if any(tree.get("is_linear", "0") != "0" for tree in lines):
        raise ValueError("Trees with linear leaves are not read.")
    return said, lines


def _lines(text: str) -> Lines:
    return {key: said for key, _, said in (line.partition("=") for line in text.splitlines())}


def _numbers(trees: Sequence[Lines], key: str) -> Floats:
    return np.array(" ".join(tree.get(key, "") for tree in trees).split(), dtype=np.float64)


def _whole(trees: Sequence[Lines], key: str) -> Places:
    return _numbers(trees, key).astype(np.int64)


def _starts(sizes: Sequence[int]) -> Places:
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])


def _categories(trees: Sequence[Lines], node_start: Places) -> dict[int, Places]:
    """The categories that go left, by node: kept as bits in numbers of 32, one set after another.

    A categorical node's threshold is the number of its set in the tree.
    """
    found: dict[int, Places] = {}
    for tree, first in zip(trees, node_start, strict=False):
        if int(tree["num_cat"]):
            bounds, words = _whole([tree], "cat_boundaries"), _whole([tree], "cat_threshold")
            kinds, sets = _whole([tree], "decision_type"), _numbers([tree], "threshold")
            for node in np.flatnonzero(kinds & CATEGORICAL):
                place = int(sets[node])
                found[int(first + node)] = _members(words[bounds[place] : bounds[place + 1]])
    return found


def _members(words: Places) -> Places:
    bits = (words[:, None] >> np.arange(WORD)) & 1
    return np.flatnonzero(bits.ravel())
