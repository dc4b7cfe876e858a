"""One page about a model, from what a run, a backtest and the newest history left."""

import json
import re
from dataclasses import replace
from datetime import date

import pytest

from features.drift import REFERENCE, Reference, numbers
from features.errors import ContractError
from features.feature import Theme
from features.measures import last
from features.relationship import known
from tests.training.conftest import LABEL
from training.attributes import columns_read, ground_of, protected
from training.backtest import Stop
from training.labels import InactivityLabel
from training.model_card import meant, model_card, written
from training.page.words import held_out
from training.reported import gathered, moved
from training.snapshots import last_day
from training.walked import leave

TODAY = date(2026, 11, 25)


@pytest.fixture(scope="module")
def told(outcome, registry, history, tmp_path_factory):
    walked = tmp_path_factory.mktemp("backtest")
    stop = Stop("2024-01-01", ("2023-06-01",), card=outcome.verdict.scorecard.to_dict())
    leave([stop], walked, {"now": "2024-06-01", "seeds": 1, "trees": 30})
    as_of = last_day(history)
    return gathered(registry, history, LABEL, walked, as_of, TODAY, outcome.registered.version)


def test_scorecard_card_backtest_and_drift_are_on_one_page_that_fetches_nothing(told):
    page = told.page
    for part in ("scorecard", "model-card", "backtest", "drift"):
        assert f'<h2 class="part" id="{part}">' in page
    assert "as-of dates the model of the day was fit to act on" in page
    assert not re.search(r"https?:|//[a-z]|url\(|@import|\bsrc=", page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_without_a_backtest_the_page_says_how_to_get_one(told):
    assert "Run it, then <code>churn report</code> again" in replace(told, walk=None).page


def test_a_version_judged_by_another_release_is_refused_by_name(told):
    card = {k: v for k, v in told.documents["scorecard"].items() if k != "horizons"}
    other = replace(told, documents={**told.documents, "scorecard": card})
    with pytest.raises(ContractError, match=r"judged by another release .*'horizons'"):
        assert other.page


def test_the_newest_customers_are_held_against_those_learnt_from(told, trained):
    found = told.moved
    assert {each.name for each in found.drifts} == {"score", *trained.model.features.names}
    assert found.then["tenure"] != found.now["tenure"]  # a company that grows older


def test_a_score_that_moved_is_told_first(bundle, trained, history, tmp_path):
    kept = tmp_path / "bundle"
    trained.model.save(kept)
    assert moved(kept, history, LABEL, last_day(history)) is None
    low = Reference({}, numbers([0.001, 0.002, 0.003, 0.004] * 50))
    (kept / REFERENCE).write_text(json.dumps(low.said()))
    found = moved(kept, history, LABEL, last_day(history))
    assert found is not None
    assert [each.name for each in found.warning] == ["score"]


@pytest.fixture(scope="module")
def card(outcome):
    told = outcome.verdict
    scorecard = told.scorecard.to_dict()
    return model_card(outcome.trained.model, LABEL, scorecard, told.guards, "hold")


def test_the_model_card_says_purpose_data_limits_and_whom_it_could_wrong(card, outcome):
    assert [section["title"] for section in card] == [
        "The model",
        "What it is for",
        "What it must not be used for",
        "What it was made from",
        "What it looks at",
        "How good it is",
        "Where it is weak",
        "Whom it could wrong",
        "Who watches it",
    ]
    text = written(card, "v1")
    assert outcome.trained.model.version in text
    assert "a score is a risk, not who can be saved" in text
    for line in outcome.verdict.scorecard.failures("ranking", "probability"):
        assert line.sentence in text


def test_the_card_names_every_attribute_of_the_customer_that_is_read(card):
    [ethics] = [section for section in card if section["title"] == "Whom it could wrong"]
    assert ethics["lines"][0].startswith("No protected attribute is read")
    assert [row[0] for row in ethics["rows"]] == ["segment", "country", "channel", "touch"]


def test_a_time_elapsed_reads_the_moments_between_which_it_elapsed(trained):
    read = {
        name: {c.name for c in columns}
        for name, columns in columns_read(trained.model.features).items()
    }
    assert {"opened_at", "first_response_at"} <= read["tickets"]
    assert "treatments" not in read


@pytest.mark.parametrize(
    ("name", "ground"), [("birth_year", "age"), ("usage", ""), ("Gender", "sex"), ("page", "")]
)
def test_a_protected_ground_is_known_by_whole_words(name, ground):
    assert ground_of(name).startswith(ground)
    assert bool(ground_of(name)) == bool(ground)


def test_an_attribute_named_after_a_protected_ground_is_called_out(trained):
    stolen = known(
        name="gender",
        measure=last("segment"),
        theme=Theme.PROFILE,
        categorical=True,
        unit="",
        if_none="unknown",
        reason="{value}",
        example="",
        gives=None,
    )
    features = trained.model.features.plus(stolen)
    assert protected(features) == {"gender": "sex, gender or orientation"}
    assert protected(trained.model.features, ["health_check", "religious_feast"]) == {
        "religious_feast": "religion or belief"
    }


def test_what_churn_means_is_said_by_the_label():
    assert "from 0 to 60 days after" in meant(LABEL)
    assert "uses nothing at all from 0 to 30" in meant(InactivityLabel(30, 0, 3))


def test_the_hold_out_is_told_in_a_sentence_or_its_absence_is():
    assert "records no treatments" in held_out({"interventions": []})
    value = {"point": 1.1, "low": 0.9, "high": 1.3}
    arm = {
        "arm": "held out at random",
        "rows": 900,
        "churned": 40,
        "treated": 30,
        "observed_expected": {"value": value},
        "auc": {"value": value},
    }
    assert "30 of 900 rows were treated all the same" in held_out({"interventions": [arm]})
    nobody = held_out({"interventions": [arm | {"arm": "treated"}]})
    assert nobody.startswith("Nobody was held out")
