"""Who is champion: by the gate, by a person's word, and back again; everything on record."""

import ast
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import churn
from features.errors import AlreadyChampion, ExitCode, ModelMissing, Refused
from training import champions, track
from training.champions import Word, promote, rollback, settle
from training.gate import Decision
from training.run import Outcome
from training.track import BUNDLE, Registered, Registry

ANN = Word("Ann", "the leak is explained", datetime(2026, 11, 25, 9, tzinfo=UTC))
PASSED = Decision("promote", ("AUC .75: it is surely above the best baseline's .70.",))
HELD = Decision("hold", ("Guard month-of-event cliff (notice) FIRED: .27.", "Needs a note: .55."))
REFUSED = Decision("refuse", ("Calibration slope .4: it is not within .8 to 1.25.",))
Made = Callable[[Decision | None], Registered]


@pytest.fixture
def models(registry: Registry, outcome: Outcome, request: pytest.FixtureRequest) -> Registry:
    """A registry of another name beside the trained model's own."""
    named = Registry(registry.uri, request.node.name)
    named.client.create_registered_model(named.name)
    return named


@pytest.fixture
def made(models: Registry, registry: Registry, outcome: Outcome) -> Made:
    """One more version, with what the gate said of it."""
    place = str(registry.client.get_model_version("churn", outcome.registered.version).source)
    client = models.client
    experiment = client.create_experiment(models.name)

    def _made(decision: Decision | None) -> Registered:
        run_id = client.create_run(experiment).info.run_id
        number = client.create_model_version(models.name, place, run_id).version
        version = track.registered(models, str(number))
        if decision is not None:
            settle(models, version, decision)
        return version

    return _made


def test_the_gate_promotes_what_passes_and_nothing_else(models: Registry, made: Made):
    for decision, champion in [(HELD, None), (REFUSED, None), (PASSED, "3"), (REFUSED, "3")]:
        made(decision)
        assert track.champion_version(models) == champion


def test_a_held_model_is_promoted_by_name_and_reason_and_both_are_recorded(models, made: Made):
    made(PASSED)
    made(HELD)
    told = promote(models, "2", ANN)
    assert (track.champion_version(models), told.before) == ("2", "1")
    assert told.overridden == HELD.reasons
    version = track.registered(models, "2")
    run = models.client.get_run(version.run_id).data
    for tags in (version.tags, run.tags):
        assert (tags["override_by"], tags["override_reason"]) == ("Ann", "the leak is explained")
        assert tags["overridden"].split("\n") == list(HELD.reasons)
        assert tags["override_at"] == "2026-11-25T09:00:00+00:00"


def test_without_a_version_the_newest_is_promoted(models: Registry, made: Made):
    made(PASSED)
    made(HELD)
    assert promote(models, None, ANN).champion.version == "2"


@pytest.mark.parametrize(("decision", "says"), [(REFUSED, "slope .4"), (None, "never judged")])
def test_what_was_refused_or_never_judged_is_promoted_only_by_force(models, made, decision, says):
    made(PASSED)
    made(decision)
    with pytest.raises(Refused, match=says) as refused:
        promote(models, "2", ANN)
    assert refused.value.exit_code == ExitCode.REFUSED
    assert track.champion_version(models) == "1"
    promote(models, "2", ANN, force=True)
    assert track.champion_version(models) == "2"
    assert track.registered(models, "2").tags["override"] == "force"


def test_a_version_that_is_not_there_names_those_that_are(models: Registry, made: Made):
    with pytest.raises(ModelMissing, match="it has none"):
        promote(models, None, ANN)
    made(HELD)
    made(HELD)
    with pytest.raises(ModelMissing, match=r"no version 9 of .*its versions are 1, 2"):
        promote(models, "9", ANN)


def test_the_champion_is_not_promoted_again(models: Registry, made: Made):
    made(PASSED)
    with pytest.raises(AlreadyChampion, match="Version 1"):
        promote(models, "1", ANN)


@pytest.mark.parametrize("word", [("", "why"), ("Ann", "  ")])
def test_an_override_without_a_name_or_a_reason_is_none(word: tuple[str, str]):
    with pytest.raises(ValueError, match="a name and a reason"):
        Word(*word, ANN.at)


def test_rollbacks_walk_back_over_the_champions_and_stop_at_the_first(models, made: Made):
    for _ in range(3):
        made(PASSED)
    assert [rollback(models, ANN).champion.version for _ in range(2)] == ["2", "1"]
    with pytest.raises(ModelMissing, match="no champion before version 1"):
        rollback(models, ANN)
    assert track.champion_version(models) == "1"
    assert track.registered(models, "3").tags["override"] == "rollback"


def test_after_a_rollback_the_next_champion_follows_the_one_gone_back_to(models, made: Made):
    made(PASSED)
    made(PASSED)
    rollback(models, ANN)
    made(PASSED)
    assert champions.succession(models) == ["1", "3"]
    assert rollback(models, ANN).champion.version == "1"
    assert [reign.how for reign in champions.reigns(models)] == [
        *("gate", "gate", "rollback", "gate", "rollback")
    ]


def test_there_is_nothing_to_go_back_to_before_the_first_champion(models: Registry):
    with pytest.raises(ModelMissing, match="no champion yet"):
        rollback(models, ANN)


def test_a_champion_that_came_without_any_note_can_be_gone_back_to(models, made: Made):
    made(HELD)
    track.crowned(models, "1", "not_a_note", "")
    made(PASSED)
    assert rollback(models, ANN).champion.version == "1"
    assert "without any note" in champions.reigns(models)[0].reason


def test_a_model_that_this_code_cannot_serve_is_not_promoted(models, registry, outcome, tmp_path):
    mine = track.fetched(registry, outcome.registered.version, tmp_path / "got")
    other = tmp_path / "other"
    shutil.copytree(mine, other / BUNDLE / "bundle")
    file = other / BUNDLE / "bundle" / "model.json"
    said = json.loads(file.read_text())
    said["contract"]["mrr"] = "a state of something else"
    file.write_text(json.dumps(said))
    (file.parent / "seal.json").unlink()  # as models of before there were seals
    models.client.create_model_version(models.name, str(other), outcome.registered.run_id)
    with pytest.raises(ModelMissing, match=r"Version 1 cannot be served: .*mrr"):
        promote(models, "1", ANN, force=True)
    assert track.champion_version(models) is None


def calls_of(name: str) -> list[str]:
    """The functions of the product that call something of this name, as module.function."""
    root = Path(churn.__file__).parent
    paths = [
        path
        for room in ("features", "training", "serving")
        for path in root.glob(f"{room}/**/*.py")
    ]
    trees = {p.stem: ast.parse(p.read_text()) for p in paths if f"{name}(" in p.read_text()}
    return [
        f"{module}.{function.name}"
        for module, tree in trees.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] == name
    ]


def test_the_alias_moves_in_one_place_only():
    assert calls_of("set_registered_model_alias") == ["registry.crowned"]
    assert calls_of("delete_registered_model_alias") == []
    assert set(calls_of("crowned")) == {"champions._noted"}
    assert set(calls_of("_noted")) == {"champions._crown"}
    assert set(calls_of("_crown")) == {
        "champions.settle",
        "champions.promote",
        "champions.rollback",
    }


def test_the_commands_say_what_they_overrode_and_end_with_their_codes(
    models: Registry, made: Made, monkeypatch, capsys, tmp_path
):
    monkeypatch.setenv("CHURN_TRACKING_URI", models.uri)
    monkeypatch.setenv("CHURN_MODEL_NAME", models.name)
    monkeypatch.setenv("CHURN_HOME", str(tmp_path))
    made(PASSED)
    made(HELD)

    def ended(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as code:
            churn.main(words)
        said = capsys.readouterr()
        return int(code.value.code or 0), said.out + said.err

    code, said = ended("promote", "--by", "Ann", "--reason", "explained")
    assert (code, said.splitlines()[0]) == (
        0,
        "Version 2 is champion instead of version 1: by Ann, because: explained",
    )
    assert f"  overridden: {HELD.reasons[0]}" in said
    assert ended("promote", "--by", "Ann", "--reason", "again")[0] == ExitCode.ARGUMENTS
    assert ended("promote", "7", "--by", "Ann", "--reason", "explained")[0] == ExitCode.MODEL
    assert ended("promote", "1", "--by", " ", "--reason", "explained")[0] == ExitCode.ARGUMENTS
    assert ended("promote", "1")[0] == ExitCode.ARGUMENTS
    code, said = ended("rollback", "--by", "Bob", "--reason", "complaints", "--json")
    assert (code, json.loads(said)["version"], json.loads(said)["before"]) == (0, "1", "2")
    assert ended("rollback", "--by", "Bob", "--reason", "more")[0] == ExitCode.MODEL
