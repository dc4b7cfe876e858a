"""The simulation of the gate compares as the gate does."""

import pytest

from experiments.gate_power.__main__ import compared, share
from experiments.gate_power.world import World, pair
from training.gate import compare


def test_customers_taken_as_one_row_give_what_the_gate_finds_on_all_their_rows():
    champion, challenger = pair(World(300, gain=0.0), seed=3)
    found, _ = compared(champion, challenger, resamples=40, seed=1)
    gate = compare(challenger, champion, resamples=40, seed=1)
    assert found.chance_better == gate.chance_better
    for ours, gates in (
        (found.auc_gain, gate.auc_gain),
        (found.log_loss_gain, gate.log_loss_gain),
    ):
        assert [ours.point, ours.low, ours.high] == pytest.approx(
            [gates.point, gates.low, gates.high], abs=1e-12
        )


def test_a_share_of_none_still_has_an_interval():
    assert share([False] * 400) == {"share": 0.0, "low": 0.0, "high": 0.0067}
