"""Settings: which of several wins, and how a wrong one names itself."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from features.errors import SettingsError
from features.settings import read_settings

Written = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    """Writes churn.toml into the working directory."""
    monkeypatch.chdir(tmp_path)

    def _written(text: str) -> Path:
        path = tmp_path / "churn.toml"
        path.write_text(text)
        return path

    return _written


def test_without_any_setting_the_demo_is_meant(written: Written) -> None:
    settings = read_settings()
    assert settings.history == "demo/history"
    assert settings.tracking_uri == "sqlite:///demo/mlflow.db"
    assert (settings.bundle, settings.scores) == (Path("demo/bundle"), Path("demo/scores"))


def test_paths_lie_in_home_unless_they_are_set(written: Written) -> None:
    written('home = "acme"\nscores = "elsewhere"')
    settings = read_settings()
    assert (settings.history, settings.bundle) == ("acme/history", Path("acme/bundle"))
    assert settings.scores == Path("elsewhere")


def test_code_wins_over_environment_over_file_over_default(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_settings().horizon_days == 90
    written("horizon_days = 60")
    assert read_settings().horizon_days == 60
    monkeypatch.setenv("CHURN_HORIZON_DAYS", "45")
    assert read_settings().horizon_days == 45
    assert read_settings(horizon_days=30).horizon_days == 30


def test_the_file_may_lie_where_churn_config_says(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written("capacity = 10").rename(tmp_path / "acme.toml")
    monkeypatch.setenv("CHURN_CONFIG", str(tmp_path / "acme.toml"))
    assert read_settings().capacity == 10


def test_lists_read_the_same_from_file_and_environment(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    written('key_events = ["login", "export"]\nbands = [0.1, 0.2, 0.5]')
    from_file = read_settings()
    written("")
    monkeypatch.setenv("CHURN_KEY_EVENTS", "login, export")
    monkeypatch.setenv("CHURN_BANDS", "0.1,0.2,0.5")
    assert read_settings() == from_file


def test_limits_of_freshness_are_by_table(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    written("[freshness_days]\nusage = 2")
    assert read_settings().freshness_days == {"usage": 2}
    monkeypatch.setenv("CHURN_FRESHNESS_DAYS", '{"usage": 3, "tickets": 7}')
    assert read_settings().freshness_days == {"usage": 3, "tickets": 7}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("horizn_days = 90", "horizn_days is not a setting: did you mean horizon_days?"),
        ("colour = 'red'", "colour is not a setting: they are home, history"),
        ("horizon_days = 'ninety'", "horizon_days: input should be a valid integer"),
        ("horizon_days = 'ninety'", "not 'ninety' (churn.toml or CHURN_HORIZON_DAYS)"),
        ("horizon_days = 0", "horizon_days: input should be greater than or equal to 1, not 0"),
        ("label = 'churned'", "label: input should be 'contract' or 'inactivity', not 'churned'"),
        ("usage_outside_subscription = 'drop'", "input should be 'keep' or 'set_aside'"),
        ("bands = [0.5, 0.2, 0.7]", "bands: should rise: medium, high, critical"),
        ("bands = [0.5, 0.7]", "bands.2: field required"),
        ("currency = 'dollars'", "currency: string should match pattern"),
        ("freshness_days = {usage = 0}", "freshness_days.usage: input should be greater than"),
        ("port = 70000", "port: input should be less than or equal to 65535"),
        ("capacity 50", "churn.toml is not TOML: "),
    ],
)
def test_a_wrong_setting_names_itself_and_what_it_may_be(
    line: str, says: str, written: Written
) -> None:
    written(line)
    with pytest.raises(SettingsError) as raised:
        read_settings()
    assert says in str(raised.value)


def test_every_wrong_setting_is_named_at_once(written: Written) -> None:
    written("port = 0\ncapacity = 0")
    with pytest.raises(SettingsError, match=r"capacity: .*; port: "):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CHURN_HORIZN_DAYS", "30", "did you mean CHURN_HORIZON_DAYS?"),
        ("CHURN_LABEL", "churned", "'contract' or 'inactivity'"),
        ("CHURN_FRESHNESS_DAYS", "{usage", "freshness_days"),
        ("CHURN_CONFIG", "nowhere.toml", "there is no file 'nowhere.toml'"),
    ],
)
def test_a_wrong_variable_names_itself(
    name: str, value: str, says: str, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        read_settings()
    assert says in str(raised.value)


def test_a_variable_that_is_like_no_setting_is_somebody_elses(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHURN_BUILD_NUMBER", "7")
    assert read_settings().port == 3000


def test_the_key_of_the_api_is_not_shown(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN_API_KEY", "open-sesame")
    settings = read_settings()
    assert "open-sesame" not in repr(settings)
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "open-sesame"


def test_a_wrong_key_of_the_api_is_not_shown_either(written: Written) -> None:
    written("api_key = 1234567")
    with pytest.raises(SettingsError) as raised:
        read_settings()
    assert "1234567" not in str(raised.value)


def test_settings_do_not_change_once_read(written: Written) -> None:
    settings = read_settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 80


def test_a_table_of_settings_replaces_only_what_it_names(written: Written) -> None:
    written("[booster]\nnum_leaves = 5\n[offer]\nincentive = 40")
    settings = read_settings()
    assert settings.booster.model_dump(exclude_none=True) == {"num_leaves": 5}
    assert (settings.offer.incentive, settings.offer.contact) == (40, 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("[booster]\nnum_leafs = 5", "booster.num_leafs is not a setting: did you mean num_leaves"),
        ("[booster]\nsubsample = 2", "booster.subsample: input should be less than or equal to 1"),
        ("[offer]\naccept = 0", "offer.accept: input should be greater than 0"),
    ],
)
def test_a_wrong_setting_in_a_table_names_itself(
    written: Written, given: str, message: str
) -> None:
    written(given)
    with pytest.raises(SettingsError, match=message):
        read_settings()
