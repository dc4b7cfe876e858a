"""A push, whatever the CRM: the circuit breaker, a kill, duplicates, locks, files, dry runs."""

import csv
import json
import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from features.errors import Busy, ContractError, SettingsError, SourceError, Unlikely
from features.settings import Settings
from serving.sinks.job import Job
from serving.sinks.plan import Plan
from serving.sinks.receipt import FOLDER, lines_of
from serving.sinks.tally import Pushed
from serving.sinks.vendors import Form, Vendor
from tests.serving.sinks.conftest import TODAY, Open, settings_at
from tests.serving.sinks.fakes.crm import TOKEN, Time
from tests.web.made_up import scored, write_run

CUSTOMERS = {f"c{number:03}": 0.2 for number in range(40)}


def test_a_push_is_held_when_too_many_customers_change_their_band(opened: Open):
    world = opened(Vendor.HUBSPOT)
    world.scores(CUSTOMERS)
    world.add([*CUSTOMERS])
    world.pushed()
    world.scores(CUSTOMERS | dict.fromkeys([*CUSTOMERS][:9], 0.9))
    with pytest.raises(Unlikely, match=r"9 of 40 customers \(22%\) would change their band"):
        world.pushed()
    assert set(world.crm.written.values()) == {1}
    pushed = world.pushed(allowed="new bands agreed on 1 Nov")
    assert pushed.tally.accepted == 9
    assert "new bands agreed on 1 Nov" in pushed.receipt.read_text()


def test_half_of_the_base_missing_from_a_run_is_such_a_change(opened: Open):
    world = opened(Vendor.HUBSPOT)
    world.scores(CUSTOMERS)
    world.add([*CUSTOMERS])
    world.pushed()
    world.scores(dict.fromkeys([*CUSTOMERS][:20], 0.2))
    with pytest.raises(Unlikely, match="20 of 40 customers"):
        world.pushed()


def test_a_customer_who_is_in_a_run_twice_stops_the_push_before_anything_is_sent(opened: Open):
    world = opened(Vendor.HUBSPOT)
    write_run(world.settings.scores, TODAY, [scored("ann", 0.2), scored("ann", 0.3)])
    with pytest.raises(ContractError, match="has ann more than once: nothing was sent"):
        world.pushed()
    assert not world.crm.asked


def test_a_dry_run_asks_nobody_and_shows_what_would_differ(opened: Open):
    world = opened(Vendor.HUBSPOT)
    world.scores({"ann": 0.2, "bob": 0.3})
    world.add(["ann", "bob"])
    world.pushed()
    world.scores({"ann": 0.2, "bob": 0.9, "eve": 0.1})
    world.crm.asked.clear()
    shown = world.job().shown(None, 20)
    assert (shown.plan.new, shown.plan.changed, shown.plan.unchanged) == (1, 1, 1)
    assert ("bob", "churn_band", "high", "critical") in shown.differences
    assert ("eve", "churn_band", None, "low") in shown.differences
    assert not world.crm.asked


def test_older_scores_are_not_written_over_newer_ones_unless_asked_for(opened: Open):
    world = opened(Vendor.HUBSPOT)
    world.scores({"ann": 0.2}, TODAY)
    world.add(["ann"])
    world.pushed()
    world.scores({"ann": 0.3}, TODAY - timedelta(days=7))
    (world.settings.scores / f"as_of={TODAY}" / "_SUCCESS").unlink()
    with pytest.raises(SettingsError, match=f"has those of {TODAY} already"):
        world.pushed()
    assert world.pushed(as_of=TODAY - timedelta(days=7)).tally.accepted == 1


def test_two_pushes_at_once_are_one_too_many(opened: Open):
    world = opened(Vendor.HUBSPOT)
    world.scores({"ann": 0.2})
    with world.job()._state(), pytest.raises(Busy, match="Another push to hubspot is running"):
        world.pushed()


@pytest.mark.parametrize("when", ["in the answer", "after the answer"])
def test_a_killed_push_is_resumed_and_nobody_is_lost_or_sent_twice(
    when: str, opened: Open, tmp_path: Path
):
    """SIGKILL while the third batch is being answered, and between two batches."""
    world = opened(Vendor.HUBSPOT)
    world.scores(CUSTOMERS)
    world.add([*CUSTOMERS])
    settings = {
        "CHURN_HOME": str(world.settings.home),
        "CHURN_HUBSPOT_URL": world.settings.hubspot_url,
        "CHURN_HUBSPOT_TOKEN": TOKEN,
        "CHURN_HUBSPOT_BATCH": "5",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHURN_")}
    command = [sys.executable, "-m", "churn", "push", "hubspot"]
    process = subprocess.Popen(command, env={**kept, **settings}, stderr=subprocess.PIPE)
    at, kill = {"in the answer": ("on_write", 3), "after the answer": ("on_ask", 8)}[when]

    def end(count: int) -> None:
        if count == kill and process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

    setattr(world.crm, at, end)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    before = dict(world.crm.written)
    assert len(before) == 15
    world.crm.on_write = world.crm.on_ask = lambda _: None
    tally = world.pushed(hubspot_batch=5).tally
    assert set(world.crm.written) == set(CUSTOMERS)
    twice = [customer for customer, count in world.crm.written.items() if count > 1]
    # Only the batch whose answer the dead process never read is sent again.
    assert len(twice) == (5 if when == "in the answer" else 0)
    assert tally.accepted == 40 - len(before) + len(twice)


def test_an_answer_that_only_the_receipt_knows_of_is_not_asked_for_again(opened: Open):
    world = opened(Vendor.HUBSPOT)
    world.scores(CUSTOMERS)
    world.add([*CUSTOMERS])
    receipt = world.pushed(hubspot_batch=10).receipt
    lines = receipt.read_bytes().splitlines(keepends=True)
    torn = b"".join(lines[:32]) + lines[32][:40]  # the head, 31 records, and a part of another
    receipt.write_bytes(torn)
    with world.job()._state() as state:
        state.database.execute("DELETE FROM accepted")
        state.tell(read=str(len(b"".join(lines[:11]))))
    tally = world.pushed().tally
    assert tally.unchanged == 21  # those after the tenth record, up to the torn line
    assert receipt.read_bytes() == b"".join(lines[:32])


def test_a_receipt_ends_with_counts_that_add_up(opened: Open):
    world = opened(Vendor.HUBSPOT)
    world.scores({**CUSTOMERS, " eve": 0.3})
    world.add([*CUSTOMERS][:30])
    pushed = world.pushed()
    end = json.loads(pushed.receipt.read_text().splitlines()[-1])
    assert end["customers"] == end["sent"] + end["unchanged"] + end["skipped"] + end["left"] == 41
    assert end["sent"] == end["accepted"] + end["rejected"] == 40
    assert (end["accepted"], end["skipped"]) == (30, 1)


def test_what_is_no_receipt_is_refused(opened: Open, tmp_path: Path):
    world = opened(Vendor.HUBSPOT)
    world.scores({"ann": 0.2})
    (tmp_path / "notes.txt").write_text("not a receipt\n")
    with pytest.raises(SourceError, match="cannot be read as a receipt"):
        world.pushed(retry=tmp_path / "notes.txt")


def files(tmp_path: Path, form: Form = Form.CSV) -> Job:
    return Job(Vendor.FILES, settings_at("", tmp_path), Time().clock, form=form)


def test_a_folder_gets_the_whole_base_of_a_run_as_one_file(tmp_path: Path):
    write_run(tmp_path / "scores", TODAY, [scored("ann", 0.2), scored("=1+1", 0.3)])
    assert isinstance(files(tmp_path).pushed(), Pushed)
    with (tmp_path / "pushes/files/scores-2026-11-01.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["churn_customer_id"] for row in rows] == ["'=1+1", "ann"]
    assert rows[1]["churn_days_to_renewal"] == "120"
    assert isinstance(files(tmp_path).pushed(), Plan)


def test_a_parquet_file_has_typed_columns_and_ids_as_they_are(tmp_path: Path):
    write_run(tmp_path / "scores", TODAY, [scored("=1+1", 0.3)])
    files(tmp_path, Form.PARQUET).pushed()
    (row,) = pq.read_table(tmp_path / "pushes/files/scores-2026-11-01.parquet").to_pylist()
    assert (row["churn_customer_id"], row["churn_renewal_date"]) == ("=1+1", date(2027, 3, 1))


def test_nothing_half_written_is_ever_in_the_folder(tmp_path: Path):
    write_run(tmp_path / "scores", TODAY, [scored("ann", 0.2)])
    files(tmp_path).pushed()
    found = {path.name for path in (tmp_path / "pushes/files").iterdir()}
    assert found == {FOLDER, "state.sqlite", ".lock", "scores-2026-11-01.csv"}


def test_without_scores_there_is_nothing_to_push(tmp_path: Path):
    with pytest.raises(SourceError, match="run churn score first"):
        files(tmp_path).pushed()


def test_without_a_token_the_setting_is_named(tmp_path: Path):
    write_run(tmp_path / "scores", TODAY, [scored("ann", 0.2)])
    job = Job(Vendor.HUBSPOT, Settings(home=tmp_path), Time().clock)
    with pytest.raises(SettingsError, match="CHURN_HUBSPOT_TOKEN"):
        job.pushed()


def test_a_receipt_holds_no_token(opened: Open):
    world = opened(Vendor.HUBSPOT)
    world.scores({"ann": 0.2})
    receipt = world.pushed(create=True).receipt
    assert TOKEN not in receipt.read_text()
    assert [line["customer_id"] for line in lines_of(receipt)] == ["ann"]
    assert TOKEN not in repr(world.settings.model_copy(update={"api_key": SecretStr("x")}))
