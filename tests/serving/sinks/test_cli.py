"""`churn push` as a person runs it: what it says, and how it ends."""

import json
from collections.abc import Callable

import pytest

import churn
from features.errors import ExitCode
from serving.sinks.vendors import Vendor
from tests.serving.sinks.conftest import Open, World
from tests.serving.sinks.fakes.crm import TOKEN

Ran = Callable[..., tuple[int, str, str]]


@pytest.fixture
def world(opened: Open, monkeypatch: pytest.MonkeyPatch) -> World:
    """HubSpot with a company for ann and bob, and settings in the environment."""
    found = opened(Vendor.HUBSPOT)
    found.scores({"ann": 0.2, "bob": 0.3})
    found.add(["ann", "bob"])
    monkeypatch.setenv("CHURN_HOME", str(found.settings.home))
    monkeypatch.setenv("CHURN_HUBSPOT_URL", found.settings.hubspot_url)
    monkeypatch.setenv("CHURN_HUBSPOT_TOKEN", TOKEN)
    return found


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str]) -> Ran:
    """Runs a command line: its exit code, what it said on stdout and on stderr."""

    def _ran(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            churn.main(["push", *arguments])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return _ran


def test_it_says_what_became_of_everybody_and_where_the_receipt_lies(world: World, ran: Ran):
    code, out, _ = ran("hubspot")
    assert code == ExitCode.OK
    assert "2 customers: 2 sent (2 accepted; 0 rejected), 0 unchanged, 0 skipped." in out
    assert "Receipt: " in out
    assert ran("hubspot")[1] == "hubspot: 2 customers: nothing changed, nothing was sent.\n"


def test_it_ends_with_5_and_the_command_to_try_again_when_records_were_rejected(world, ran: Ran):
    world.scores({"ann": 0.2, "eve": 0.3})
    code, out, _ = ran("hubspot")
    assert code == ExitCode.PARTIAL
    assert "1 x No company in HubSpot has this churn_customer_id" in out
    assert "churn push hubspot --retry-failed " in out


def test_a_wrong_token_is_one_line_without_the_token(world: World, ran: Ran):
    world.crm.token = "another"
    code, out, err = ran("hubspot")
    assert (code, out) == (ExitCode.ARGUMENTS, "")
    assert err.startswith("churn: HubSpot refuses the token (HTTP 401")
    assert TOKEN not in err


def test_json_is_for_machines(world: World, ran: Ran):
    said = json.loads(ran("hubspot", "--json")[1])
    assert (said["customers"], said["accepted"], said["left"]) == (2, 2, 0)


def test_a_dry_run_is_a_table_of_what_would_change(world: World, ran: Ran):
    ran("hubspot")
    world.scores({"ann": 0.9, "bob": 0.3})
    code, out, _ = ran("hubspot", "--dry-run")
    assert code == ExitCode.OK
    assert "nothing was sent: 2 customers, 0 new, 1 changed" in out
    assert [line for line in out.splitlines() if "churn_band" in line and "-> critical" in line]


def test_setup_says_what_it_made(world: World, ran: Ran):
    assert "hubspot: made none;" in ran("hubspot", "--setup")[1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("hubspot", "--setup", "--dry-run"), "ask for one"),
        (("hubspot", "--allow-shift", " "), "needs a reason"),
        (("hubspot", "--as-of", "2020-01-01"), "no scoring run as of 2020-01-01"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, says: str, world: World, ran: Ran):
    code, _, err = ran(*arguments)
    assert code in (ExitCode.ARGUMENTS, ExitCode.CONTRACT)
    assert says in err
