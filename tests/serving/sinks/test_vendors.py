"""What all CRMs have in common: each test is run against a fake of each, over real HTTP."""

from contextlib import closing
from datetime import date, timedelta

import pytest

from features.errors import AccessRefused, SinkError
from serving.sinks.plan import Plan
from serving.sinks.receipt import lines_of
from serving.sinks.vendors import Vendor
from tests.serving.sinks.conftest import TODAY, Open
from tests.serving.sinks.fakes.crm import Faults

CRMS = (Vendor.HUBSPOT, Vendor.SALESFORCE, Vendor.PIPEDRIVE)
every_crm = pytest.mark.parametrize("vendor", CRMS)
SOME = {f"c{number:03}": 0.05 + number / 1000 for number in range(60)}


@every_crm
def test_everybody_arrives_once_and_a_second_push_sends_nothing(vendor: Vendor, opened: Open):
    world = opened(vendor)
    world.scores(SOME)
    world.add([*SOME])
    tally = world.pushed().tally
    assert (tally.sent, tally.accepted, tally.created) == (60, 60, 0)
    assert set(world.crm.written) == set(SOME)
    asked = len(world.crm.asked)
    again = world.job().pushed()
    assert isinstance(again, Plan)
    assert again.unchanged == 60
    assert len(world.crm.asked) == asked


@every_crm
def test_only_who_changed_is_sent(vendor: Vendor, opened: Open):
    world = opened(vendor)
    world.scores(SOME)
    world.add([*SOME])
    world.pushed()
    world.crm.written.clear()
    world.scores({**SOME, "c007": 0.9})
    tally = world.pushed().tally
    assert dict(world.crm.written) == {"c007": 1}
    assert (tally.sent, tally.unchanged, tally.customers) == (1, 59, 60)


@every_crm
def test_what_has_not_changed_is_confirmed_once_a_week(vendor: Vendor, opened: Open):
    world = opened(vendor)
    world.scores({"ann": 0.2})
    world.add(["ann"])
    world.pushed()
    world.crm.time.seconds += timedelta(days=6).total_seconds()
    assert isinstance(world.job().pushed(), Plan)
    world.crm.time.seconds += timedelta(days=1).total_seconds()
    assert world.pushed().tally.accepted == 1


@every_crm
def test_setting_up_twice_makes_every_field_once(vendor: Vendor, opened: Open):
    world = opened(vendor, set_up=False)
    first = world.job().set_up()
    made = len(first.made)
    assert made >= 17
    second = world.job().set_up()
    assert (second.made, len(second.there)) == ((), made)


@every_crm
def test_without_its_fields_nothing_is_sent_and_setup_is_named(vendor: Vendor, opened: Open):
    world = opened(vendor, set_up=False)
    world.scores({"ann": 0.2})
    with pytest.raises(SinkError, match=f"churn push {vendor} --setup"):
        world.pushed()
    assert not world.crm.written


@every_crm
def test_a_customer_without_a_company_is_rejected_and_none_is_made(vendor: Vendor, opened: Open):
    world = opened(vendor)
    world.scores({"ann": 0.2, "bob": 0.3})
    world.add(["bob"])
    tally = world.pushed().tally
    assert (tally.accepted, tally.rejected) == (1, 1)
    assert set(world.crm.written) == {"bob"}
    (error,) = tally.errors
    assert "--create" in error


@every_crm
def test_a_company_is_made_only_when_asked_for_and_carries_its_name(vendor: Vendor, opened: Open):
    world = opened(vendor)
    world.scores({"ann": 0.2, "bob": 0.3})
    world.add(["bob"])
    tally = world.pushed(create=True).tally
    assert (tally.accepted, tally.created) == (2, 1)
    assert set(world.crm.written) == {"ann", "bob"}


@every_crm
def test_faults_of_network_and_server_lose_nobody_and_double_nobody(vendor: Vendor, opened: Open):
    faults = Faults(fail=0.1, drop_before=0.1, drop_after=0.1)
    world = opened(vendor, faults=faults)
    world.scores(SOME)
    tally = world.pushed(create=True, hubspot_batch=5).tally
    assert (tally.sent, tally.accepted, tally.left) == (60, 60, 0)
    assert set(world.crm.written) == set(SOME)
    kept = {Vendor.HUBSPOT: "companies", Vendor.SALESFORCE: "accounts"}
    assert len(getattr(world.crm, kept.get(vendor, "organizations"))) == 60


@pytest.mark.parametrize(
    ("vendor", "from_request"),
    [(Vendor.HUBSPOT, 4), (Vendor.SALESFORCE, 2), (Vendor.PIPEDRIVE, 5)],
)
def test_a_server_that_is_down_stops_the_push_and_the_next_one_goes_on(
    vendor: Vendor, from_request: int, opened: Open
):
    world = opened(vendor)
    world.scores(SOME)
    world.add([*SOME])
    world.crm.faults = Faults(at=dict.fromkeys(range(from_request, 999), "drop_before"))
    with pytest.raises(SinkError, match="goes on where it stopped"):
        world.pushed(hubspot_batch=5)
    world.crm.faults = Faults()
    world.pushed(hubspot_batch=5)
    assert set(world.crm.written) == set(SOME)


@pytest.mark.parametrize(
    ("vendor", "expires_after", "customers"),
    [(Vendor.HUBSPOT, 6, 60), (Vendor.SALESFORCE, 2, 450), (Vendor.PIPEDRIVE, 6, 60)],
)
def test_a_token_that_expires_stops_the_push_with_what_to_do(
    vendor: Vendor, expires_after: int, customers: int, opened: Open
):
    world = opened(vendor)
    everybody = {f"c{number:03}": 0.2 for number in range(customers)}
    world.scores(everybody)
    world.add([*everybody])
    world.crm.expires_after = expires_after
    with pytest.raises(AccessRefused, match="refuses the token"):
        world.pushed(hubspot_batch=5)
    before = sum(world.crm.written.values())
    assert before
    world.crm.expires_after = None
    tally = world.pushed(hubspot_batch=5).tally
    assert tally.accepted == customers - before
    assert set(world.crm.written.values()) == {1}


@every_crm
def test_a_receipt_says_of_every_record_what_became_of_it(vendor: Vendor, opened: Open):
    world = opened(vendor)
    world.scores({"ann": 0.2, "bob": 0.3, " eve": 0.4})
    world.add(["bob"])
    lines = {line["customer_id"]: line for line in lines_of(world.pushed().receipt)}
    said = {c: (line["sent"], line["accepted"]) for c, line in lines.items()}
    assert said == {"ann": (True, False), "bob": (True, True), " eve": (False, False)}
    assert lines["bob"]["crm_id"]
    assert lines["ann"]["error"]


@every_crm
def test_retrying_a_receipt_sends_only_those_that_failed(vendor: Vendor, opened: Open):
    world = opened(vendor)
    world.scores({"ann": 0.2, "bob": 0.3})
    world.add(["bob"])
    receipt = world.pushed().receipt
    world.add(["ann"])
    world.scores({"ann": 0.2, "bob": 0.9})
    tally = world.pushed(retry=receipt).tally
    assert (tally.sent, tally.accepted) == (1, 1)
    assert dict(world.crm.written) == {"ann": 1, "bob": 1}


@every_crm
def test_a_score_is_cleared_when_the_customer_is_gone(vendor: Vendor, opened: Open):
    world = opened(vendor)
    world.scores({"ann": 0.2, "bob": 0.3}, date(2026, 10, 25))
    world.add(["ann", "bob"])
    world.pushed()
    world.scores({"ann": 0.2}, TODAY)
    world.pushed()
    said = str(world.crm.of("bob"))
    assert "Not among the customers as of 2026-11-01" in said
    assert "0.3" not in said
    world.crm.written.clear()
    world.crm.time.seconds += timedelta(days=8).total_seconds()
    world.pushed()
    assert dict(world.crm.written) == {"ann": 1}


@every_crm
def test_a_token_is_in_no_url_and_in_no_representation(vendor: Vendor, opened: Open):
    world = opened(vendor)
    world.scores({"ann": 0.2})
    world.pushed(create=True)
    assert not [path for path in world.crm.asked if world.crm.token in path]
    assert world.crm.token not in repr(world.job())
    with closing(world.job()._sink(world.job().fields)) as sink:
        assert world.crm.token not in repr(sink)
