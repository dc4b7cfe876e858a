"""The pictures say what they show and how many rows they rest on."""

import numpy as np
import pytest

from tests.training.worlds import ABOUT, baselines, judged, world
from training.evaluate import judge
from training.money import Offer
from training.plots import figures

LOGIT, CHURNED = world(1_000)
ROWS = judged(LOGIT, CHURNED)
OFFER = Offer(clv=np.linspace(50, 2_000, 1_000), incentive=20, contact=2)
CARD = judge(ROWS, baselines(LOGIT, CHURNED), ABOUT, offer=OFFER, resamples=20)
FIGURES = figures(ROWS, CARD)


@pytest.mark.parametrize("name", FIGURES)
def test_a_picture_names_its_axes_and_its_rows(name, tmp_path):
    figure = FIGURES[name]
    figure.savefig(tmp_path / "figure.png")
    assert "n = 1,000 rows" in figure.axes[0].get_title(loc="left")
    assert all(axes.get_ylabel() for axes in figure.axes)
    assert figure.axes[-1].get_xlabel()
